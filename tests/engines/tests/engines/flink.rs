//! Flink, with `ENGINES=all`. Logs are in `logs`, stops with savepoints in `savepoints`, many jobs at once in `storm`.

mod logs;
mod savepoints;
mod storm;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use connector_core::pb::task_execution::Phase;
use engine_tests::flink::Flink;
use engine_tests::jobs::{Attempt, Job, unheard_of};
use engine_tests::server::Server;
use engine_tests::until;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(90);

fn server(flink: &Flink) -> Server {
    Server::start(&[
        ("CONNECTOR__FLINK_JOB__URL", &flink.address()),
        ("CONNECTOR__FLINK_JOB__JAR_FOLDER", &flink.folder().join("jars").display().to_string()),
    ])
}

fn custom(mode: &str, beat: &Path) -> Value {
    json!({"jar": "job.jar", "entry_class": "Job", "program_args": [mode, beat], "parallelism": 1})
}

fn attempt(mode: &str, beat: &Path) -> Attempt {
    Attempt::of("flink_job", custom(mode, beat))
}

fn beat(flink: &Flink) -> PathBuf {
    flink.folder().join(unheard_of())
}

fn beats(beat: &Path) -> usize {
    fs::read_to_string(beat).map_or(0, |text| text.lines().count())
}

async fn until_it_works(beat: &Path) {
    let before = beats(beat);
    let is = async || (beats(beat) > before).then_some(());
    until("a job that works", SOON, is).await;
}

fn id(job: &Job) -> String {
    job.meta()["job_id"].as_str().unwrap().to_owned()
}

/// The job is final for Flink, no jar of it is left, and it writes no more.
async fn nothing_is_left(flink: &Flink, job: &Job, beat: &Path) {
    let status = flink.asked(&format!("/jobs/{}/status", id(job))).await.unwrap();
    let is_final = ["FINISHED", "FAILED", "CANCELED"].map(Value::from).contains(&status["status"]);
    assert!(is_final, "{status}");
    let jars = flink.asked("/jars").await.unwrap();
    let left = jars["files"].as_array().unwrap().iter();
    let left = left.filter(|jar| jar["name"].as_str().unwrap().contains(&id(job))).count();
    assert_eq!(left, 0, "{jars}");
    let before = beats(beat);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(beats(beat), before, "it works on");
}

/// Deletes as the executor does: again, until that is done.
async fn cancelled(server: &Server, job: &Job) {
    let is = async || job.delete(server).await.ok();
    until("a delete that is done", SOON, is).await;
}

#[tokio::test]
async fn jobs_succeed_and_fail_with_their_cause() {
    let Some(flink) = Flink::shared().await else { return };
    let (server, beat) = (server(&flink), beat(&flink));
    let job = attempt("quick", &beat).create(&server).await.unwrap();
    let done = job.until(&server, &[Phase::Succeeded], SOON).await;
    let page = format!("{}/#/job/{}/overview", flink.address(), id(&job));
    assert_eq!(done.log_links[0].uri, page);
    nothing_is_left(&flink, &job, &beat).await;

    let job = attempt("fail", &beat).create(&server).await.unwrap();
    let failed = job.until(&server, &[Phase::Failed], SOON).await;
    let cause = "failed: java.lang.IllegalStateException: broken at 3";
    assert!(failed.message.ends_with(cause), "{}", failed.message);
    nothing_is_left(&flink, &job, &beat).await;
}

