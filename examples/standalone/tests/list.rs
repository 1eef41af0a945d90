//! The server as its user meets it: built from this package alone, asked what it serves.
//! It must serve its own connector and no other, whatever else is built beside it.
//! How connectors behave is tested with the crates that hold the code.

use std::process::Command;

#[test]
fn serves_its_own_connector_and_no_other() {
    let output = Command::new(env!("CARGO_BIN_EXE_standalone-connector"))
        .arg("list")
        .output()
        .expect("the server runs");
    let stdout = String::from_utf8(output.stdout).expect("text");
    let rows: Vec<&str> = stdout.lines().skip(1).collect();
    assert!(output.status.success());
    assert_eq!(rows, ["File Sensor Connector  file_sensor (0)"]);
}

#[test]
fn stays_short_enough_to_copy() {
    let lines = include_str!("../src/main.rs").lines().count();
    assert!(lines < 40, "src/main.rs has {lines} lines");
}
