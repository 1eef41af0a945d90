//! Jobs on a fake Flink: what is asked, who asks, savepoints, logs, and the executor's rules.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod fake;

use connector_core::prelude::*;
use connector_flink::Flink;
use connector_testing::conformance::Subject;
use connector_testing::{Harness, Task};
use serde_json::{Value, json};

use fake::FakeFlink;

const TOKEN: &str = "the-token-of-the-gateway";

/// What the operator lends, as the settings have it.
fn operator(fake: &FakeFlink) -> Settings {
    Settings::from_iter([("url", fake.url()), ("flink_token", TOKEN)])
}

fn task() -> Task {
    Task::new("flink_job").custom("jar_id", "1_job.jar").secret("flink_token", TOKEN)
}

/// A session behind a gateway that wants a token.
fn session() -> FakeFlink {
    let fake = FakeFlink::new();
    fake.books().token = Some(TOKEN.to_owned());
    fake
}

fn harness(fake: &FakeFlink) -> Harness {
    fake.open();
    Harness::new(Flink::new(&operator(fake)).unwrap())
}

fn saving() -> Task {
    task().custom("savepoint_on_cancel", "s3://b/saved")
}

fn at_flink(task: Task) -> Subject {
    let fake = session();
    let vendor = fake.clone();
    let open = move || {
        fake.open();
        Flink::new(&operator(&fake)).unwrap()
    };
    Subject::new(open).task(task).vendor(vendor)
}

mod rules {
    use super::{at_flink, task};

    connector_testing::conformance!(subject = at_flink(task()));
}

/// The same rules for jobs that are cancelled with a savepoint.
mod rules_with_savepoints {
    use super::{at_flink, saving};

    connector_testing::conformance!(subject = at_flink(saving()));
}

#[tokio::test(start_paused = true)]
async fn a_job_from_its_start_to_its_end() {
    let fake = session();
    let flink = harness(&fake);
    let job = flink.create(&task().custom("parallelism", 2)).await.unwrap();
    let meta: Value = serde_json::from_slice(job.resource_meta()).unwrap();
    let id = meta["job_id"].as_str().unwrap().to_owned();
    let body = fake.books().jobs[0].body.clone();
    assert_eq!(body, json!({"jobId": id, "programArgsList": [], "parallelism": 2}));
    let journey = job.run().await.unwrap();
    journey.assert_phases([Phase::Initializing, Phase::Running, Phase::Succeeded]);
    fake.calls();
    job.delete().await.unwrap();
    assert_eq!(fake.calls(), [format!("GET /jobs/{id}/status")], "a finished job is left as it is");
}

#[tokio::test(start_paused = true)]
async fn a_jar_is_uploaded_for_the_job_and_deleted_behind_it() {
    let (fake, folder) = (session(), std::env::temp_dir());
    fake.open();
    let name = format!("flink-jobs-test-{}.jar", std::process::id());
    std::fs::write(folder.join(&name), b"PK").unwrap();
    let folder = folder.display().to_string();
    let settings = [("url", fake.url()), ("jar_folder", folder.as_str())];
    let flink = Harness::new(Flink::new(&Settings::from_iter(settings)).unwrap());
    let task = Task::new("flink_job").custom("jar", name.as_str()).secret("flink_token", TOKEN);
    let created = flink.create(&task).await;
    std::fs::remove_file(std::path::Path::new(&folder).join(&name)).unwrap();
    created.unwrap();
    let calls = fake.calls();
    let has = |part: &str| calls.iter().filter(|call| call.contains(part)).count();
    assert_eq!(
        (has("POST /jars/upload"), has("/run"), has("DELETE /jars/")),
        (1, 1, 1),
        "{calls:?}"
    );
    assert!(fake.books().jars.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_cancel_stops_with_a_savepoint_and_is_no_success() {
    let fake = session();
    let flink = harness(&fake);
    let job = flink.create(&saving()).await.unwrap();
    // It runs by now.
    job.get().await.unwrap();
    job.delete().await.unwrap();
    let ended = job.get().await.unwrap();
    assert_eq!(
        (ended.phase, ended.message.as_str()),
        (Phase::Aborted, "the job was stopped with the savepoint s3://b/saved/savepoint-1")
    );
    let info = connector_core::custom_info::struct_to_json(&ended.custom_info);
    assert_eq!(info["savepoint"], "s3://b/saved/savepoint-1");
    assert!(
        !fake.calls().iter().any(|call| call.starts_with("PATCH")),
        "it was not cancelled as well"
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_savepoint_cannot_be_made_is_cancelled_without() {
    let fake = session();
    let flink = harness(&fake);
    fake.books().is_endless = true;
    fake.books().cannot_save = Some("java.io.IOException: no such bucket\n\tat x");
    let job = flink.create(&saving()).await.unwrap();
    job.get().await.unwrap();
    job.delete().await.unwrap();
    assert_eq!(job.get().await.unwrap().phase, Phase::Aborted);
    let cancels = fake.calls().iter().filter(|call| call.starts_with("PATCH")).count();
    assert_eq!(cancels, 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_flink_began_and_refused_is_cancelled() {
    let fake = session();
    let flink = harness(&fake);
    fake.books().refuses_what_it_began = Some("Caused by: java.lang.IllegalStateException: twice");
    let error = flink.create(&task()).await.unwrap_err();
    assert!(error.message().contains("the job that had begun by then was cancelled"), "{error}");
    assert!(fake.calls().iter().any(|call| call.starts_with("PATCH")));
}

#[tokio::test(start_paused = true)]
async fn a_log_has_the_entries_of_the_job_from_every_machine() {
    let fake = session();
    let flink = harness(&fake);
    let (job, _other) =
        (flink.create(&task()).await.unwrap(), flink.create(&task()).await.unwrap());
    let meta: Value = serde_json::from_slice(job.resource_meta()).unwrap();
    let id = meta["job_id"].as_str().unwrap();
    let log = job.log().await.unwrap();
    let all = [
        "of jobmanager:".to_owned(),
        format!("2026-11-28 10:00:00,000 INFO M - job {id} runs"),
        "of tm-1:".to_owned(),
        format!("2026-11-28 10:00:01,000 [{id}] WARN T - of {id}"),
        "\tand more".to_owned(),
        "of tm-gone:".to_owned(),
        "Flink has no log of this machine (any more)".to_owned(),
    ];
    assert_eq!(log, all);
}

#[tokio::test(start_paused = true)]
async fn who_has_a_wrong_token_is_told_once() {
    let fake = session();
    let flink = harness(&fake);
    for task in [
        Task::new("flink_job")
            .custom("jar_id", "1_job.jar")
            .secret("flink_token", "hunter2hunter2"),
        saving().secret("flink_token", "hunter2hunter2"),
    ] {
        let error = flink.create(&task).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Permanent, "{error}");
        assert!(error.message().contains("401") && !error.message().contains("hunter2"), "{error}");
    }
    assert!(fake.books().jobs.is_empty());
}
