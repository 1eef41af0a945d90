//! `check` of a binary with a connector that cannot start: a server would leave it out, a check fails.

use std::process::{Command, Stdio};

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
