//! Runs that fail: what the message says, and where logs and durations come from.

use connector_core::prelude::*;
use connector_testing::Harness;
use serde_json::{Value, json};

use crate::vendor::{Asked, FakeDatabricks, TOKEN, refusal};
use crate::{bare_task, connector, harness, task};

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

/// A vendor that writes the credential wherever it has room for text.
#[tokio::test(start_paused = true)]
async fn the_token_is_in_nothing_that_the_vendor_quotes() {
    let fake = FakeDatabricks::new();
    let job = harness(&fake).create(&task()).await.unwrap();
    let quoted = format!("token {TOKEN}");
    for pointer in [
        "/run_page_url",
        "/job_id",
        "/run_id",
        "/state/life_cycle_state",
        "/state/result_state",
        "/state/state_message",
        "/status/state",
        "/status/termination_details/code",
        "/status/termination_details/type",
        "/status/termination_details/message",
        "/status/queue_details/message",
        "/tasks/0/task_key",
        "/tasks/0/state/state_message",
    ] {
        let details = json!({"code": "", "type": "", "message": ""});
        let mut told = json!({
            "run_page_url": "https://a.example/", "job_id": 1, "run_id": 1, "state": failed("m"),
            "status": {"state": "", "termination_details": details, "queue_details": {"message": ""}},
            "tasks": [{"task_key": "t", "run_id": 1, "state": failed("m")}],
        });
        *told.pointer_mut(pointer).unwrap() = match pointer {
            "/run_page_url" => format!("https://a.example/{TOKEN}").into(),
            "/status/state" => "TERMINATED".into(),
            _ => quoted.clone().into(),
        };
        fake.books().told = Some(told);
        fake.books().output = Some(json!({"error": quoted, "error_trace": quoted, "logs": quoted}));
        let seen = job.get().await.unwrap();
        assert!(!format!("{seen:?}").contains(TOKEN), "{pointer}: {seen:?}");
    }
    for refused in [
        refusal(400, &quoted, &quoted),
        refusal(403, "PERMISSION_DENIED", &quoted),
        (503, quoted.clone()),
        (200, quoted.clone()),
        (502, format!("<html>{quoted}</html>")),
    ] {
        for call in ["create", "get", "delete"] {
            fake.books().refusals = vec![refused.clone(); 5];
            let error = match call {
                // It may have arrived, so it is asked about until that is known.
                "create" if refused.0 == 502 => continue,
                "create" => harness(&fake).create(&task()).await.unwrap_err(),
                "get" => job.get().await.unwrap_err(),
                _ if refused.0 == 200 => continue,
                _ => job.delete().await.unwrap_err(),
            };
            assert!(!format!("{error:?}").contains(TOKEN), "{call}: {error:?}");
        }
        fake.books().refusals.clear();
    }
    // Nobody's token is no text either.
    fake.asked();
    let error = harness(&fake).create(&bare_task()).await.unwrap_err();
    assert!(error.message().starts_with("there are no credentials for Databricks"), "{error}");
    assert_eq!(fake.asked(), [], "nothing is sent without a token");
}
