//! The binary, started as a process that serves, and the address it says it serves at.
//! Tests of other commands and of the server as a whole use it; what they ask it is theirs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Starts the binary on free ports of this machine, and waits until it serves: the process, and the
/// URL of its gRPC port. `adapt` has the last word about the command.
pub(crate) fn start(adapt: impl FnOnce(&mut Command) -> &mut Command) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector-server"));
    command.args(["--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"]);
    let mut child = adapt(command.stdout(Stdio::piped())).spawn().unwrap();
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let url = lines
        .map(Result::unwrap)
        .find_map(|line| line.strip_prefix("gRPC ").map(|url| url.trim().to_owned()))
        .unwrap();
    (child, url)
}
