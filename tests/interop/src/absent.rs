//! What a test says when the peer it needs is not to be had on this machine.
//! `venv.rs` uses it for Python, the package `executor-tests` for Go.
//! How a peer is looked for is told where that is done, not here.

use std::fmt::Display;
use std::io::{self, Write as _};

/// Says that `what` cannot be tested, and why, in one line that also shows for a test that passes.
///
/// # Panics
/// Under `CI=true`, where a peer that is missing means that nothing was tested.
pub fn missing(what: &str, why: &dyn Display) {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!ci, "{what}: this is a CI run, which must not go without it: {why}");
    skipped(what, why);
}

/// Says that `what` is not tested, and why, in one line that also shows for a test that passes. For
/// what no machine could be given; for what this one lacks, see [`missing`].
///
/// # Panics
/// If standard error is gone.
pub fn skipped(what: &str, why: &dyn Display) {
    let text = why.to_string();
    let line = text.lines().map(str::trim).collect::<Vec<_>>().join(" | ");
    say(&format!("skipped: {what}: {line}"));
}

/// Prints a line past the test runner, which hides what a passing test prints through `eprintln!`.
///
/// # Panics
/// If standard error is gone.
pub fn say(line: &str) {
    if let Err(error) = writeln!(io::stderr(), "{line}") {
        panic!("standard error is gone: {error}");
    }
}
