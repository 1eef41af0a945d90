//! Runs that fail: what the message says, and where logs and durations come from.

use std::time::Duration;

use connector_core::prelude::*;
use connector_testing::Harness;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::vendor::{Asked, FakeDatabricks, TOKEN};
use crate::{connector, harness, task};

fn failed(message: &str) -> Value {
    json!({"life_cycle_state": "TERMINATED", "result_state": "FAILED", "state_message": message})
}

#[tokio::test(start_paused = true)]
async fn a_failure_says_what_the_code_said() {
    let fake = FakeDatabricks::new();
    let job = harness(&fake).create(&task()).await.unwrap();
    fake.books().told =
        Some(json!({"state": failed("Workload failed, see run output for details")}));
    fake.books().output = Some(json!({
        "error": "NameError: name 'x' is not defined",
        "error_trace": "\u{1b}[0;31mTraceback\u{1b}[0m (most recent call last): …",
    }));
    let seen = job.get().await.unwrap();
    assert_eq!(seen.phase, Phase::Failed);
    assert_eq!(
        seen.message,
        "Workload failed, see run output for details (FAILED)\nNameError: name 'x' is not defined\n\
         Traceback (most recent call last): …"
    );
}

#[tokio::test(start_paused = true)]
async fn the_output_is_that_of_the_tasks_that_failed() {
    let fake = FakeDatabricks::new();
    let job = harness(&fake).create(&task()).await.unwrap();
    let part = |key: &str, run_id: u64, state: Value| json!({"task_key": key, "run_id": run_id, "state": state});
    let good = json!({"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"});
    fake.books().told = Some(json!({
        "state": failed("Task b failed"),
        "tasks": [part("a", 101, good), part("b", 102, failed("b broke")), part("c", 103, failed(""))],
    }));
    fake.books().output = Some(json!({"error": "E"}));
    fake.asked();
    let seen = job.get().await.unwrap();
    assert_eq!(seen.message, "Task b failed (FAILED)\ntask `b`: b broke\nE\ntask `c`\nE");
    let calls: Vec<String> =
        fake.asked().into_iter().skip(1).map(|Asked { call, .. }| call).collect();
    let output = |id: u64| format!("GET /api/2.1/jobs/runs/get-output?run_id={id}");
    assert_eq!(calls, [output(102), output(103)]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_though_its_output_is_not_to_be_had() {
    let fake = FakeDatabricks::new();
    let job = harness(&fake).create(&task()).await.unwrap();
    fake.books().told = Some(json!({"state": failed("it failed")}));
    let seen = job.get().await.unwrap();
    assert_eq!(seen.phase, Phase::Failed);
    assert!(
        seen.message.starts_with("it failed (FAILED)\n(its output cannot be read: "),
        "{}",
        seen.message
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_does_not_wait_for_an_output_that_does_not_come() {
    let fake = FakeDatabricks::new();
    let job = harness(&fake).create(&task()).await.unwrap();
    fake.books().told = Some(json!({"state": failed("it failed")}));
    fake.books().keeps_outputs = true;
    let begun = Instant::now();
    let seen = job.get().await.unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}: the caller has gone",
        begun.elapsed()
    );
    assert_eq!(seen.phase, Phase::Failed);
    assert!(seen.message.contains("no answer within"), "{}", seen.message);
}

#[tokio::test(start_paused = true)]
async fn whose_fault_it_was_decides_whether_to_try_again() {
    let fake = FakeDatabricks::new();
    let job = harness(&fake).create(&task()).await.unwrap();
    fake.books().output = Some(json!({}));
    for (fault, phase) in
        [("CLOUD_FAILURE", Phase::RetryableFailed), ("CLIENT_ERROR", Phase::Failed)]
    {
        let details = json!({"code": "CLUSTER_ERROR", "type": fault, "message": "no nodes"});
        fake.books().told =
            Some(json!({"status": {"state": "TERMINATED", "termination_details": details}}));
        let seen = job.get().await.unwrap();
        assert_eq!((seen.phase, seen.message.as_str()), (phase, "no nodes (CLUSTER_ERROR)"));
        let code = &seen.custom_info.fields["termination_code"];
        assert_eq!(format!("{code:?}").matches("CLUSTER_ERROR").count(), 1, "{code:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiting_run_says_what_for() {
    let fake = FakeDatabricks::new();
    let job = harness(&fake).create(&task()).await.unwrap();
    let waits = json!({"code": "ACTIVE_RUNS_LIMIT_REACHED", "message": "too many active runs"});
    fake.books().told = Some(json!({"status": {"state": "QUEUED", "queue_details": waits}}));
    let seen = job.get().await.unwrap();
    assert_eq!((seen.phase, seen.message.as_str()), (Phase::Queued, "too many active runs"));
    fake.books().told = Some(json!({"state": {"life_cycle_state": "HIBERNATING"}}));
    let seen = job.get().await.unwrap();
    assert_eq!((seen.phase, seen.unknown_state.as_deref()), (Phase::Running, Some("HIBERNATING")));
}

#[tokio::test(start_paused = true)]
async fn logs_and_durations_are_read_by_the_operators_token() {
    let fake = FakeDatabricks::new();
    let lent = Settings::from_iter([("databricks_token", TOKEN)]);
    let databricks = Harness::new(connector(&fake, &lent));
    let job = databricks.create(&task()).await.unwrap();
    fake.books().told = Some(json!({"tasks": [
        {"task_key": "a", "run_id": 101, "setup_duration": 1_500, "execution_duration": 250},
        {"task_key": "b", "run_id": 102, "execution_duration": 0},
    ], "end_time": 1_700_000_000_000_u64}));
    fake.books().output = Some(json!({"logs": "one\ntwo\n", "notebook_output": {"result": "42"}}));
    assert_eq!(job.log().await.unwrap(), ["one", "two", "42", "one", "two", "42"]);
    let calls: Vec<String> = fake.asked().into_iter().map(|asked| asked.call).collect();
    assert!(calls.iter().any(|call| call.ends_with("get-output?run_id=102")), "{calls:?}");
    let error = job.log_page(LogQuery::new().token("9.0")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask);

    let metrics = job.metrics(MetricsQuery::new()).await.unwrap();
    let names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, ["execution_duration_seconds", "setup_duration_seconds"]);
    let setup = connector_core::custom_info::struct_to_json(&metrics[1].data);
    assert_eq!(
        setup["result"],
        json!([{"metric": {"task": "a"}, "values": [[1_700_000_000, "1.5"]]}])
    );
    let query = MetricsQuery::new().queries(["setup_duration_seconds"]);
    assert_eq!(job.metrics(query).await.unwrap().len(), 1);

    let error = harness(&fake).job(&task(), job.resource_meta().clone()).log().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_run_of_many_tasks_is_read_to_its_end() {
    let fake = FakeDatabricks::new();
    let settings = Settings::from_iter([("databricks_token", TOKEN), ("api_version", "2.2")]);
    let job = Harness::new(connector(&fake, &settings)).create(&task()).await.unwrap();
    let page = |tasks: std::ops::Range<u64>, result: &str| -> Value {
        let state = json!({"life_cycle_state": "TERMINATED", "result_state": result});
        let part = |id| json!({"task_key": format!("t{id}"), "run_id": id, "state": state, "setup_duration": 1_000});
        tasks.map(part).collect()
    };
    fake.books().told = Some(json!({"state": failed("Task t250 failed")}));
    fake.books().output = Some(json!({"error": "E", "logs": "line"}));
    fake.books().pages =
        vec![page(0..100, "SUCCESS"), page(100..200, "SUCCESS"), page(200..251, "FAILED")];
    fake.asked();
    let seen = job.get().await.unwrap();
    assert_eq!(
        seen.message,
        "Task t250 failed (FAILED)\ntask `t200`\nE\ntask `t201`\nE\ntask `t202`\nE"
    );
    let calls: Vec<String> = fake.asked().into_iter().map(|asked| asked.call).collect();
    let get = "GET /api/2.2/jobs/runs/get?run_id=9007199254740993";
    assert_eq!(
        calls[..3],
        [get.to_owned(), format!("{get}&page_token=1"), format!("{get}&page_token=2")]
    );
    assert_eq!(job.log().await.unwrap().len(), 2 * 251, "a line and an error of each task");
    let setup = job.metrics(MetricsQuery::new()).await.unwrap();
    let setup = connector_core::custom_info::struct_to_json(&setup[0].data);
    assert_eq!(setup["result"].as_array().unwrap().len(), 251);
    // A run that goes well needs no more than where it stands.
    fake.books().told = Some(json!({"state": {"life_cycle_state": "RUNNING"}}));
    fake.asked();
    job.get().await.unwrap();
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_proxy_says_cancels_nothing() {
    let fake = FakeDatabricks::new();
    let job = harness(&fake).create(&task()).await.unwrap();
    fake.asked();
    fake.books().refusals = vec![(200, "Sign in at https://portal.example first".to_owned())];
    let error = job.delete().await.unwrap_err();
    assert_eq!(error.kind().as_str(), "transient", "{error}");
    assert_eq!(fake.asked().len(), 1);
    job.delete().await.unwrap();
    let seen = job.get().await.unwrap();
    assert_eq!(seen.phase, Phase::Failed, "cancelled now: {}", seen.message);
}
