//! Cancels with a savepoint, and jobs that go on from one.

use std::path::Path;

use connector_core::pb::task_execution::Phase;
use engine_tests::flink::Flink;
use engine_tests::jobs::{Attempt, Job};
use engine_tests::until;
use serde_json::{Value, json};

use super::{SOON, beat, beats, cancelled, custom, id, nothing_is_left, server, until_it_works};

fn saving(beat: &Path, folder: &str) -> Value {
    let mut custom = custom("work", beat);
    custom["savepoint_on_cancel"] = folder.into();
    custom
}

/// All parts of it run, without which Flink makes no savepoint.
async fn until_it_can_be_saved(flink: &Flink, job: &Job) {
    let path = format!("/jobs/{}", id(job));
    let is = async || {
        let parts = flink.asked(&path).await?["vertices"].as_array()?.clone();
        parts.iter().all(|part| part["status"] == "RUNNING").then_some(())
    };
    until("a job of which all parts run", SOON, is).await;
}

#[tokio::test]
async fn a_cancel_leaves_a_savepoint_from_which_the_next_job_goes_on() {
    let Some(flink) = Flink::shared().await else { return };
    let (mut server, first_beat, second_beat) = (server(&flink), beat(&flink), beat(&flink));
    let folder = format!("file://{}", flink.folder().join("saved").display());
    let first =
        Attempt::of("flink_job", saving(&first_beat, &folder)).create(&server).await.unwrap();
    until_it_works(&first_beat).await;
    until_it_can_be_saved(&flink, &first).await;
    // The cancel goes on with a server that knows nothing of its begin.
    drop(first.delete(&server).await);
    server.kill();
    server.start_again();
    cancelled(&server, &first).await;
    nothing_is_left(&flink, &first, &first_beat).await;
    // Flink itself calls it finished, as if it had come to its end.
    let status = flink.asked(&format!("/jobs/{}/status", id(&first))).await.unwrap();
    assert_eq!(status["status"], "FINISHED");
    let ended = first.get(&server).await.unwrap();
    assert_eq!(ended.phase(), Phase::Aborted, "{ended:?}");
    let path = ended.message.rsplit(' ').next().unwrap().to_owned();
    let saved = flink.folder().join("saved");
    let written = Path::new(path.trim_start_matches("file:")).join("_metadata");
    assert!(written.starts_with(&saved) && written.exists(), "{}", written.display());

    let mut next = custom("work", &second_beat);
    next["savepoint_path"] = path.into();
    let second = Attempt::of("flink_job", next).create(&server).await.unwrap();
    until_it_works(&second_beat).await;
    let first_number =
        std::fs::read_to_string(&second_beat).unwrap().lines().next().unwrap().to_owned();
    let done = beats(&first_beat);
    assert_eq!(first_number, (done + 1).to_string(), "it goes on where the first one stopped");
    cancelled(&server, &second).await;
    assert_eq!(second.get(&server).await.unwrap().phase(), Phase::Aborted);
    nothing_is_left(&flink, &second, &second_beat).await;
}

#[tokio::test]
async fn a_job_that_cannot_be_saved_is_cancelled_all_the_same() {
    let Some(flink) = Flink::shared().await else { return };
    let (server, beat) = (server(&flink), beat(&flink));
    // A file is no folder.
    let file = flink.folder().join("conf/config.yaml");
    let custom = saving(&beat, &format!("file://{}", file.display()));
    let job = Attempt::of("flink_job", custom).create(&server).await.unwrap();
    until_it_works(&beat).await;
    until_it_can_be_saved(&flink, &job).await;
    cancelled(&server, &job).await;
    assert_eq!(job.get(&server).await.unwrap().phase(), Phase::Aborted);
    nothing_is_left(&flink, &job, &beat).await;
    let of_job = format!("/jobs/{}/savepoints/{}", id(&job), id(&job));
    let told = flink.asked(&of_job).await.unwrap();
    // What Flink calls completed.
    assert_eq!(told["status"], json!({"id": "COMPLETED"}));
    assert!(told["operation"]["failure-cause"].is_object(), "{told}");
}
