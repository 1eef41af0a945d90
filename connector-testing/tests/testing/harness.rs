//! The harness drives connectors as the server does: real encoding, the connector's own errors.

use std::time::Duration;

use connector_core::Registry;
use connector_core::prelude::*;
use connector_examples::batch_job::BatchJobConnector;
use connector_examples::simulator::Simulator;
use connector_examples::sync_echo::SyncEcho;
use connector_testing::{Harness, Task};
use tokio::time::Instant;

const TRANSIENT: ErrorKind = ErrorKind::Transient { retry_after: None };

fn steps(phases: &[&str]) -> Task {
    let phases = serde_json::json!(phases);
    Task::new("simulator").custom("phases", phases).custom("get_min_interval_ms", 0)
}

#[tokio::test(start_paused = true)]
async fn a_job_is_followed_to_its_end_at_the_executors_pace() {
    let harness = Harness::new(Simulator::default());
    let task = steps(&["QUEUED", "RUNNING", "RUNNING", "SUCCEEDED"])
        .custom("outputs", serde_json::json!({"n": 3, "s": "x"}));
    let job = harness.create(&task).await.unwrap();

    let start = Instant::now();
    let journey = job.run().await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(90), "three waits between four polls");
    assert_eq!(journey.polls().len(), 4);
    journey.assert_phases([Phase::Queued, Phase::Running, Phase::Succeeded]);
    assert_eq!(journey.output::<i64>("n"), Ok(3));
    assert_eq!(journey.output::<String>("s").as_deref(), Ok("x"));

    let wrong = journey.output::<i64>("s").unwrap_err();
    assert!(wrong.contains("the output \"s\"") && wrong.contains("integer"), "{wrong}");
    let missing = journey.output::<i64>("m").unwrap_err();
    assert!(missing.contains(r#"no output "m"; there is: ["n", "s"]"#), "{missing}");
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "expected SUCCEEDED. The polls said:\n  1. QUEUED: job ")]
async fn other_phases_than_expected_are_shown_poll_by_poll() {
    let harness = Harness::new(Simulator::default());
    let job = harness.create(&steps(&["QUEUED", "FAILED"])).await.unwrap();
    job.run().await.unwrap().assert_phases([Phase::Succeeded]);
}

