//! Create: once per attempt, whoever asks and whoever leaves, and no job that nobody takes.

use bytes::Bytes;
use conformance_tests::running::{attempt, delete, get};
use conformance_tests::{Running, Setup, Vendor};
use connector_core::pb::task_execution::Phase;
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use tonic::Code;
use tonic::transport::Channel;

const IN_FLIGHT: &str =
    "flyte_connector_requests_in_flight{operation=\"create\",task_type=\"vendor\"}";
const CANCELLED: &str =
    "flyte_connector_abandoned_creates_total{outcome=\"cancelled\",task_type=\"vendor\"}";

async fn create(
    tasks: &mut AsyncConnectorServiceClient<Channel>,
    request: pb::CreateTaskRequest,
) -> Bytes {
    tasks.create_task(request).await.expect("a job").into_inner().resource_meta
}

#[tokio::test]
async fn twenty_creates_of_one_attempt_make_one_job() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    vendor.hold_creates();
    let mut callers = Vec::new();
    for _ in 0..20 {
        let mut tasks = server.tasks().await;
        callers.push(tokio::spawn(
            async move { create(&mut tasks, attempt("vendor", "run", 0)).await },
        ));
    }
    server.until_counted(&format!("{IN_FLIGHT} 20")).await;
    vendor.let_creates_finish();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), r#"{"job_id": "v-1"}"#);
    }
    assert_eq!((vendor.counts().creates, vendor.counts().jobs), (1, 1));
    // Whoever comes later gets the same one, and it is nobody's to cancel.
    let mut tasks = server.tasks().await;
    assert_eq!(create(&mut tasks, attempt("vendor", "run", 0)).await, r#"{"job_id": "v-1"}"#);
    server.stop().await;
    assert_eq!((vendor.counts().jobs, vendor.counts().deletes), (1, 0));
}

#[tokio::test]
async fn an_error_is_shared_by_those_who_wait_and_not_remembered() {
    let server = Running::start().await;
    let mut tasks = server.tasks().await;
    let failing = pb::CreateTaskRequest {
        template: conformance_tests::running::create("probe", &[("at_create", "transient")])
            .template,
        ..attempt("probe", "run", 0)
    };
    for _ in 0..2 {
        let refused = tasks.create_task(failing.clone()).await.expect_err("out of order");
        assert_eq!(refused.code(), Code::Internal);
    }
    let calls = "flyte_connector_outside_calls_total{operation=\"create\",task_type=\"probe\"}";
    assert_eq!(server.value(calls).await, 2.0);
    server.stop().await;
}

#[tokio::test]
async fn another_attempt_execution_or_nameless_create_is_another_job() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    let mut tasks = server.tasks().await;
    let nameless = conformance_tests::running::create("vendor", &[]);
    let mut jobs = Vec::new();
    for request in [
        attempt("vendor", "run", 0),
        attempt("vendor", "run", 1),
        attempt("vendor", "other run", 0),
        nameless.clone(),
        nameless,
    ] {
        let job = create(&mut tasks, request).await;
        // Flyte has its metadata, so it is Flyte's to delete.
        tasks.get_task(get("vendor", job.clone())).await.unwrap();
        jobs.push(job);
    }
    jobs.dedup();
    assert_eq!(jobs.len(), 5, "{jobs:?}");
    server.stop().await;
    assert_eq!((vendor.counts().jobs, vendor.counts().deletes), (5, 0));
}

#[tokio::test]
async fn a_new_attempt_cancels_the_job_that_nobody_ever_asked_about() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    let mut tasks = server.tasks().await;
    // Its answer was lost on the way, or the executor would have asked about the job.
    create(&mut tasks, attempt("vendor", "run", 0)).await;
    create(&mut tasks, attempt("vendor", "run", 1)).await;
    assert_eq!(vendor.until(|counts| counts.deletes == 1).await.jobs, 2);
    server.until_counted(&format!("{CANCELLED} 1")).await;
    server.stop().await;
}

#[tokio::test]
async fn a_job_whose_creator_has_left_is_cancelled_after_the_grace() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).policy("CREATE_GRACE", "50ms").start().await;
    server.create_and_leave(&vendor, &attempt("vendor", "run", 0)).await;
    assert_eq!(vendor.counts().jobs, 0, "nobody waits for it, and it goes on");
    vendor.let_creates_finish();
    assert_eq!(vendor.until(|counts| counts.deletes == 1).await.jobs, 1);
    server.until_counted(&format!("{CANCELLED} 1")).await;
    // The next create of the attempt does not get what was cancelled.
    let mut tasks = server.tasks().await;
    assert_eq!(create(&mut tasks, attempt("vendor", "run", 0)).await, r#"{"job_id": "v-2"}"#);
    server.stop().await;
    assert_eq!(vendor.counts().deletes, 1);
}

#[tokio::test]
async fn within_the_grace_the_same_attempt_finds_its_job_again() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    server.create_and_leave(&vendor, &attempt("vendor", "run", 0)).await;
    vendor.let_creates_finish();
    vendor.until(|counts| counts.jobs == 1).await;
    let mut tasks = server.tasks().await;
    assert_eq!(create(&mut tasks, attempt("vendor", "run", 0)).await, r#"{"job_id": "v-1"}"#);
    // The end cancels whatever nobody has taken.
    server.stop().await;
    assert_eq!((vendor.counts().creates, vendor.counts().deletes), (1, 0));
}

#[tokio::test]
async fn an_operator_may_have_abandoned_jobs_kept() {
    let vendor = Vendor::default();
    let setup = Setup::default().policy("CREATE_GRACE", "0").policy("ABANDONED", "keep");
    let server = setup.vendor(&vendor).start().await;
    server.create_and_leave(&vendor, &attempt("vendor", "run", 0)).await;
    vendor.let_creates_finish();
    let kept = "flyte_connector_abandoned_creates_total{outcome=\"kept\",task_type=\"vendor\"} 1";
    server.until_counted(kept).await;
    let mut tasks = server.tasks().await;
    assert_eq!(create(&mut tasks, attempt("vendor", "run", 0)).await, r#"{"job_id": "v-1"}"#);
    server.stop().await;
    assert_eq!(vendor.counts().deletes, 0);
}

#[tokio::test]
async fn a_job_whose_metadata_flyte_cannot_keep_is_cancelled_and_reports_failure() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    let mut tasks = server.tasks().await;
    let padding = "x".repeat(256 << 10);
    let request = conformance_tests::running::create("vendor", &[("padding", &padding)]);
    let job = create(&mut tasks, request).await;
    vendor.until(|counts| counts.deletes == 1).await;
    let got = tasks.get_task(get("vendor", job.clone())).await.unwrap().into_inner();
    let resource = got.resource.unwrap();
    assert_eq!(resource.phase(), Phase::Failed);
    assert!(resource.message.contains("may have 262144"), "{}", resource.message);
    tasks.delete_task(delete("vendor", job)).await.unwrap();
    server.stop().await;
    assert_eq!((vendor.counts().gets, vendor.counts().deletes), (0, 1), "there is no such job");
}
