//! An insert that BigQuery may have taken, and nobody has heard of: it is asked about until it is known, and
//! its job is adopted, or cancelled where nobody waits for it any more.

use std::time::Duration;

use connector_core::Registry;
use connector_core::prelude::*;
use connector_testing::{FakeExecutor, InProcess, Trouble};

use super::vendor::{FakeBigQuery, refusal};
use super::{STATEMENT, connector, harness, query};

/// More of them than an insert is tried that nobody has taken.
fn outage(calls: usize) -> Vec<(u16, String)> {
    vec![refusal(503, "backendError", "try again later"); calls]
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_looked_for_until_it_is_there() {
    let fake = FakeBigQuery::new();
    let google = harness(&fake);
    fake.books().cut = true;
    fake.books().refusals = outage(20);
    let job = google.create(&query(&fake, STATEMENT)).await.unwrap();
    assert_eq!(fake.books().jobs.len(), 1);
    job.get().await.unwrap();
    // That the id is taken is known, and where the job stands is not.
    fake.books().refusals = [vec![refusal(409, "duplicate", "Already Exists: Job p:europe-west3.x")], outage(20)].concat();
    job.create_again().await.unwrap();
    assert_eq!(fake.books().jobs.len(), 1);
    // What nobody has taken is given up after five times.
    fake.asked();
    fake.books().refusals = outage(20);
    let error = google.create(&query(&fake, STATEMENT)).await.unwrap_err();
    assert_eq!(error.kind().as_str(), "transient", "{error}");
    assert_eq!(fake.asked().len(), 5);
}

/// The executor leaves after a second, and the task is aborted, while the insert is under way: BigQuery
/// takes it, and its answer is cut off, or later than anybody waits.
async fn abandoned(fake: &FakeBigQuery) {
    let registry = Registry::builder().register(connector(fake, &Settings::default()));
    let executor = FakeExecutor::new(InProcess::serve(registry.build().await.unwrap()).channel());
    let trouble = Trouble {
        create_deadlines: vec![Duration::from_secs(1)],
        abort_after: Some(Duration::from_secs(2)),
        ..Trouble::default()
    };
    executor.run_with(&query(fake, STATEMENT), &trouble).await;
    tokio::time::sleep(Duration::from_secs(35)).await;
    fake.books().delay = Duration::ZERO;
    tokio::time::sleep(Duration::from_secs(600)).await;
    let report = executor.report_with(fake).await;
    assert!(report.is_clean(), "{report}");
    let books = fake.books();
    assert!(books.jobs.len() == 1 && books.jobs[0].is_cancelled, "{:?}", books.jobs);
}

#[tokio::test(start_paused = true)]
async fn a_cut_answer_to_an_abandoned_task_leaves_no_job_behind() {
    let fake = FakeBigQuery::new();
    fake.books().cut = true;
    fake.books().refusals = outage(12);
    abandoned(&fake).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_late_leaves_no_job_behind() {
    let fake = FakeBigQuery::new();
    fake.books().delay = Duration::from_secs(40);
    abandoned(&fake).await;
}
