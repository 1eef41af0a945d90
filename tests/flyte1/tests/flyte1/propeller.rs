//! Propeller's own connector plug-in, built from its Go modules, against the server.
//! Needs Go and a module proxy; the cases themselves are the Go tests in `go/`.

use std::path::Path;

use conformance_tests::Setup;
use executor_tests::module::{Absent, build_module};
use executor_tests::report::{Outcome, run};
use interop_tests::absent::{missing, say, skipped};

#[tokio::test(flavor = "multi_thread")]
async fn propellers_own_plug_in_runs_tasks_through_the_server() {
    let what = "propeller's own plug-in";
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("go");
    let built =
        tokio::task::spawn_blocking(move || build_module(crate::target(), "propeller", &module));
    let program = match built.await.unwrap() {
        Ok(program) => program,
        Err(Absent::Here(why)) => return missing(what, &why),
        Err(Absent::Refused(why)) => return skipped(what, &why),
    };
    // Polls that fail are told at once: propeller comes again.
    let server = Setup::default().policy("RETRY_FOR", "0").start().await;
    let address = server.grpc.to_string();
    let report = tokio::task::spawn_blocking(move || run(&program, &address, "")).await.unwrap();
    for (name, outcome) in &report.cases {
        say(&format!("propeller: {outcome:?} {name}"));
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
    assert!(report.listed.len() >= 11, "only {} tests were there", report.listed.len());
    server.stop().await;
}
