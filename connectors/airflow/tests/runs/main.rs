//! Runs on a fake Airflow: what is asked, what becomes of every answer, who asks, and the executor's rules.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod cancels;
mod fake;

use connector_airflow::Airflow;
use connector_core::prelude::*;
use connector_testing::conformance::Subject;
use connector_testing::{Harness, Task};
use serde_json::{Value, json};

use fake::{DAG, FakeAirflow, USER};

/// What the operator lends, as the settings have it.
fn operator(fake: &FakeAirflow) -> Settings {
    Settings::from_iter([
        ("url", fake.url()),
        ("airflow_username", USER.0),
        ("airflow_password", USER.1),
    ])
}

fn bare_task() -> Task {
    Task::new("airflow_dag").custom("dag_id", DAG)
}

fn task() -> Task {
    bare_task().secret("airflow_username", USER.0).secret("airflow_password", USER.1)
}

fn harness(fake: &FakeAirflow) -> Harness {
    fake.open();
    Harness::new(Airflow::new(&operator(fake)).unwrap())
}

mod rules {
    use super::{Airflow, FakeAirflow, Subject, operator, task};

    fn at_airflow() -> Subject {
        let fake = FakeAirflow::new();
        let vendor = fake.clone();
        let open = move || {
            fake.open();
            Airflow::new(&operator(&fake)).unwrap()
        };
        Subject::new(open).task(task()).vendor(vendor)
    }

    connector_testing::conformance!(subject = at_airflow());
}

