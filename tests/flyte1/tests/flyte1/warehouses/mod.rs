//! Tasks of Flyte 1's BigQuery and Snowflake plug-ins on this server and on `pyflyte serve connector`: what the
//! vendor, a fake, is asked, and what comes back, must be equal but for the tables. Metadata have the bytes that
//! Python writes, and each server polls and cancels what the other one began.

mod bigquery;
mod snowflake;

use connector_core::Flyte;
use connector_service::pb::CreateTaskRequest;
use interop_tests::differential::{Intended, complaints, differences};
use interop_tests::peer::Server;
use serde_json::Value;
use vendor_tests::fake::{Fake, Vendor};
use vendor_tests::requests::{Requests, of_run};
use vendor_tests::side::{Kept, Side};

async fn side<V: Vendor>(server: interop_tests::Result<Server>, fake: &Fake<V>) -> Side<'_, V> {
    let server = server.unwrap_or_else(|error| panic!("{error}"));
    Side::of(server, fake).await.as_flyte(Flyte::V1)
}

/// The create of a task, as that of a run of its own.
fn request(requests: &Requests, task: &str, case: &str) -> CreateTaskRequest {
    let mut request = of_run(requests.of(task, &Default::default()), case);
    // Flyte 1 sends none.
    request.connection = None;
    request
}

/// Each server asks about the job that the other one has begun, and cancels it. The vendor calls it `id` in metadata.
async fn across<V: Vendor>(
    theirs: &mut Side<'_, V>,
    ours: &mut Side<'_, V>,
    requests: &Requests,
    id: &str,
) {
    let (begun_there, created) = theirs.created(request(requests, "plain", "there")).await;
    created.unwrap();
    let (begun_here, created) = ours.created(request(requests, "plain", "here")).await;
    created.unwrap();
    let here = String::from_utf8_lossy(&begun_here.resource_meta);
    let spelled = here.replace(&name(&begun_here, id), &name(&begun_there, id));
    assert_eq!(spelled.as_bytes(), begun_there.resource_meta, "as Python spells it");
    for job in [&begun_there, &begun_here] {
        let (there, here) = (theirs.got(job).await.unwrap(), ours.got(job).await.unwrap());
        assert_eq!((here.phase, here.outputs), (there.phase, there.outputs));
    }
    theirs.deleted(&begun_here).await.unwrap();
    ours.deleted(&begun_there).await.unwrap();
}

/// Fails where the two differ in what is not in the table.
fn judge<V: Vendor>(ours: Side<'_, V>, theirs: Side<'_, V>, table: &[Intended]) {
    let ((ours, _), (theirs, _)) = (ours.into_transcript(), theirs.into_transcript());
    assert!(ours.steps().len() > 10);
    let found = differences(&ours, &theirs).unwrap_or_else(|error| panic!("{error}"));
    let complaints = complaints(&found, table);
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

fn name(kept: &Kept, field: &str) -> String {
    kept.meta().get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}
