//! Runs the Go test program and reads what each of its tests reports.
//! The test in `tests/` calls it once; every Go test and subtest becomes one case.
//! What a case ought to say is the business of the Go test.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// How one Go test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It found what it expects.
    Passed,
    /// It found something else.
    Failed,
    /// It did not look.
    Skipped,
}

/// All that one run of the test program reported.
#[derive(Debug)]
pub struct Report {
    /// Every finished test and subtest by name, with its outcome.
    pub cases: BTreeMap<String, Outcome>,
    /// The tests that the program has, whether or not they finished.
    pub listed: Vec<String>,
    /// Everything the program printed.
    pub text: String,
    /// Whether the program itself says that all is well.
    pub success: bool,
}

/// Runs all tests of the program against the server at `endpoint`. `secret` is the value that one of
/// the tests hands to a connector that tries to leak it.
///
/// # Panics
/// If the program cannot be started.
#[must_use]
pub fn run(program: &Path, endpoint: &str, secret: &str) -> Report {
    let command = || {
        let mut command = Command::new(program);
        command
            .env("CONNECTOR_ENDPOINT", endpoint)
            .env("EXECUTOR_SECRET", secret)
            .env("EXECUTOR_LOG", program.with_extension("log"))
            .env("GOMAXPROCS", "2")
            .stdin(Stdio::null());
        command
    };
    let listed = command().arg("-test.list=.").output().unwrap();
    // All at once: they wait for the executor's clocks, which are slow, and hardly ever compute.
    let output = command()
        .args(["-test.v", "-test.parallel=100", "-test.timeout=5m"])
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Report {
        cases: text.lines().filter_map(read_case).collect(),
        listed: String::from_utf8_lossy(&listed.stdout)
            .lines()
            .filter(|line| line.starts_with("Test"))
            .map(str::to_owned)
            .collect(),
        text,
        success: output.status.success(),
    }
}

/// Reads `--- PASS: TestName/part (1.20s)`, which is indented for a subtest.
fn read_case(line: &str) -> Option<(String, Outcome)> {
    let (outcome, rest) = line.trim_start().strip_prefix("--- ")?.split_once(": ")?;
    let outcome = match outcome {
        "PASS" => Outcome::Passed,
        "FAIL" => Outcome::Failed,
        "SKIP" => Outcome::Skipped,
        _ => return None,
    };
    Some((rest.split_once(" (").map_or(rest, |(name, _)| name).to_owned(), outcome))
}

#[cfg(test)]
mod tests {
    use super::{Outcome, read_case};

    #[test]
    fn cases_are_read_from_what_go_prints() {
        let read = read_case;
        assert_eq!(read("--- PASS: TestA (0.00s)"), Some(("TestA".to_owned(), Outcome::Passed)));
        assert_eq!(
            read("    --- FAIL: TestA/no_file (5.27s)"),
            Some(("TestA/no_file".to_owned(), Outcome::Failed))
        );
        assert_eq!(read("--- SKIP: TestB (0.00s)"), Some(("TestB".to_owned(), Outcome::Skipped)));
        assert_eq!(read("=== RUN   TestA"), None);
    }
}
