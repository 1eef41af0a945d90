//! Jobs that run: to a good end, to a bad one, and what they leave to read.

use std::process::Command;

use connector_core::pb::task_execution::Phase;
use connector_http::Method;
use engine_tests::jobs::{Attempt, Job, unheard_of};
use engine_tests::left::{marked, until_nothing_is_left};
use engine_tests::ray::Ray;
use engine_tests::until;
use serde_json::json;
use tonic::Code;

use super::{Place, SOON, id};

#[tokio::test]
async fn a_job_succeeds_and_ray_has_what_the_task_said() {
    let Some(place) = Place::shared().await else { return };
    let settings = json!({"metadata": {"team": "films"}, "entrypoint_num_cpus": 0.5});
    let (task, mark) = place.task("echo \"it's $OF\"", settings);
    let job = task.create(&place.server).await.unwrap();
    let done = job.until(&place.server, &[Phase::Succeeded], SOON).await;
    let page = format!("{}/#/jobs/{}", place.ray.address(), id(&job));
    assert_eq!(done.log_links[0].uri, page);
    let (_, record) = place.record(&job).await;
    assert_eq!(record["metadata"]["team"], "films", "{record}");
    let log = job.log(&place.server).await.unwrap();
    assert_eq!(log.last(), Some(&format!("it's {mark}")), "{log:#?}");
    place.is_over(&job, &mark).await;
    // A finished job is cancelled, too, when Flyte clears up.
    job.delete(&place.server).await.unwrap();
    job.until(&place.server, &[Phase::Succeeded], SOON).await;
}

#[tokio::test]
async fn a_failure_has_its_exit_code_and_last_lines() {
    let Some(place) = Place::shared().await else { return };
    let (task, mark) = place.task("echo before; exit 3", json!({}));
    let job = task.create(&place.server).await.unwrap();
    let failed = job.until(&place.server, &[Phase::Failed], SOON).await;
    assert!(failed.message.starts_with("the command has failed with exit code 3; "), "{failed:?}");
    assert!(failed.message.ends_with("before"), "{failed:?}");
    place.is_over(&job, &mark).await;

    let (task, mark) = place.task("sleep 300 & sleep 300", json!({"time_limit": 1}));
    let job = task.create(&place.server).await.unwrap();
    let failed = job.until(&place.server, &[Phase::Failed], SOON).await;
    assert!(failed.message.contains("the time limit of 1 s has passed"), "{failed:?}");
    place.is_over(&job, &mark).await;
}

#[tokio::test]
async fn what_the_cluster_cannot_do_is_told_as_its_class() {
    let Some(place) = Place::shared().await else { return };
    let at = json!({"runtime_env": {"working_dir": "gcs://none-of-this-name.zip"}});
    let (task, mark) = place.task("true", at);
    let job = task.create(&place.server).await.unwrap();
    let failed = job.until(&place.server, &[Phase::RetryableFailed], SOON).await;
    assert!(failed.message.starts_with("RUNTIME_ENV_SETUP_FAILURE: "), "{failed:?}");
    place.is_over(&job, &mark).await;
    // What Ray refuses at once is the task's mistake, in one line of Ray's traceback.
    let (task, _) = place.task("true", json!({"runtime_env": {"env_vars": {"A": 1}}}));
    let job = task.create(&place.server).await.unwrap();
    let refused = job.until(&place.server, &[Phase::Failed], SOON).await;
    assert!(!refused.message.contains("Traceback"), "{refused:?}");
    assert!(refused.message.contains("env_vars"), "{refused:?}");
}

#[tokio::test]
async fn what_a_command_leaves_in_the_background_ends_with_it() {
    let Some(place) = Place::shared().await else { return };
    let command = "sleep 300 & echo done";
    // What Ray does by itself: it has succeeded, and goes on.
    let (task, left) = place.task(command, json!({"end_children": false}));
    let job = task.create(&place.server).await.unwrap();
    job.until(&place.server, &[Phase::Succeeded], SOON).await;
    // Its supervisor, and what watches that, are gone a moment later.
    let alone = async || match marked(&left).as_slice() {
        [one] => Some(one.split_once(' ').map(|(id, line)| (id.to_owned(), line.to_owned()))?),
        _ => None,
    };
    let (number, line) = until("one process", SOON, alone).await;
    assert_eq!(line, "sleep 300");
    assert!(Command::new("kill").arg(number).status().unwrap().success());
    until_nothing_is_left(&left).await;

    let (task, mark) = place.task(command, json!({}));
    let job = task.create(&place.server).await.unwrap();
    job.until(&place.server, &[Phase::Succeeded], SOON).await;
    place.is_over(&job, &mark).await;
}

