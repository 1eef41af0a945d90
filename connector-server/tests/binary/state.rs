//! `--state` and the command `state`, from outside: what survives SIGKILL, what is listed, and how a start goes
//! on or ends without its database.

use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use connector_core::pb as core_pb;
use connector_service::pb;
use serde_json::{Value, json};

use crate::serving::{page, simulated, start_with_metrics, tasks};

const SECRET: &str = "hunter2";

/// `connector-server state …` on that file.
fn state(file: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector-server"));
    command.env("CONNECTOR_STATE", format!("sqlite:{}", file.display()));
    command.arg("state").args(arguments).output().unwrap()
}

fn listed(file: &Path) -> Vec<Value> {
    let output = state(file, &["--format", "json"]);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn serve(file: &Path) -> (Child, String, String) {
    start_with_metrics(|command| command.arg("--state").arg(format!("sqlite:{}", file.display())))
}

/// The first attempt of a task of the simulator, as Flyte names it.
fn create(custom: Value) -> pb::CreateTaskRequest {
    let node = core_pb::NodeExecutionIdentifier {
        node_id: "n0".to_owned(),
        execution_id: Some(core_pb::WorkflowExecutionIdentifier {
            project: "p".to_owned(),
            domain: "d".to_owned(),
            name: "run".to_owned(),
            ..Default::default()
        }),
    };
    let execution =
        core_pb::TaskExecutionIdentifier { node_execution_id: Some(node), ..Default::default() };
    pb::CreateTaskRequest {
        task_execution_metadata: Some(Box::new(pb::TaskExecutionMetadata {
            task_execution_id: Some(execution),
            ..Default::default()
        })),
        ..simulated(custom)
    }
}

#[tokio::test]
async fn an_answer_survives_the_process_and_is_listed_cancelled_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let (mut first, url, metrics) = serve(&file);
    assert!(page(&metrics).contains("connector_state_up 1"));
    let request = create(json!({"phases": ["RUNNING"]}));
    let mut client = tasks(&url).await;
    let answer = client.create_task(request.clone()).await.unwrap().into_inner();
    first.kill().unwrap();
    first.wait().unwrap();

    let rows = listed(&file);
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((&row["status"], &row["task_type"]), (&json!("answered"), &json!("simulator")));
    // Nobody has asked about its job, which is in doubt by then.
    assert!(row["owner"].is_string() && row["due"].is_string() && row["run"] == "run", "{row}");
    let key = row["key"].as_str().unwrap();
    let table = String::from_utf8(state(&file, &[]).stdout).unwrap();
    assert!(table.starts_with("Key") && table.contains(key), "{table}");

    let (mut second, url, _) = serve(&file);
    let mut client = tasks(&url).await;
    let again = client.create_task(request).await.unwrap().into_inner();
    assert_eq!(again.resource_meta, answer.resource_meta, "the job of the process that was killed");

    let cancelled = state(&file, &["cancel", key]);
    assert!(cancelled.status.success(), "{cancelled:?}");
    // The server takes it; to the simulator of the second process the job is unknown, and so is gone.
    let limit = Instant::now() + Duration::from_secs(60);
    while !listed(&file).is_empty() {
        assert!(Instant::now() < limit, "{:?}", listed(&file));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for action in ["cancel", "forget"] {
        let output = state(&file, &[action, key]);
        assert_eq!(output.status.code(), Some(5), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(key), "{output:?}");
    }
    second.kill().unwrap();
    second.wait().unwrap();
}

#[test]
fn memory_has_nothing_to_read_and_a_database_that_is_away_has_its_own_exit_code() {
    let run = |state: &str, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_connector-server"));
        command.env("CONNECTOR_STATE", state).args(arguments).output().unwrap()
    };
    let memory = run("memory", &["state"]);
    let said = String::from_utf8_lossy(&memory.stderr);
    assert_eq!(memory.status.code(), Some(1));
    assert!(said.lines().count() == 1 && said.contains("no state to read"), "{said}");
    let away = format!("postgres://u:{SECRET}@127.0.0.1:1/x");
    let unreachable = run(&away, &["state"]);
    assert_eq!(unreachable.status.code(), Some(4), "{unreachable:?}");
    let wrong = run(&format!("postgres://u:{SECRET}@h/x?{SECRET}"), &["state"]);
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    let printed = run(&away, &["--print-config"]);
    let config = String::from_utf8_lossy(&printed.stdout);
    assert!(config.contains("postgres://u:***@127.0.0.1:1/x"), "{config}");
    let help = run(&away, &["--help"]);
    for output in [unreachable, wrong, printed, help] {
        let texts = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8_lossy(&texts).contains(SECRET));
    }
}

#[test]
fn a_start_without_its_database_goes_on_and_says_so_unless_it_is_required() {
    // Bound and never answered: as a machine that is gone.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let away = format!("postgres://u@127.0.0.1:{}/x", silent.local_addr().unwrap().port());
    let (mut child, _url, metrics) = start_with_metrics(|command| {
        command.env("CONNECTOR_STATE", &away).env("PGPASSWORD", SECRET).stderr(Stdio::piped())
    });
    let metrics = page(&metrics);
    assert!(metrics.contains("connector_state_up 0"), "{metrics}");
    let seen = ["cmdline", "environ"].map(|what| {
        String::from_utf8_lossy(
            &std::fs::read(format!("/proc/{}/{what}", child.id())).unwrap_or_default(),
        )
        .into_owned()
    });
    assert!(!seen[0].contains(SECRET), "in the list of processes: {}", seen[0]);
    child.kill().unwrap();
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    child.wait().unwrap();
    assert_eq!(log.matches("is away").count(), 1, "{log}");
    assert!(!log.contains(SECRET) && !metrics.contains(SECRET), "{log}");

    let begun = Instant::now();
    let mut required = Command::new(env!("CARGO_BIN_EXE_connector-server"));
    required.args([
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--prometheus-port",
        "0",
        "--state-required",
    ]);
    let required = required.env("CONNECTOR_STATE", &away).output().unwrap();
    let said = String::from_utf8_lossy(&required.stderr);
    assert_eq!(required.status.code(), Some(4), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let complaint: Vec<&str> = said.lines().filter(|line| line.contains("error: ")).collect();
    assert!(complaint.len() == 1 && complaint[0].contains("127.0.0.1"), "{said}");
}
