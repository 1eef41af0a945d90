//! Databricks: `flyteplugins-databricks` under `c0` and the binary, each driven by the same script.

mod intended;
mod script;

use std::path::Path;

use interop_tests::differential::{complaints, differences};
use interop_tests::peer::{self, Server};
use vendor_tests::databricks::Databricks;
use vendor_tests::fake::Fake;
use vendor_tests::official;
use vendor_tests::requests::Requests;
use vendor_tests::side::Side;
use vendor_tests::tls::TlsDoor;

#[tokio::test(flavor = "multi_thread")]
async fn the_official_connector_and_ours_ask_and_answer_alike() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let Some(venv) = official(target, "Databricks' differential test") else { return };
    let requests = Requests::made(&venv, "databricks_tasks");

    let fake = Fake::open(Databricks::default());
    let url = fake.url();
    // The official connector goes to `https://` whatever it is told, ours to where the override says.
    let door = TlsDoor::before(&url);
    let host = door.host();
    let instance = ("FLYTE_DATABRICKS_INSTANCE", host.as_str());
    let trusted = door.certificate().to_str().unwrap();
    let theirs = Server::official(&venv, &[instance, ("SSL_CERT_FILE", trusted)]);
    let mut theirs = Side::of(theirs.unwrap_or_else(|error| panic!("{error}")), &fake).await;
    let binary = peer::binary(target).unwrap_or_else(|error| panic!("{error}"));
    let ours = Server::with(&binary, &[instance, ("DATABRICKS_HOST_OVERRIDE", &url)]);
    let mut ours = Side::of(ours.unwrap_or_else(|error| panic!("{error}")), &fake).await;

    script::run(&mut theirs, &requests, &host).await;
    script::run(&mut ours, &requests, &host).await;
    script::across(&mut theirs, &mut ours, &requests, &host).await;

    let ((theirs, _), (ours, _)) = (theirs.into_transcript(), ours.into_transcript());
    let found = differences(&ours, &theirs).unwrap_or_else(|error| panic!("{error}"));
    let complaints = complaints(&found, intended::TABLE);
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}