#[tokio::test(start_paused = true)]
async fn a_run_from_its_start_to_its_end() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    let task = task()
        .custom("conf", json!({"table": "orders"}))
        .custom("note", "nightly")
        .input("day", literal::string("2026-11-28"));
    let job = airflow.create(&task).await.unwrap();
    let [asked] = fake.asked().try_into().unwrap();
    assert_eq!(asked.call, "POST /api/v2/dags/nightly%2Fload/dagRuns");
    let id = asked.body["dag_run_id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), "flyte-".len() + 64, "it comes from the attempt's key");
    let body = json!({
        "dag_run_id": id, "logical_date": null, "conf": {"table": "orders", "day": "2026-11-28"},
        "note": "nightly",
    });
    assert_eq!(asked.body, body);
    let meta: Value = serde_json::from_slice(job.resource_meta()).unwrap();
    assert_eq!(
        meta,
        json!({"url": fake.url(), "dag_id": DAG, "dag_run_id": id, "time_limit": null})
    );

    let journey = job.run().await.unwrap();
    journey.assert_phases([Phase::Queued, Phase::Running, Phase::Succeeded]);
    let last = journey.polls().last().unwrap();
    let [link] = last.log_links.as_slice() else { panic!("{:?}", last.log_links) };
    assert_eq!(link.uri, format!("{}/dags/nightly%2Fload/runs/{id}", fake.url()));
    let info = connector_core::custom_info::struct_to_json(&last.custom_info);
    assert_eq!(
        info,
        json!({"dag_id": DAG, "dag_run_id": id, "state": "success", "duration_seconds": 7.5})
    );
    fake.asked();
    job.delete().await.unwrap();
    assert_eq!(fake.calls(), [format!("GET DAG/dagRuns/{id}")], "a finished run is left as it is");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_created_twice_is_one_run() {
    let fake = FakeAirflow::new();
    let (one, other) = (harness(&fake).runs_named("r"), harness(&fake).runs_named("r"));
    let first = one.create(&task()).await.unwrap();
    fake.asked();
    let second = other.create(&task()).await.unwrap();
    assert_eq!(first.resource_meta(), second.resource_meta());
    let id = fake.books().runs[0].note.clone();
    assert_eq!((fake.books().runs.len(), id), (1, Value::Null));
    let calls = fake.calls();
    assert!(calls[0].starts_with("POST ") && calls[1].starts_with("GET DAG/dagRuns/"), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_conflict_without_a_run_is_a_refusal() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    fake.books().refusals.push((409, json!({"reason": "Unique constraint violation"})));
    let error = airflow.create(&task()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent, "{error}");
    assert!(error.message().contains("409"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_airflow_refuses_at_create_is_told_with_its_reason() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    for (answer, kind, says) in [
        ((400, json!("Invalid input for param n")), ErrorKind::InvalidTask, "param n"),
        (
            (422, json!([{"loc": ["body", "conf"], "msg": "Input should be a valid dictionary"}])),
            ErrorKind::InvalidTask,
            "`conf`: Input should be a valid dictionary",
        ),
        ((403, json!("Forbidden")), ErrorKind::Permanent, "Forbidden"),
    ] {
        fake.books().refusals.push(answer);
        let error = airflow.create(&task()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().contains(says), "{error}");
    }
    let error = airflow.create(&task().custom("dag_id", "other")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask);
    assert!(error.message().contains("Dag with dag_id: 'other' not found"), "{error}");
    let error = airflow.create(&task().custom("dag_id", "")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask);
    let error = airflow.create(&task().custom("url", "ftp://a")).await.unwrap_err();
    assert!(error.message().starts_with("`custom.url` is no address"), "{error}");
    assert!(fake.books().runs.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_paused_dag_is_told_or_woken() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    fake.books().is_paused = true;
    let job = airflow.create(&task()).await.unwrap();
    let waiting = job.get().await.unwrap();
    assert_eq!(waiting.phase, Phase::Queued);
    assert!(waiting.message.contains("is paused"), "{}", waiting.message);
    assert!(fake.books().is_paused, "nobody asked for more");
    let job = airflow.create(&task().custom("unpause", true)).await.unwrap();
    assert!(!fake.books().is_paused);
    assert!(job.get().await.unwrap().message.contains("not begun"));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ran_out_is_signed_in_for_again_and_a_wrong_password_is_told_once() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    let job = airflow.create(&task()).await.unwrap();
    fake.books().tokens.clear();
    assert_eq!(job.get().await.unwrap().phase, Phase::Queued);

    let wrong =
        bare_task().secret("airflow_username", USER.0).secret("airflow_password", "hunter2hunter2");
    let error = airflow.create(&wrong).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);
    assert!(error.message().contains("signing in at 127.0.0.1:"), "{error}");
    assert!(!error.message().contains("hunter2"), "{error}");
    let wrong = bare_task().secret("airflow_token", "nonsense");
    let error = airflow.create(&wrong).await.unwrap_err();
    assert!(error.message().contains("Invalid JWT token"), "{error}");
    let half = bare_task().secret("airflow_username", USER.0);
    let error = airflow.create(&half).await.unwrap_err();
    assert!(error.message().contains("no `airflow_password`"), "{error}");
    assert_eq!(fake.books().runs.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_names_its_tasks_and_what_they_raised() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    let job = airflow.create(&task()).await.unwrap();
    fake.books().told = json!({"state": "failed", "end_date": "2026-11-28T06:00:09.000000Z"});
    let one = |index: usize| {
        json!({"task_id": "load", "map_index": index, "state": "failed", "try_number": 2, "pid": 7,
               "start_date": format!("2026-11-28T06:00:0{index}.000000Z")})
    };
    let mut tasks: Vec<Value> = (0..5).map(one).collect();
    // More than a page of them.
    tasks.extend(
        (0..120).map(|n| json!({"task_id": format!("t{n}"), "map_index": -1, "state": "success"})),
    );
    fake.books().tasks = Some(tasks.into());
    fake.books().log = Some(json!([
        {"event": "Task failed with exception", "level": "error", "logger": "task",
         "error_detail": [{"exc_type": "ValueError", "exc_value": "no such table"}]},
    ]));
    let failed = job.get().await.unwrap();
    assert_eq!(failed.phase, Phase::Failed);
    assert_eq!(
        failed.message,
        "the run of `nightly/load` failed, with 5 tasks\n\
         task `load[0]`, try 2: ValueError: no such table\n\
         task `load[1]`, try 2: ValueError: no such table\n\
         task `load[2]`, try 2: ValueError: no such table\n\
         and 2 more"
    );
    let links: Vec<&str> = failed.log_links.iter().map(|link| link.name.as_str()).collect();
    assert_eq!(
        links,
        ["Airflow DAG run", "Airflow task load[0]", "Airflow task load[1]", "Airflow task load[2]"]
    );
    assert!(failed.log_links[1].uri.ends_with("/tasks/load/mapped/0"), "{:?}", failed.log_links);
    let info = connector_core::custom_info::struct_to_json(&failed.custom_info);
    assert_eq!(info["tasks"], json!({"failed": 5, "success": 120}));
}

#[tokio::test(start_paused = true)]
async fn a_success_before_the_start_is_none() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    let job = airflow.create(&task()).await.unwrap();
    fake.books().told = json!({"state": "success", "start_date": null});
    let resource = job.get().await.unwrap();
    assert_eq!(resource.phase, Phase::Failed);
    assert!(resource.message.contains("none of its tasks ran"), "{}", resource.message);
    fake.books().told = json!({"state": "awaiting"});
    let resource = job.get().await.unwrap();
    assert_eq!(
        (resource.phase, resource.unknown_state.as_deref()),
        (Phase::Running, Some("awaiting"))
    );
}

#[tokio::test(start_paused = true)]
async fn logs_and_metrics_are_read_with_what_the_operator_lends() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    let job = airflow.create(&task()).await.unwrap();
    fake.books().tasks = Some(json!([
        {"task_id": "b", "map_index": -1, "state": "running", "try_number": 2, "pid": 8,
         "start_date": "2026-11-28T06:00:02.000000Z", "duration": 1.5, "end_date": "2026-11-28T06:00:07Z"},
        {"task_id": "c", "map_index": -1, "state": null, "try_number": 0, "pid": null, "start_date": null},
        {"task_id": "a", "map_index": 3, "state": "success", "try_number": 1, "pid": 7,
         "start_date": "2026-11-28T06:00:01.000000Z", "duration": 0.5, "end_date": "2026-11-28T06:00:02Z"},
    ]));
    fake.books().works_on = 9;
    let log = job.log().await.unwrap();
    assert_eq!(
        log,
        ["task `a[3]`, try 1", "a 3 1", "task `b`, try 1", "b -1 1", "task `b`, try 2", "b -1 2"]
    );
    let metrics = job.metrics(MetricsQuery::new()).await.unwrap();
    let [metric] = metrics.as_slice() else { panic!("{metrics:?}") };
    assert_eq!(metric.name, "task_duration_seconds");
    let data = connector_core::custom_info::struct_to_json(&metric.data);
    assert_eq!(data["result"][0]["metric"], json!({"task": "a[3]"}));
    assert_eq!(data["result"].as_array().unwrap().len(), 2);
    let others = MetricsQuery::new().queries(["cpu"]);
    assert!(job.metrics(others).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_gone_is_not_found() {
    let fake = FakeAirflow::new();
    let airflow = harness(&fake);
    let meta = json!({"url": fake.url(), "dag_id": DAG, "dag_run_id": "gone", "time_limit": null});
    let gone = airflow.job(&task(), meta.to_string());
    assert_eq!(gone.get().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(
        gone.delete().await.unwrap_err().kind(),
        ErrorKind::NotFound,
        "the server takes it as done"
    );
}
