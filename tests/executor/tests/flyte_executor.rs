//! Flyte's own executor, built from its Go module, against the running binary.
//! Needs Go and a module proxy that has the executor; the cases themselves are the Go tests in `go/`.

use std::path::Path;

use executor_tests::module::{Absent, build};
use executor_tests::report::{Outcome, run};
use interop_tests::absent::{missing, say, skipped};
use interop_tests::peer::Server;

/// Handed to a connector that tries to leak it; unlike anything the server prints by itself.
const SECRET: &str = "k9-never-print-this-q7";

#[test]
fn flytes_own_executor_runs_tasks_through_the_server() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let what = "Flyte's own executor";
    let program = match build(target) {
        Ok(program) => program,
        Err(Absent::Here(why)) => return missing(what, &why),
        Err(Absent::Refused(why)) => return skipped(what, &why),
    };
    let server = Server::rust(target).unwrap();
    let report = run(&program, server.address(), SECRET);

    for (name, outcome) in &report.cases {
        say(&format!("executor: {outcome:?} {name}"));
    }
    let unfinished: Vec<_> =
        report.listed.iter().filter(|name| !report.cases.contains_key(*name)).collect();
    let bad: Vec<_> =
        report.cases.iter().filter(|(_, outcome)| **outcome != Outcome::Passed).collect();
    assert!(
        report.success && unfinished.is_empty() && bad.is_empty(),
        "not passed: {bad:?}; not finished: {unfinished:?}; it printed:\n{}",
        report.text
    );
    assert!(report.listed.len() > 30, "only {} tests were there", report.listed.len());
    let printed = server.output();
    assert!(!printed.contains(SECRET), "the server printed a secret:\n{printed}");
}