#[tokio::test]
async fn what_flink_refuses_fails_with_its_reason_and_a_job_that_had_begun_does_not_run_on() {
    let Some(flink) = Flink::shared().await else { return };
    let server = server(&flink);
    for (mode, says) in [
        ("throw", "java.lang.IllegalArgumentException: main is broken"),
        ("start-and-throw", "java.lang.IllegalArgumentException: broken after the start"),
        ("start-twice", "Cannot have more than 1 streaming jobs"),
    ] {
        let beat = beat(&flink);
        let job = attempt(mode, &beat).create(&server).await.unwrap();
        let failed = job.get(&server).await.unwrap();
        assert_eq!(failed.phase(), Phase::Failed);
        assert!(failed.message.contains(says), "{}", failed.message);
        assert_eq!(failed.message.contains("was cancelled"), mode != "throw", "{}", failed.message);
        let is = async || {
            let jobs = flink.asked("/jobs/overview").await?;
            let named = |job: &&Value| job["name"] == "first" && job["state"] == "RUNNING";
            (jobs["jobs"].as_array()?.iter().filter(named).count() == 0).then_some(())
        };
        until("the end of what had begun", SOON, is).await;
        let before = beats(&beat);
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(beats(&beat), before, "{mode}: it runs on");
    }
    for (name, value, says) in [
        ("entry_class", "Nowhere", "java.lang.ClassNotFoundException: Nowhere"),
        ("jar", "other.jar", "cannot be read from the operator's folder"),
    ] {
        let mut custom = custom("quick", Path::new(""));
        custom[name] = value.into();
        let job = Attempt::of("flink_job", custom).create(&server).await.unwrap();
        let failed = job.get(&server).await.unwrap();
        assert_eq!(failed.phase(), Phase::Failed);
        assert!(failed.message.contains(says), "{}", failed.message);
    }
}

#[tokio::test]
async fn a_job_is_one_for_two_servers_outlives_ours_and_ends_when_it_is_cancelled() {
    let Some(flink) = Flink::shared().await else { return };
    let (mut one, other, beat) = (server(&flink), server(&flink), beat(&flink));
    let attempt = attempt("work", &beat);
    let (first, second) = tokio::join!(attempt.create(&one), attempt.create(&other));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.meta(), second.meta());
    until_it_works(&beat).await;
    one.kill();
    one.start_again();
    first.until(&one, &[Phase::Running], SOON).await;
    until_it_works(&beat).await;
    cancelled(&one, &first).await;
    nothing_is_left(&flink, &first, &beat).await;
    assert_eq!(first.get(&one).await.unwrap().phase(), Phase::Aborted);
}

#[tokio::test]
async fn a_job_that_waits_for_slots_says_so_and_never_begins_once_it_is_cancelled() {
    let Some(flink) = Flink::own("Flink without slots").await else { return };
    let (server, first_beat, second_beat) = (server(&flink), beat(&flink), beat(&flink));
    let mut all = custom("work", &first_beat);
    all["parallelism"] = 2.into();
    let first = Attempt::of("flink_job", all).create(&server).await.unwrap();
    until_it_works(&first_beat).await;
    let second = attempt("work", &second_beat).create(&server).await.unwrap();
    second.until(&server, &[Phase::WaitingForResources], SOON).await;
    cancelled(&server, &second).await;
    cancelled(&server, &first).await;
    // There is room now, for one that is not cancelled.
    let third = attempt("quick", &beat(&flink)).create(&server).await.unwrap();
    third.until(&server, &[Phase::Succeeded], SOON).await;
    assert_eq!(beats(&second_beat), 0);
    for (job, beat) in [(&first, &first_beat), (&second, &second_beat)] {
        nothing_is_left(&flink, job, beat).await;
    }
}

#[tokio::test]
async fn a_job_over_its_time_limit_is_cancelled_and_fails() {
    let Some(flink) = Flink::shared().await else { return };
    let (server, beat) = (server(&flink), beat(&flink));
    let mut custom = custom("work", &beat);
    custom["time_limit"] = 2.into();
    let job = Attempt::of("flink_job", custom).create(&server).await.unwrap();
    let failed = job.until(&server, &[Phase::Failed], SOON).await;
    assert!(failed.message.contains("longer than the `time_limit`"), "{}", failed.message);
    nothing_is_left(&flink, &job, &beat).await;
}

#[tokio::test]
async fn a_session_that_started_anew_has_forgotten_its_jobs() {
    let Some(flink) = Flink::own("Flink that is restarted").await else { return };
    let (server, beat) = (server(&flink), beat(&flink));
    let job = attempt("work", &beat).create(&server).await.unwrap();
    job.until(&server, &[Phase::Running], SOON).await;
    flink.kill();
    let meanwhile = job.get(&server).await.unwrap();
    assert_eq!(meanwhile.phase(), Phase::Running, "no answer is no failure: {meanwhile:?}");
    flink.start().await;
    job.until(&server, &[Phase::Failed], SOON).await;
    job.delete(&server).await.unwrap();
    let before = beats(&beat);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(beats(&beat), before);
}
