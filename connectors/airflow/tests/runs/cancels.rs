//! Cancels that are done when the run has stopped, and what is told of runs that were cancelled.

use std::time::Duration;

use connector_core::prelude::*;
use serde_json::{Value, json};

use crate::fake::FakeAirflow;
use crate::{harness, task};

#[tokio::test(start_paused = true)]
async fn a_cancel_waits_until_the_process_is_gone() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    let job = airflow.create(&task().custom("note", "nightly")).await.unwrap();
    // It runs by now.
    job.get().await.unwrap();
    fake.books().works_on = 3;
    // The fake's times are past, and a task that ended long ago is taken to be gone.
    just_ended(&fake);
    fake.asked();
    let began = tokio::time::Instant::now();
    job.delete().await.unwrap();
    assert_eq!(fake.books().works_on, 0);
    assert!(began.elapsed() >= Duration::from_secs(3), "{:?}", began.elapsed());
    let asked = fake.asked();
    let cancels: Vec<&Value> = asked
        .iter()
        .filter(|asked| asked.call.starts_with("PATCH"))
        .map(|asked| &asked.body)
        .collect();
    assert_eq!(cancels, [&json!({"state": "failed", "note": "nightly\ncancelled by Flyte"})]);
    let ended = job.get().await.unwrap();
    assert_eq!((ended.phase, ended.message.as_str()), (Phase::Aborted, "cancelled by Flyte"));
    // Once more is the same.
    job.delete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_run_that_works_on_is_not_called_aborted() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    let job = airflow.create(&task()).await.unwrap();
    job.get().await.unwrap();
    fake.books().works_on = usize::MAX;
    just_ended(&fake);
    let error = job.delete().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transient { .. }), "{error}");
    assert!(error.message().ends_with("may be at work still: work"), "{error}");
    let resource = job.get().await.unwrap();
    assert_eq!(
        (resource.phase, resource.message.as_str()),
        (Phase::Running, "cancelled; still at work: work")
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_that_failed_by_itself_is_no_cancelled_one() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    let job = airflow.create(&task()).await.unwrap();
    fake.books().told = json!({"state": "failed", "end_date": "2026-11-28T06:00:09.000000Z"});
    fake.asked();
    job.delete().await.unwrap();
    assert!(fake.calls().iter().all(|call| call.starts_with("GET ")), "it is done");
    assert_eq!(job.get().await.unwrap().phase, Phase::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_the_scheduler_began_meanwhile_is_cancelled_too() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    let job = airflow.create(&task()).await.unwrap();
    job.get().await.unwrap();
    let began = json!([{"task_id": "late", "map_index": -1, "state": "running", "try_number": 1, "pid": 9}]);
    fake.books().tasks = Some(began);
    fake.asked();
    assert!(job.delete().await.is_err());
    let patches = fake.calls().iter().filter(|call| call.starts_with("PATCH")).count();
    assert!(patches > 1, "{patches}");
}

#[tokio::test(start_paused = true)]
async fn a_run_over_its_time_limit_is_cancelled_and_fails() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    // By the clock of this machine it began long ago.
    let job = airflow.create(&task().custom("time_limit", 60)).await.unwrap();
    assert_eq!(job.get().await.unwrap().phase, Phase::Queued);
    let running = job.get().await.unwrap();
    assert_eq!(running.phase, Phase::Running);
    assert!(running.message.contains("over its `time_limit`"), "{}", running.message);
    let failed = job.get().await.unwrap();
    assert_eq!(failed.phase, Phase::Failed);
    assert!(failed.message.contains("longer than the `time_limit`"), "{}", failed.message);

    let roomy = airflow.create(&task().custom("time_limit", i64::MAX)).await.unwrap();
    roomy.run().await.unwrap().assert_phases([Phase::Queued, Phase::Running, Phase::Succeeded]);
}

/// A task that was to begin again when its run was cancelled: its first try ended, as Airflow has it, at that time.
fn was_to_begin_again(fake: &FakeAirflow, ended: jiff::Timestamp) {
    let a_try = |state: &str| {
        json!({
            "task_id": "work", "map_index": -1, "state": state, "try_number": 1, "pid": 7,
            "start_date": "2026-11-28T06:00:00.100000Z", "end_date": ended.to_string(),
        })
    };
    let mut books = fake.books();
    books.tasks = Some(json!([a_try("skipped")]));
    books.tries = json!([a_try("failed"), a_try("skipped")]);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_waits_for_the_try_before_as_well() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    let job = airflow.create(&task()).await.unwrap();
    job.get().await.unwrap();
    was_to_begin_again(&fake, jiff::Timestamp::now());
    fake.books().works_on = 3;
    let began = tokio::time::Instant::now();
    job.delete().await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(job.get().await.unwrap().phase, Phase::Aborted);

    // The same of a task that has begun again, whose own log says that it is gone.
    let now = jiff::Timestamp::now().to_string();
    let second = json!({
        "task_id": "work", "map_index": -1, "state": "failed", "try_number": 2, "pid": 8,
        "start_date": now, "end_date": "2026-11-28T06:00:07.500000Z",
    });
    {
        let mut books = fake.books();
        books.tasks = Some(json!([second]));
        books.tries[1] = second;
        books.works_on = 2;
    }
    let during = job.get().await.unwrap();
    assert_eq!(during.message, "cancelled; still at work: work");
    assert_eq!(during.phase, Phase::Running);
}

#[tokio::test(start_paused = true)]
async fn a_try_that_is_known_to_have_ended_keeps_no_cancel() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    let raised = json!({"event": "Task failed with exception", "level": "error", "logger": "task"});
    let told = json!({
        "event": "Server indicated the task shouldn't be running anymore. Terminating process",
        "level": "error", "logger": "task",
    });
    let (now, long_ago) = (jiff::Timestamp::now(), "2026-11-28T06:00:09Z".parse().unwrap());
    for (ended, log, is_done) in [
        (now, json!([raised]), true),
        (now, json!([raised, told]), false),
        (now, json!([]), false),
        (long_ago, json!([]), true),
    ] {
        let job = airflow.create(&task()).await.unwrap();
        job.get().await.unwrap();
        was_to_begin_again(&fake, ended);
        fake.books().log = Some(log.clone());
        assert_eq!(job.delete().await.is_ok(), is_done, "{log}");
    }
}

/// From now on the tasks of the fake ended this moment.
fn just_ended(fake: &FakeAirflow) {
    let now = jiff::Timestamp::now().to_string();
    let task = json!({
        "task_id": "work", "map_index": -1, "state": "failed", "try_number": 1, "pid": 7,
        "start_date": "2026-11-28T06:00:00.100000Z", "end_date": now,
    });
    fake.books().tasks = Some(json!([task]));
}
