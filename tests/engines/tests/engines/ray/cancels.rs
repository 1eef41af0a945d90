//! Cancels: what Ray says it has stopped has stopped, and does not start later.

use std::time::Duration;

use connector_core::pb::task_execution::Phase;
use connector_http::Method;
use engine_tests::left::marked;
use engine_tests::until;
use serde_json::json;

use super::{Place, SOON, id};

#[tokio::test]
async fn a_running_job_is_gone_when_the_cancel_is_answered() {
    let Some(place) = Place::shared().await else { return };
    let started = place.file();
    let command = format!("sleep 300 & touch {}; sleep 300", started.display());
    let (task, mark) = place.task(&command, json!({}));
    let job = task.create(&place.server).await.unwrap();
    until("it has started", SOON, async || started.exists().then_some(())).await;
    // Flyte repeats a cancel until it is a success.
    until("a cancel", SOON, async || job.delete(&place.server).await.ok()).await;
    let (_, record) = place.record(&job).await;
    assert_eq!(record["status"], "STOPPED", "{record}");
    job.until(&place.server, &[Phase::Aborted], SOON).await;
    place.is_over(&job, &mark).await;
    job.delete(&place.server).await.unwrap();
}

#[tokio::test]
async fn a_waiting_job_that_was_cancelled_does_nothing_when_its_turn_comes() {
    let Some(place) = Place::shared().await else { return };
    let occupied = place.occupied().await;
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let written = place.file();
        let command = format!("echo ran > {}", written.display());
        let (task, mark) = place.task(&command, json!({"entrypoint_num_cpus": 2}));
        let job = task.create(&place.server).await.unwrap();
        job.until(&place.server, &[Phase::Queued], SOON).await;
        waiting.push((job, mark, written));
    }
    // As a connector without a guard has it: Ray starts what it has answered to have stopped.
    let bare = place.file();
    let command = format!("echo ran > {}", bare.display());
    let body = json!({"entrypoint": command, "submission_id": "bare", "entrypoint_num_cpus": 2});
    let (status, _) = place.ray.asked(Method::POST, "/api/jobs/", Some(&body)).await.unwrap();
    assert_eq!(status, 200);
    let stop = "/api/jobs/bare/stop";
    let (_, answer) = place.ray.asked(Method::POST, stop, None).await.unwrap();
    assert_eq!(answer["stopped"], true);
    for (job, ..) in &waiting {
        job.delete(&place.server).await.unwrap();
        assert_eq!(place.record(job).await.1["status"], "PENDING", "Ray ends it at once now");
    }
    until("a cancel", SOON, async || occupied.delete(&place.server).await.ok()).await;
    for (job, mark, written) in &waiting {
        place.until_ray_says(job, "STOPPED").await;
        place.is_over(job, mark).await;
        assert!(!written.exists(), "{} ran after its cancel", id(job));
    }
    let is_final = async || {
        let (_, record) = place.ray.asked(Method::GET, "/api/jobs/bare", None).await.unwrap();
        ["STOPPED", "FAILED"].into_iter().find(|status| record["status"] == *status)
    };
    until("an end", SOON, is_final).await;
    assert!(bare.exists(), "Ray does not start it any more: the guard is needed no longer");
}

#[tokio::test]
async fn a_job_that_ignores_sigterm_is_killed() {
    let Some(place) = Place::shared().await else { return };
    let started = place.file();
    let command =
        format!("trap '' TERM; touch {}; while true; do sleep 1; done", started.display());
    let (task, mark) = place.task(&command, json!({}));
    let job = task.create(&place.server).await.unwrap();
    until("it has started", SOON, async || started.exists().then_some(())).await;
    assert!(!marked(&mark).is_empty());
    until("a cancel", SOON, async || job.delete(&place.server).await.ok()).await;
    tokio::time::timeout(Duration::from_secs(30), place.is_over(&job, &mark)).await.unwrap();
}

#[tokio::test]
async fn a_command_is_gone_also_where_its_children_may_stay() {
    let Some(place) = Place::shared().await else { return };
    for settings in [
        json!({"end_children": false}),
        json!({"end_children": false, "time_limit": 600}),
        json!({"time_limit": 600}),
    ] {
        let started = place.file();
        let command =
            format!("trap '' TERM; touch {}; while true; do sleep 1; done", started.display());
        let (task, mark) = place.task(&command, settings.clone());
        let job = task.create(&place.server).await.unwrap();
        until("it has started", SOON, async || started.exists().then_some(())).await;
        until("a cancel", SOON, async || job.delete(&place.server).await.ok()).await;
        let mut left = marked(&mark);
        // Of Ray itself one that watched it, and goes soon.
        left.retain(|it| !it.ends_with(" sleep 1") && !it.ends_with(" ray::JobSupervisor"));
        assert_eq!(left, Vec::<String>::new(), "{settings}");
        job.until(&place.server, &[Phase::Aborted], SOON).await;
        place.is_over(&job, &mark).await;
    }
}
