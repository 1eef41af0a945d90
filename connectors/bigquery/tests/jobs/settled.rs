//! An insert that BigQuery may have taken, and nobody has heard of: it is asked about until it is known, and
//! its job is adopted. `tests/chaos` has what becomes of it where nobody waits for it any more.

use std::time::Duration;

use super::vendor::{FakeBigQuery, refusal};
use super::{STATEMENT, harness, query};

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
    fake.books().refusals =
        [vec![refusal(409, "duplicate", "Already Exists: Job p:europe-west3.x")], outage(20)]
            .concat();
    job.create_again().await.unwrap();
    assert_eq!(fake.books().jobs.len(), 1);
    // What nobody has taken is given up after five times.
    fake.asked();
    fake.books().refusals = outage(20);
    let error = google.create(&query(&fake, STATEMENT)).await.unwrap_err();
    assert_eq!(error.kind().as_str(), "transient", "{error}");
    assert_eq!(fake.asked().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_late_is_no_second_job() {
    let fake = FakeBigQuery::new();
    let google = harness(&fake);
    // Signed in, so that only the insert is slow.
    google.create(&query(&fake, STATEMENT)).await.unwrap();
    fake.books().delay = Duration::from_secs(40);
    let job = query(&fake, STATEMENT);
    let creating = google.create(&job);
    let on_time = async {
        tokio::time::sleep(Duration::from_secs(100)).await;
        fake.books().delay = Duration::ZERO;
    };
    let (created, ()) = tokio::join!(creating, on_time);
    created.unwrap();
    assert_eq!(fake.books().jobs.len(), 2, "one for each create");
    assert!(fake.asked().len() > 4, "it was slow more than once");
}

#[tokio::test(start_paused = true)]
async fn what_a_proxy_says_cancels_nothing() {
    let fake = FakeBigQuery::new();
    let google = harness(&fake);
    let job = google.create(&query(&fake, STATEMENT)).await.unwrap();
    fake.asked();
    fake.books().refusals = vec![(200, "Sign in at https://portal.example first".to_owned())];
    let error = job.delete().await.unwrap_err();
    assert_eq!(error.kind().as_str(), "transient", "{error}");
    assert_eq!(fake.asked().len(), 1);
    job.delete().await.unwrap();
    assert!(fake.books().jobs[0].is_cancelled);
}
