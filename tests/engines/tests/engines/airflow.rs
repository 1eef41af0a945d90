//! Airflow, with `ENGINES=all`: what runs, what fails and how, who may, and what happens to servers and engines.
//! Cancels are in `airflow_cancels`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use connector_core::pb::task_execution::Phase;
use connector_http::Method;
use engine_tests::airflow::{Airflow, PASSWORD, USER, VIEWER};
use engine_tests::jobs::{Attempt, Job, unheard_of};
use engine_tests::left::until_nothing_is_left;
use engine_tests::server::Server;
use engine_tests::until;
use serde_json::{Value, json};

/// How long a short run may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(120);

/// A server whose operator lends a user of that Airflow.
pub(crate) fn server(airflow: &Airflow) -> Server {
    Server::start(&[
        ("CONNECTOR__AIRFLOW_DAG__URL", &airflow.address()),
        ("CONNECTOR__AIRFLOW_DAG__SECRET__AIRFLOW_USERNAME", USER),
        ("CONNECTOR__AIRFLOW_DAG__SECRET__AIRFLOW_PASSWORD", PASSWORD),
        ("CONNECTOR__AIRFLOW_DAG__SECRET_HOSTS", &airflow.host()),
    ])
}

pub(crate) fn attempt(dag: &str, conf: Value) -> Attempt {
    let mut custom = json!({"dag_id": dag});
    custom["conf"] = conf;
    Attempt::of("airflow_dag", custom)
}

/// Where a task writes its process, and the mark of its child.
pub(crate) fn beat(airflow: &Airflow) -> (PathBuf, String) {
    let name = unheard_of();
    (airflow.folder().join(&name), format!("child-of-{name}"))
}

/// The process that wrote there last.
pub(crate) async fn process_at(beat: &Path) -> u32 {
    let is = async || fs::read_to_string(beat).ok()?.lines().last()?.parse().ok();
    until("a task that works", SOON, is).await
}

/// What Airflow says of the run.
pub(crate) async fn told(airflow: &Airflow, job: &Job) -> Value {
    let (meta, text) = (job.meta(), |value: &Value| value.as_str().unwrap().to_owned());
    let (dag, run) = (text(&meta["dag_id"]), text(&meta["dag_run_id"]));
    let path = format!("/api/v2/dags/{dag}/dagRuns/{run}");
    airflow.asked(Method::GET, &path, None).await.unwrap().1
}

/// The states of the tasks of the run, as Airflow says.
pub(crate) async fn states(airflow: &Airflow, job: &Job) -> Vec<String> {
    let run = told(airflow, job).await;
    let (dag, run) = (run["dag_id"].as_str().unwrap(), run["dag_run_id"].as_str().unwrap());
    let path = format!("/api/v2/dags/{dag}/dagRuns/{run}/taskInstances");
    let tasks = airflow.asked(Method::GET, &path, None).await.unwrap().1;
    let tasks = tasks["task_instances"].as_array().unwrap();
    tasks.iter().map(|task| task["state"].as_str().unwrap_or("none").to_owned()).collect()
}

/// Nothing of the run waits or works any more, as Airflow and the process table say.
pub(crate) async fn nothing_is_left(airflow: &Airflow, job: &Job, mark: &str) {
    let run = told(airflow, job).await;
    assert!(matches!(run["state"].as_str(), Some("success" | "failed")), "{run}");
    for state in states(airflow, job).await {
        let active = ["scheduled", "queued", "running", "restarting", "up_for_retry"];
        assert!(!active.contains(&state.as_str()), "{state}");
    }
    until_nothing_is_left(mark).await;
}

