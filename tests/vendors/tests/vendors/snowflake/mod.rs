//! Snowflake: `flyteplugins-snowflake` under `c0` and the binary, each driven by the same script.

mod intended;
mod script;

use std::path::Path;

use interop_tests::differential::{complaints, differences};
use interop_tests::peer::{self, Server};
use vendor_tests::fake::Fake;
use vendor_tests::official;
use vendor_tests::requests::Requests;
use vendor_tests::side::Side;
use vendor_tests::snowflake::Snowflake;

#[tokio::test(flavor = "multi_thread")]
async fn the_official_connector_and_ours_ask_and_answer_alike() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let Some(venv) = official(target, "Snowflake's differential test") else { return };
    let requests = Requests::made(&venv, "snowflake_tasks");

    // Both find the fake by `connection_kwargs`, as tasks name a private endpoint.
    let fake = Fake::open(Snowflake::default());
    // It would ask three clouds whether it runs there, at every login.
    let theirs = Server::official(&venv, &[("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")]);
    let mut theirs = Side::of(theirs.unwrap_or_else(|error| panic!("{error}")), &fake).await;
    let binary = peer::binary(target).unwrap_or_else(|error| panic!("{error}"));
    let ours = Server::with(&binary, &[]);
    let mut ours = Side::of(ours.unwrap_or_else(|error| panic!("{error}")), &fake).await;

    script::run(&mut theirs, &requests, &fake.url()).await;
    script::run(&mut ours, &requests, &fake.url()).await;
    script::across(&mut theirs, &mut ours, &requests, &fake.url()).await;

    let (theirs, _) = theirs.into_transcript();
    let (ours, _) = ours.into_transcript();
    let found = differences(&ours, &theirs).unwrap_or_else(|error| panic!("{error}"));
    let complaints = complaints(&found, intended::TABLE);
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}
