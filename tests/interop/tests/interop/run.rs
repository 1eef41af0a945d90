//! `connector-server run --connect` against the official `c0`: a Python service is driven like any other.
//! Its connectors have no idempotency, which `--twice` must notice.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use interop_tests::peer::{Server, binary};
use interop_tests::venv::Venv;
use serde_json::{Value, json};

/// Runs tasks on the official service; nothing if it cannot be had here.
fn on_python(runs: &[&[&str]]) -> Option<Vec<Output>> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let venv = Venv::official_sdk(target, "`run` against the official service")?;
    let server = Server::python(&venv).unwrap_or_else(|error| panic!("{error}"));
    let binary = binary(target).unwrap_or_else(|error| panic!("{error}"));
    let run = |args: &&[&str]| {
        let mut command = Command::new(&binary);
        command.arg("run").args(*args).args(["--connect", server.address()]);
        command.stdin(Stdio::null()).output().unwrap()
    };
    Some(runs.iter().map(run).collect())
}

#[test]
fn a_python_service_is_driven_like_any_other() {
    let batch = ["batch_job", "--config", "duration_seconds=0.5", "--interval", "100ms"];
    let Some(ran) = on_python(&[
        &[&batch[..], &["--logs"]].concat(),
        &[&batch[..], &["--twice"]].concat(),
        &["echo", "--input", "a=5", "--input", "b=x", "--input", "c=1.5"],
        &["batch_job", "--config", "duration_seconds=-1"],
        &["typed_echo"],
    ]) else {
        return;
    };
    let [runs, repeated, echoed, refused, unserved] = &ran[..] else { panic!("{ran:?}") };
    let told = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let outputs = |output: &Output| -> Value { serde_json::from_slice(&output.stdout).unwrap() };

    assert_eq!(runs.status.code(), Some(0), "{}", told(runs));
    assert!(outputs(runs)["result"].as_str().unwrap().starts_with("output-from-"));
    for words in ["RUNNING  job", "SUCCEEDED  job", "https://batch.example.com", "log: job"] {
        assert!(told(runs).contains(words), "{words} is not in: {}", told(runs));
    }

    assert_eq!(repeated.status.code(), Some(1), "{}", told(repeated));
    assert!(told(repeated).contains("named different jobs"), "{}", told(repeated));
    assert!(outputs(repeated)["result"].is_string(), "the first job goes on all the same");

    assert_eq!(echoed.status.code(), Some(0), "{}", told(echoed));
    assert_eq!(outputs(echoed), json!({"a": 5, "b": "x", "c": 1.5}));

    assert_eq!(refused.status.code(), Some(1));
    assert!(told(refused).contains("must be 0 or more"), "{}", told(refused));

    assert_eq!(unserved.status.code(), Some(2));
    assert!(told(unserved).contains("batch_job@0, echo@0"), "{}", told(unserved));
}