#[tokio::test]
async fn a_run_succeeds_with_its_log_and_the_inputs_in_its_conf() {
    let Some(airflow) = Airflow::shared().await else { return };
    let server = server(&airflow);
    let job = attempt("works", json!({"lines": 2_500})).create(&server).await.unwrap();
    let done = job.until(&server, &[Phase::Succeeded], SOON).await;
    assert!(done.log_links[0].uri.contains("/dags/works/runs/flyte-"), "{done:?}");
    let run = told(&airflow, &job).await;
    assert_eq!((&run["logical_date"], &run["conf"]), (&Value::Null, &json!({"lines": 2_500})));

    let log = job.log(&server).await.unwrap();
    let printed = log.iter().filter(|line| line.starts_with("line ")).count();
    assert_eq!(printed, 2_500);
    let order: Vec<&String> = log.iter().filter(|line| line.starts_with("task `")).collect();
    assert_eq!(order, ["task `first`, try 1", "task `second`, try 1"]);
    assert!(log.contains(&"second is here".to_owned()));
    let (mut paged, mut token) = job.page(&server, "", 700).await.unwrap();
    while !token.is_empty() {
        let (page, next) = job.page(&server, &token, 700).await.unwrap();
        assert!(page.len() <= 700);
        paged.extend(page);
        token = next;
    }
    assert_eq!(paged, log, "page by page it is the same");
    nothing_is_left(&airflow, &job, "no mark of any process").await;
}

#[tokio::test]
async fn a_failure_names_tasks_and_what_they_raised() {
    let Some(airflow) = Airflow::shared().await else { return };
    let server = server(&airflow);
    let job = attempt("parts", json!({})).create(&server).await.unwrap();
    let failed = job.until(&server, &[Phase::Failed], SOON).await;
    let mut said: Vec<&str> = failed.message.lines().collect();
    said.sort_unstable();
    assert_eq!(
        said,
        [
            "task `part[0]`, try 2: RuntimeError: part 1 is broken",
            "task `part[1]`, try 2: RuntimeError: part 2 is broken",
            "the run of `parts` failed, with 2 tasks",
        ]
    );
    let log = job.log(&server).await.unwrap();
    for head in ["task `part[0]`, try 1", "task `part[1]`, try 2", "RuntimeError: part 2 is broken"]
    {
        assert!(log.iter().any(|line| line == head), "{head}: {log:#?}");
    }
}

#[tokio::test]
async fn what_airflow_does_not_take_fails_with_its_reason() {
    let Some(airflow) = Airflow::shared().await else { return };
    let server = server(&airflow);
    for (attempt, says) in [
        (attempt("picky", json!({"count": "many"})), "param count"),
        (attempt("nowhere", json!({})), "there is no such DAG"),
    ] {
        let job = attempt.create(&server).await.unwrap();
        let failed = job.get(&server).await.unwrap();
        assert_eq!(failed.phase(), Phase::Failed);
        assert!(failed.message.contains(says), "{}", failed.message);
    }
}

#[tokio::test]
async fn who_may_not_is_told_and_no_secret_is_shown() {
    let Some(airflow) = Airflow::shared().await else { return };
    let server = server(&airflow);
    let by = |user: &str, password: &str| {
        let attempt = attempt("works", json!({}));
        attempt.secret("airflow_username", user).secret("airflow_password", password)
    };
    for (attempt, says) in [
        (by(USER, "hunter2hunter2"), "Invalid credentials"),
        (by(VIEWER, PASSWORD), "Forbidden"),
        (
            attempt("works", json!({})).secret("airflow_token", "hunter2hunter2"),
            "Invalid JWT token",
        ),
    ] {
        let job = attempt.create(&server).await.unwrap();
        let failed = job.get(&server).await.unwrap();
        assert_eq!(failed.phase(), Phase::Failed);
        assert!(failed.message.contains(says), "{}", failed.message);
        assert!(!failed.message.contains("hunter2"), "{}", failed.message);
    }
}

#[tokio::test]
async fn a_paused_dag_is_told_and_woken_where_the_task_says_so() {
    let Some(airflow) = Airflow::shared().await else { return };
    let server = server(&airflow);
    let waiting = attempt("sleeping", json!({})).create(&server).await.unwrap();
    let told = waiting.get(&server).await.unwrap();
    assert_eq!(told.phase(), Phase::Queued);
    assert!(told.message.contains("`sleeping` is paused"), "{}", told.message);
    let custom = json!({"dag_id": "sleeping", "unpause": true});
    let waker = Attempt::of("airflow_dag", custom).create(&server).await.unwrap();
    for job in [&waker, &waiting] {
        job.until(&server, &[Phase::Succeeded], SOON).await;
    }
    airflow.pause("sleeping", true).await;
}

