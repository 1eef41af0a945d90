//! A binary with a connector that cannot start: a server would leave it out, `check` fails, and commands about
//! types know it as any other.

use std::process::{Command, Stdio};

use serde_json::Value;

/// What a command printed, if it succeeded.
fn printed(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes"));
    let output = command.args(args).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn commands_about_types_start_no_connector() {
    let described = printed(&["describe", "broken"]);
    assert!(described.starts_with("Broken: broken (0)\n"), "{described}");
    let module = printed(&["python", "broken"]);
    assert!(module.contains("broken"), "{module}");
    let listed: Value = serde_json::from_str(&printed(&["list", "--format", "json"])).unwrap();
    let broken = listed.as_array().unwrap().iter().find(|it| it["task_type"] == "broken").unwrap();
    assert_eq!((&broken["name"], &broken["version"]), (&"Broken".into(), &0.into()));
    // For people the list says who does not start, and so starts all.
    assert!(printed(&["list"]).contains("NOT SERVED: the setting `endpoint` is missing"));
}

#[test]
fn a_sync_connector_is_described_listed_and_run_as_any_other() {
    let described = printed(&["describe", "sync_echo"]);
    assert!(described.contains("\nits tasks are done within one call\n"), "{described}");
    let schema: Value =
        serde_json::from_str(&printed(&["describe", "sync_echo", "--json"])).unwrap();
    assert_eq!(schema["x-flyte-task"]["sync"], true);
    let listed: Value = serde_json::from_str(&printed(&["list", "--format", "json"])).unwrap();
    let sync = listed.as_array().unwrap().iter().filter(|it| it["sync"] == true);
    assert_eq!(sync.map(|it| &it["task_type"]).collect::<Vec<_>>(), ["sync_echo"]);
    // Locally it takes the way of a job: created, polled once, done.
    let outputs: Value =
        serde_json::from_str(&printed(&["run", "sync_echo", "--input", "n=5"])).unwrap();
    assert_eq!(outputs, serde_json::json!({"n": 5}));
    assert!(printed(&["python", "sync_echo"]).contains("sync_echo"));
}

#[test]
fn it_is_told_what_becomes_of_a_create_whose_server_dies() {
    let described = printed(&["describe", "broken"]);
    assert!(described.contains("\na create whose server dies over it\n  neither: "), "{described}");
    let schema: Value = serde_json::from_str(&printed(&["describe", "broken", "--json"])).unwrap();
    assert_eq!(schema["x-flyte-task"]["recovery"], "neither");
    let listed: Value = serde_json::from_str(&printed(&["list", "--format", "json"])).unwrap();
    assert!(listed.as_array().unwrap().iter().all(|it| it["recovery"] == "neither"), "{listed}");
}

#[test]
fn a_connector_that_does_not_start_fails_the_check() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes"));
    let output = command.arg("check").stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stdout.is_empty(), "nothing is shown as if it were served");
    assert!(said.contains("error: Broken does not start: "), "{said}");
    assert!(said.contains("probe.rs:"), "{said}");
}