#[tokio::test(start_paused = true)]
async fn a_job_without_an_end_is_left_alone() {
    let harness = Harness::new(Simulator::default());
    let job = harness.create(&steps(&["RUNNING"])).await.unwrap();
    let journey = job.run().await.unwrap();
    journey.assert_phases([Phase::Running]);
    assert_eq!(journey.polls().len(), 1_000);
    assert!(journey.to_string().ends_with("not the end after 1000 polls"), "{journey}");
    job.delete().await.unwrap();
    job.delete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn errors_come_as_the_connector_made_them() {
    let harness = Harness::new(Simulator::default());
    for (create, kind) in [
        ("permanent", ErrorKind::Permanent),
        ("retryable", ErrorKind::Retryable),
        ("transient", TRANSIENT),
        ("invalid", ErrorKind::InvalidTask),
    ] {
        let error = harness.create(&steps(&[]).custom("create", create)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    let transient = steps(&[]).custom("get", serde_json::json!(["transient", "ok"]));
    let job = harness.create(&transient).await.unwrap();
    assert_eq!(job.run().await.unwrap_err().kind(), TRANSIENT);
    job.get().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn inputs_and_settings_are_read_by_the_connectors_types() {
    let harness = Harness::new(BatchJobConnector);
    let task = Task::new("batch_job").custom("duration_seconds", "long");
    let error = harness.create(&task).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask);
    assert!(error.message().contains("duration_seconds"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn stored_metadata_are_enough_and_bad_ones_say_so() {
    let harness = Harness::new(BatchJobConnector);
    let task = Task::new("batch_job").custom("duration_seconds", 0);
    let job = harness.create(&task).await.unwrap();
    let meta = job.resource_meta().clone();

    let elsewhere = Harness::new(BatchJobConnector);
    let journey = elsewhere.job(&task, meta).run().await.unwrap();
    journey.assert_phases([Phase::Succeeded]);
    assert!(journey.output::<String>("result").unwrap().starts_with("output-from-"));

    let unreadable = elsewhere.job(&task, "{not json");
    assert!(unreadable.get().await.is_err());
    assert!(unreadable.delete().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn logs_are_read_page_by_page_and_metrics_come() {
    let harness = Harness::new(BatchJobConnector);
    let job = harness.create(&Task::new("batch_job")).await.unwrap();
    let first = job.log_page(LogQuery::default()).await.unwrap();
    assert_eq!(first.next_token.as_deref(), Some("page-2"));
    let lines = job.log().await.unwrap();
    assert!(lines.len() > first.lines.len(), "{lines:?}");
    assert_eq!(job.metrics(MetricsQuery::default()).await.unwrap().len(), 2);
}

/// Answers its idempotency key as job id; its log goes round in a circle.
#[connector(task_type = "keyed", version = [0, 1])]
#[derive(Debug, Default)]
struct Keyed;

impl AsyncConnector for Keyed {
    async fn create(&self, task: CreateTask<Self>) -> Result<JobId> {
        let key = task.idempotency_key();
        Ok(JobId::new(key.as_ref().map_or("none", |key| key.as_str())))
    }

    async fn get(&self, job: &JobId, cx: &TaskContext<Self>) -> Result<Resource> {
        assert!(!cx.output_prefix.is_empty() && cx.call.remaining().is_some());
        Ok(Resource::running().message(job.job_id.clone()))
    }

    async fn get_many(&self, jobs: &[(JobId, TaskContext<Self>)]) -> Vec<Result<Resource>> {
        let count = jobs.len();
        let batch = |(job, _): &(JobId, _)| {
            Ok(Resource::running().message(format!("{} of {count}", job.job_id)))
        };
        jobs.iter().map(batch).collect()
    }

    async fn delete(&self, _job: &JobId, cx: &TaskContext<Self>) -> Result<()> {
        assert_eq!(cx.output_prefix, "", "the executor sends none");
        Ok(())
    }

    async fn find(&self, key: &IdempotencyKey, _: &TaskContext<Self>) -> Result<Option<JobId>> {
        Ok(Some(JobId::new(key.as_str())))
    }

    async fn get_logs(&self, _: &JobId, query: LogQuery, _: &CallContext) -> Result<Logs> {
        let next = if query.token == "a" { "b" } else { "a" };
        Ok(LogPage::new([]).next_token(next.to_owned()).into())
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeated_create_has_the_same_key_and_the_next_attempt_another() {
    let harness = Harness::new(Keyed);
    let task = Task::new("keyed");
    let job = harness.create(&task).await.unwrap();
    let again = job.create_again().await.unwrap();
    assert_eq!(job.resource_meta(), again.resource_meta());
    let next = job.next_attempt().await.unwrap();
    assert_ne!(job.resource_meta(), next.resource_meta());
    assert_ne!(job.output_prefix(), next.output_prefix());
    let other = harness.create(&task).await.unwrap();
    assert_ne!(job.resource_meta(), other.resource_meta());
    let found = job.find().await.unwrap().unwrap();
    assert_eq!(job.resource_meta(), found.resource_meta());
    job.delete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn named_runs_have_the_same_keys_every_time() {
    let task = Task::new("keyed");
    let created =
        async |harness: &Harness| harness.create(&task).await.unwrap().resource_meta().clone();
    let [once, later] = [(); 2].map(|()| Harness::new(Keyed).runs_named("film"));
    let first = created(&once).await;
    assert_eq!(created(&later).await, first);
    assert_ne!(created(&once).await, first);
}

#[tokio::test(start_paused = true)]
async fn a_batch_answers_in_order_and_is_of_one_task_type() {
    let harness = Harness::new(Keyed);
    let task = Task::new("keyed");
    let [a, b] = [harness.create(&task).await.unwrap(), harness.create(&task).await.unwrap()];
    let bad = harness.job(&task, "?");
    let answers = harness.get_many(&[&a, &bad, &b]).await.unwrap();
    let [first, second, third] = answers.as_slice() else { panic!("three answers") };
    assert_eq!(first.as_ref().unwrap().message, format!("{} of 2", a.get().await.unwrap().message));
    assert!(second.is_err(), "its metadata are no JSON");
    assert_eq!(third.as_ref().unwrap().message, format!("{} of 2", b.get().await.unwrap().message));

    let newer = harness.create(&task.version(1)).await.unwrap();
    let error = harness.get_many(&[&a, &newer]).await.unwrap_err();
    assert!(error.message().contains("keyed (0) and keyed (1)"), "{error}");
    assert_eq!(harness.get_many(&[]).await.unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_goes_round_in_a_circle_is_an_error() {
    let harness = Harness::new(Keyed);
    let job = harness.create(&Task::new("keyed")).await.unwrap();
    let error = job.log().await.unwrap_err();
    assert!(error.message().contains(r#""b" leads back to "a""#), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_task_type_nobody_has_is_told_with_what_there_is() {
    let registry = Registry::builder().register(Keyed).build().await.unwrap();
    let harness = Harness::of(registry);
    let error = harness.create(&Task::new("render").version(2)).await.unwrap_err();
    let text =
        r#"no connector for task type "render" in version 2; there is: keyed (0), keyed (1)"#;
    assert_eq!(error.message(), text);
}

#[tokio::test]
async fn a_task_within_one_call_is_run_and_makes_no_job() {
    let harness = Harness::new_sync(SyncEcho);
    let task = Task::new("sync_echo").input("a", literal::integer(1));
    let ended = harness.run(&task).await.unwrap();
    assert_eq!((ended.phase, ended.message.as_str()), (Phase::Succeeded, "1 inputs came in"));
    assert_eq!(ended.outputs.into_inline().unwrap().len(), 1);
    let error = harness.run(&task.custom("do", "retryable")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Retryable);
    let error = harness.create(&Task::new("sync_echo")).await.unwrap_err();
    assert!(error.message().contains("its tasks are run"), "{error}");
    let jobs = Harness::new(Simulator::default());
    jobs.run(&Task::new("simulator")).await.unwrap_err();
}