#[tokio::test]
async fn a_log_is_read_in_pages_with_nothing_lost() {
    let Some(place) = Place::shared().await else { return };
    let (task, mark) = place.task("seq 1 100000", json!({}));
    let job = task.create(&place.server).await.unwrap();
    job.until(&place.server, &[Phase::Succeeded], SOON).await;
    let is_number = |line: &String| line.parse::<u32>().is_ok();
    let log = job.log(&place.server).await.unwrap();
    let numbers: Vec<String> = log.iter().filter(|line| is_number(line)).cloned().collect();
    for (at, number) in numbers.iter().enumerate() {
        assert_eq!(*number, (at + 1).to_string(), "behind line {at}");
    }
    assert_eq!(numbers.len(), 100_000);
    let (first, token) = job.page(&place.server, "", 20).await.unwrap();
    let (second, _) = job.page(&place.server, &token, 20).await.unwrap();
    assert_eq!([first, second].concat(), log[..40]);
    let refused = job.page(&place.server, "not-a-page", 1).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    place.is_over(&job, &mark).await;
}

#[tokio::test]
async fn a_job_that_nobody_knows() {
    let Some(place) = Place::shared().await else { return };
    let meta = json!({"address": place.ray.address(), "submission_id": "flyte-of-nobody"});
    let job = Job::of_meta("ray_job", &meta);
    let lost = job.until(&place.server, &[Phase::RetryableFailed], SOON).await;
    assert!(lost.message.contains("does not know the job flyte-of-nobody"), "{lost:?}");
    job.delete(&place.server).await.unwrap();
    assert_eq!(job.log(&place.server).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn two_creates_of_one_attempt_are_one_job() {
    let Some(place) = Place::shared().await else { return };
    // Two servers, of which neither knows what the other one did.
    let other = Place::at(place.ray.clone());
    let written = place.file();
    let command = format!("echo once >> {}", written.display());
    let execution = unheard_of();
    let attempt = |number, command: &str| {
        Attempt::numbered("ray_job", &execution, number, json!({"entrypoint": command}))
    };
    let first = attempt(0, &command);
    let (one, two) = tokio::join!(first.create(&place.server), first.create(&other.server));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(id(&one), id(&two));
    one.until(&place.server, &[Phase::Succeeded], SOON).await;
    two.until(&other.server, &[Phase::Succeeded], SOON).await;
    // Long after its end it is the same job still, and another attempt is another one.
    let again = Place::at(place.ray.clone());
    assert_eq!(id(&first.create(&again.server).await.unwrap()), id(&one));
    let next = attempt(1, &command).create(&place.server).await.unwrap();
    assert_ne!(id(&next), id(&one));
    next.until(&place.server, &[Phase::Succeeded], SOON).await;
    assert_eq!(std::fs::read_to_string(&written).unwrap(), "once\nonce\n");
    // An id that another command has is not taken over.
    let stranger = attempt(0, "echo other").create(&Place::at(place.ray.clone()).server).await;
    let refused = stranger.unwrap().until(&place.server, &[Phase::Failed], SOON).await;
    assert!(refused.message.contains("it has another command"), "{refused:?}");
}

#[tokio::test]
async fn only_who_has_the_token_gets_in() {
    let token = "the-token-of-this-cluster-0123456789";
    let Some(ray) = Ray::with_token(token).await else { return };
    let place = Place::at(ray);
    let (task, mark) = place.task("echo in", json!({}));
    let job = task.clone().secret("ray_token", token).create(&place.server).await.unwrap();
    job.until(&place.server, &[Phase::Succeeded], SOON).await;
    place.is_over(&job, &mark).await;
    let (bare, _) = place.task("echo in", json!({}));
    let (wrong, _) = place.task("echo in", json!({}));
    let wrong = wrong.secret("ray_token", "the-token-of-another-cluster-012345");
    for task in [bare, wrong] {
        let job = task.create(&place.server).await.unwrap();
        let refused = job.until(&place.server, &[Phase::Failed], SOON).await;
        assert!(refused.message.contains("401") || refused.message.contains("403"), "{refused:?}");
        assert!(!refused.message.contains("the-token"), "{refused:?}");
    }
    let (_, jobs) = place.ray.asked(Method::GET, "/api/jobs/", None).await.unwrap();
    assert_eq!(jobs.as_array().map(Vec::len), Some(1), "{jobs}");
}