#[tokio::test]
async fn a_run_set_to_success_before_it_began_is_no_success() {
    let Some(airflow) = Airflow::shared().await else { return };
    let server = server(&airflow);
    // It waits behind another one.
    let (beat, mark) = beat(&airflow);
    let conf = json!({"beat": beat, "seconds": 600, "child": mark});
    let first = attempt("one_at_a_time", conf).create(&server).await.unwrap();
    let second = attempt("one_at_a_time", json!({})).create(&server).await.unwrap();
    process_at(&beat).await;
    let path = format!(
        "/api/v2/dags/one_at_a_time/dagRuns/{}",
        second.meta()["dag_run_id"].as_str().unwrap()
    );
    let success = json!({"state": "success"});
    let (status, run) = airflow.asked(Method::PATCH, &path, Some(&success)).await.unwrap();
    assert_eq!((status, &run["state"], &run["start_date"]), (200, &"success".into(), &Value::Null));
    let failed = second.get(&server).await.unwrap();
    assert_eq!(failed.phase(), Phase::Failed);
    assert!(failed.message.contains("none of its tasks ran"), "{}", failed.message);
    crate::airflow_cancels::cancelled(&server, &first).await;
    nothing_is_left(&airflow, &first, &mark).await;
}

#[tokio::test]
async fn an_attempt_created_twice_by_two_servers_is_one_run() {
    let Some(airflow) = Airflow::shared().await else { return };
    let (one, other) = (server(&airflow), server(&airflow));
    let attempt = attempt("works", json!({}));
    let (first, second) = tokio::join!(attempt.create(&one), attempt.create(&other));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.meta(), second.meta());
    second.until(&other, &[Phase::Succeeded], SOON).await;
    // Long after, too: what is there is looked at.
    assert_eq!(attempt.create(&server(&airflow)).await.unwrap().meta(), first.meta());
    let log = first.log(&one).await.unwrap();
    assert_eq!(log.iter().filter(|line| *line == "line 0").count(), 1);
}

#[tokio::test]
async fn a_run_goes_on_while_our_server_is_replaced() {
    let Some(airflow) = Airflow::shared().await else { return };
    let mut server = server(&airflow);
    let (beat, mark) = beat(&airflow);
    let conf = json!({"beat": beat, "seconds": 600, "child": mark});
    let job = attempt("works", conf).create(&server).await.unwrap();
    let process = process_at(&beat).await;
    server.kill();
    server.start_again();
    job.until(&server, &[Phase::Running], SOON).await;
    assert_eq!(process_at(&beat).await, process, "it is the same");
    crate::airflow_cancels::cancelled(&server, &job).await;
    nothing_is_left(&airflow, &job, &mark).await;
}

#[tokio::test]
async fn a_run_that_airflow_does_not_know_has_failed_and_can_be_deleted() {
    let Some(airflow) = Airflow::shared().await else { return };
    let server = server(&airflow);
    let meta = json!({
        "url": airflow.address(), "dag_id": "works", "dag_run_id": "flyte-unknown", "time_limit": null,
    });
    let job = Job::of_meta("airflow_dag", &meta);
    let gone = job.get(&server).await.unwrap();
    assert_eq!(gone.phase(), Phase::Failed, "{gone:?}");
    job.delete(&server).await.unwrap();
}

#[tokio::test]
async fn a_run_is_known_and_cancelled_after_its_airflow_died_and_came_back() {
    let Some(airflow) = Airflow::own("Airflow that is restarted").await else { return };
    let server = server(&airflow);
    let (beat, mark) = beat(&airflow);
    let conf = json!({"beat": beat, "seconds": 600, "child": mark});
    let job = attempt("works", conf).create(&server).await.unwrap();
    process_at(&beat).await;
    job.until(&server, &[Phase::Running], SOON).await;
    airflow.kill();
    let meanwhile = job.get(&server).await.unwrap();
    assert_eq!(meanwhile.phase(), Phase::Running, "no answer is no failure: {meanwhile:?}");
    // A try that begins before the API answers fails at once, and the run with it, as on a machine that is slow to
    // start all of it together.
    airflow.start_without_scheduler().await;
    airflow.start_scheduler();
    // Whether and when Airflow begins with it again is Airflow's; it is asked about, and cancelled, as before.
    job.until(&server, &[Phase::Running], SOON).await;
    crate::airflow_cancels::cancelled(&server, &job).await;
    assert_eq!(job.get(&server).await.unwrap().phase(), Phase::Aborted);
    nothing_is_left(&airflow, &job, &mark).await;
}
