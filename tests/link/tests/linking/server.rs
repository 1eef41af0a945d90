//! A server binary run to its end, and the two cases that hold in debug and in release.
//! `debug` and `release` use it.
//! How a binary is built is their business.

use std::path::Path;
use std::process::Command;

/// What a binary printed, and its exit code; `None` if a signal ended it.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl Ended {
    /// The table of connectors without its headings.
    pub(crate) fn rows(&self) -> Vec<&str> {
        self.stdout.lines().skip(1).collect()
    }
}

/// Runs a binary. Settings of the outside environment do not reach it.
pub(crate) fn run(binary: &Path, arguments: &[&str]) -> Ended {
    let output = Command::new(binary).args(arguments).env_clear().output();
    match output {
        Ok(output) => Ended {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code(),
        },
        Err(error) => Ended {
            stdout: String::new(),
            stderr: format!("{} does not start: {error}", binary.display()),
            code: None,
        },
    }
}

/// Lets a binary serve on free ports, and end at once.
pub(crate) fn serve(binary: &Path, more: &[&str]) -> Ended {
    let serve = ["serve", "--host", "127.0.0.1", "--timeout", "0"];
    let ports = ["--port", "0", "--prometheus-port", "0"];
    run(binary, &[&serve[..], &ports, more].concat())
}

/// The binary that names both crates lists both connectors, and serves them.
pub(crate) fn check_linked(binary: &Path) {
    let rows = ["Link A Connector  link_a (1)", "Link B Connector  link_b (2)"];
    let listed = run(binary, &["list"]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    assert_eq!(listed.rows(), rows);
    let served = serve(binary, &["--expect", "link_a@1,link_b@2"]);
    assert_eq!(served.code, Some(0), "{served:?}");
    for line in rows.into_iter().chain(["gRPC      http://127.0.0.1:"]) {
        let printed = served.stdout.lines().any(|printed| printed.starts_with(line));
        assert!(printed, "{line:?} is missing: {served:?}");
    }
}

/// The binary that names no crate serves nothing, and prints the line that is missing from it.
pub(crate) fn check_unlinked(binary: &Path) {
    let refusals =
        [run(binary, &["list"]), serve(binary, &[]), serve(binary, &["--expect", "link_a"])];
    for refused in refusals {
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert_eq!(refused.stdout, "", "refused too late");
        let first_line =
            "error: no connector is linked into this binary, so there is nothing to serve";
        assert_eq!(refused.stderr.lines().next(), Some(first_line));
        for line in ["use my_connectors as _;", "connector_service::main!(my_connectors);"] {
            let printed = refused.stderr.lines().any(|printed| printed.trim() == line);
            assert!(printed, "{line:?} is missing: {refused:?}");
        }
    }
}
