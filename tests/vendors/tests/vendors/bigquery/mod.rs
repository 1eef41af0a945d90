//! BigQuery: `flyteplugins-bigquery` under `c0` and the binary, each driven by the same script.

mod engine;
mod intended;
mod machine;
mod script;

use std::path::Path;

use interop_tests::differential::{complaints, differences};
use interop_tests::peer::{self, Server};
use vendor_tests::bigquery::BigQuery;
use vendor_tests::fake::Fake;
use vendor_tests::official;
use vendor_tests::requests::Requests;
use vendor_tests::side::Side;

#[tokio::test(flavor = "multi_thread")]
async fn the_official_connector_and_ours_ask_and_answer_alike() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let Some(venv) = official(target, "BigQuery's differential test") else { return };
    let requests = Requests::made(&venv, "bigquery_tasks");

    let fake = Fake::open(BigQuery::default());
    let url = fake.url();
    let theirs = Server::official(&venv, &[("BIGQUERY_EMULATOR_HOST", &url)]);
    let mut theirs = Side::of(theirs.unwrap_or_else(|error| panic!("{error}")), &fake).await;
    let binary = peer::binary(target).unwrap_or_else(|error| panic!("{error}"));
    let ours = Server::with(&binary, &[("BIGQUERY_API_ENDPOINT", &url)]);
    let mut ours = Side::of(ours.unwrap_or_else(|error| panic!("{error}")), &fake).await;

    let secrets = script::secrets(&fake);
    script::run(&mut theirs, &requests, &secrets).await;
    script::run(&mut ours, &requests, &secrets).await;
    script::across(&mut theirs, &mut ours, &requests, &secrets).await;

    let (theirs, _) = theirs.into_transcript();
    let (ours, jobs) = ours.into_transcript();
    for job in &jobs {
        assert_eq!(job.len(), 64, "it comes from the attempt's key: {job}");
    }
    let found = differences(&ours, &theirs).unwrap_or_else(|error| panic!("{error}"));
    let complaints = complaints(&found, intended::TABLE);
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}
