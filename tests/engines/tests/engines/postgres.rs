//! PostgreSQL with the task class that users get for it: from Python over the binary to the database and back. What the
//! connector itself does is tested beside it, on the same PostgreSQL.

use std::path::Path;
use std::process::Command;

use engine_tests::server::Server;
use engine_tests::target;
use interop_tests::peer::binary;
use interop_tests::venv::Venv;
use postgres_tests::{Engine, PASSWORD};
use serde_json::Value;

fn stdout(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaint}");
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test]
async fn the_generated_class_runs_statements() {
    let Some(engine) = Engine::shared() else { return };
    let Some(venv) = Venv::official_sdk(&target(), "the class of `postgres_sql`") else { return };
    let server = Server::start(&[]);
    let folder = tempfile::tempdir().expect("a folder");
    let mut generator = Command::new(binary(&target()).unwrap_or_else(|error| panic!("{error}")));
    let module = folder.path().join("postgres_sql_task.py");
    stdout(generator.args(["python", "postgres_sql", "--output"]).arg(module));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres/run_tasks.py");
    let told = stdout(
        venv.command("python")
            .arg(script)
            .arg(engine.port().to_string())
            .env("PYTHONPATH", folder.path())
            .env("FLYTE_CONNECTOR_ADDRESS", server.program().grpc.trim_start_matches("http://"))
            .env("PG_PASSWORD", PASSWORD)
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1"),
    );
    let told: Value = serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"));
    assert_eq!(told["query"]["rows"], 3, "{told}");
    let table = told["query"]["table"].as_str().unwrap_or_default();
    assert!(table.starts_with("flyte_"), "{told}");
    assert_eq!(told["again"]["rows"], 1, "a value of an input is a value, in that table: {told}");
    assert_eq!(told["wrong"]["error"], "PermanentFailure", "{told}");
    let text = told["wrong"]["text"].as_str().unwrap_or_default();
    assert!(text.contains("in line 2, column 3: column \"nothing\" does not exist"), "{told}");
    assert!(!told.to_string().contains(PASSWORD), "{told}");
}
