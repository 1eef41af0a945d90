//! Get: no transient error reaches the executor, which counts them for the life of a job; the
//! vendor is asked at its own pace; and a success carries what the task declares.

use std::time::{Duration, Instant};

use conformance_tests::running::{attempt, get};
use conformance_tests::vendor::Answer::{Hangs, Panics, Says, Transient};
use conformance_tests::{Setup, Vendor};
use connector_core::pb as core_pb;
use connector_core::pb::task_execution::Phase;
use connector_core::prelude::{DynamicOutputs, Outputs, Resource, literal};
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use tonic::transport::Channel;
use tonic::{Code, Request};

const JOB: &str = r#"{"job_id": "v-1"}"#;

type Tasks = AsyncConnectorServiceClient<Channel>;

async fn poll(tasks: &mut Tasks) -> pb::Resource {
    let got = tasks.get_task(get("vendor", JOB)).await.expect("no error of the call");
    got.into_inner().resource.expect("a resource")
}

fn masked(kind: &str) -> String {
    format!("flyte_connector_masked_errors_total{{kind=\"{kind}\",task_type=\"vendor\"}}")
}

#[tokio::test]
async fn twenty_transient_errors_in_a_row_are_twenty_answers() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).policy("RETRY_FOR", "0").start().await;
    let mut tasks = server.tasks().await;
    vendor.answer([Says(Resource::queued()), Transient]);
    assert_eq!(poll(&mut tasks).await.phase(), Phase::Queued);
    let mut messages = Vec::new();
    for _ in 0..20 {
        let resource = poll(&mut tasks).await;
        assert_eq!(resource.phase(), Phase::Queued, "the last known one");
        messages.push(resource.message);
    }
    messages.dedup();
    let [message] = messages.as_slice() else { panic!("since one moment on: {messages:?}") };
    assert!(message.starts_with("status unknown since 2"), "{message}");
    assert!(message.ends_with(": 503"), "{message}");
    assert_eq!(server.value(&masked("transient")).await, 20.0);
    vendor.answer([Says(Resource::running().message("well again"))]);
    let resource = poll(&mut tasks).await;
    assert_eq!((resource.phase(), &*resource.message), (Phase::Running, "well again"));
    server.stop().await;
}

#[tokio::test]
async fn a_short_trouble_is_not_seen_at_all() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    vendor.answer([Transient, Transient, Says(Resource::running().message("well"))]);
    let resource = poll(&mut server.tasks().await).await;
    assert_eq!((resource.phase(), &*resource.message), (Phase::Running, "well"));
    assert_eq!(server.value(&masked("transient")).await, 2.0);
    server.stop().await;
}

#[tokio::test]
async fn a_job_unknown_for_too_long_may_be_tried_again() {
    let vendor = Vendor::default();
    let setup = Setup::default().policy("RETRY_FOR", "0").policy("STALENESS_BUDGET", "100ms");
    let server = setup.vendor(&vendor).start().await;
    let mut tasks = server.tasks().await;
    vendor.answer([Transient]);
    let began = Instant::now();
    let last = loop {
        let resource = poll(&mut tasks).await;
        if resource.phase() != Phase::Running {
            break resource;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "it is never given up");
    };
    assert!(began.elapsed() >= Duration::from_millis(100));
    assert_eq!(last.phase(), Phase::RetryableFailed);
    assert!(last.message.contains("longer than 100ms: 503"), "{}", last.message);
    server.stop().await;
}

#[tokio::test]
async fn only_the_first_panic_over_a_job_is_an_error() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    let mut tasks = server.tasks().await;
    vendor.answer([Panics]);
    let refused = tasks.get_task(get("vendor", JOB)).await.expect_err("a panic");
    assert_eq!(refused.code(), Code::Internal);
    for _ in 0..6 {
        let resource = poll(&mut tasks).await;
        assert_eq!(resource.phase(), Phase::Running);
        assert!(resource.message.contains("the connector panicked"), "{}", resource.message);
    }
    assert_eq!(server.value(&masked("panic")).await, 6.0);
    let other = get("vendor", r#"{"job_id": "v-2"}"#);
    let refused = tasks.get_task(other).await.expect_err("the first over this job");
    assert_eq!(refused.code(), Code::Internal);
    server.stop().await;
}

#[tokio::test]
async fn a_get_that_hangs_is_answered_before_its_caller_leaves() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    let mut tasks = server.tasks().await;
    vendor.answer([Says(Resource::queued()), Hangs]);
    poll(&mut tasks).await;
    let mut request = Request::new(get("vendor", JOB));
    request.set_timeout(Duration::from_secs(1));
    let got = tasks.get_task(request).await.expect("an answer in time").into_inner();
    let resource = got.resource.unwrap();
    assert_eq!(resource.phase(), Phase::Queued);
    assert!(resource.message.ends_with("did not answer within 1s"), "{}", resource.message);
    assert_eq!(server.value(&masked("timeout")).await, 1.0);
    server.stop().await;
}

#[tokio::test]
async fn twenty_polls_of_one_job_at_one_moment_are_one_call() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    vendor.answer([Says(Resource::queued().message("in line"))]);
    vendor.hold_gets();
    let in_flight = "flyte_connector_requests_in_flight{operation=\"get\",task_type=\"vendor\"}";
    let caller = |mut tasks: Tasks| tokio::spawn(async move { poll(&mut tasks).await });
    let first = caller(server.tasks().await);
    vendor.until(|counts| counts.gets == 1).await;
    let mut others = Vec::new();
    for _ in 0..19 {
        others.push(caller(server.tasks().await));
    }
    server.until_counted(&format!("{in_flight} 20")).await;
    assert_eq!(vendor.counts().gets, 1);
    // If the one leaves that asked, another one asks for all that are left.
    first.abort();
    vendor.until(|counts| counts.gets == 2).await;
    server.until_counted(&format!("{in_flight} 19")).await;
    vendor.let_gets_finish();
    for other in others {
        let resource = other.await.unwrap();
        assert_eq!((resource.phase(), &*resource.message), (Phase::Queued, "in line"));
    }
    assert_eq!(vendor.counts().gets, 2);
    // One after the other, each is a question of its own.
    for _ in 0..3 {
        poll(&mut server.tasks().await).await;
    }
    assert_eq!(vendor.counts().gets, 5);
    server.stop().await;
}

#[tokio::test]
async fn many_polls_within_the_interval_are_one_call() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).policy("POLL_INTERVAL", "1h").start().await;
    vendor.answer([Says(Resource::queued().message("in line")), Says(Resource::running())]);
    let mut callers = Vec::new();
    for _ in 0..10 {
        let mut tasks = server.tasks().await;
        callers.push(tokio::spawn(async move { poll(&mut tasks).await }));
    }
    for caller in callers {
        let resource = caller.await.unwrap();
        assert_eq!((resource.phase(), &*resource.message), (Phase::Queued, "in line"));
    }
    assert_eq!(vendor.counts().gets, 1);
    // Another job has a pace of its own.
    let mut tasks = server.tasks().await;
    let other = tasks.get_task(get("vendor", r#"{"job_id": "v-2"}"#)).await.unwrap().into_inner();
    assert_eq!(other.resource.unwrap().phase(), Phase::Running);
    assert_eq!(vendor.counts().gets, 2);
    server.stop().await;
}

/// A create request of a task that declares an integer `n` and a text `s`.
fn declaring() -> pb::CreateTaskRequest {
    let declared = |key: &str, simple: core_pb::SimpleType| core_pb::VariableEntry {
        key: key.to_owned(),
        value: Some(core_pb::Variable {
            r#type: Some(core_pb::LiteralType {
                r#type: Some(core_pb::literal_type::Type::Simple(simple as i32)),
                ..Default::default()
            }),
            ..Default::default()
        }),
    };
    let variables = vec![
        declared("n", core_pb::SimpleType::Integer),
        declared("s", core_pb::SimpleType::String),
    ];
    let mut request = attempt("vendor", "run", 0);
    request.template.as_mut().expect("a template").interface = Some(core_pb::TypedInterface {
        outputs: Some(core_pb::VariableMap { variables }),
        ..Default::default()
    });
    request
}

/// What the first poll of a new job says that succeeded with these outputs.
async fn succeeded(setup: Setup, outputs: Outputs<DynamicOutputs>) -> pb::Resource {
    let vendor = Vendor::default();
    let server = setup.vendor(&vendor).start().await;
    vendor.answer([Says(Resource::succeeded(outputs))]);
    let mut tasks = server.tasks().await;
    let job = tasks.create_task(declaring()).await.expect("a job").into_inner().resource_meta;
    let got = tasks.get_task(get("vendor", job)).await.expect("an answer").into_inner();
    server.stop().await;
    got.resource.expect("a resource")
}

#[tokio::test]
async fn a_success_carries_what_the_task_declares() {
    let whole = [("n", literal::integer(1)), ("s", literal::string(""))];
    let half = || Outputs::Inline(DynamicOutputs::from_iter(whole[..1].to_vec()));
    for good in [Outputs::Inline(DynamicOutputs::from_iter(whole.to_vec())), Outputs::WrittenByTask]
    {
        let resource = succeeded(Setup::default(), good).await;
        assert_eq!(resource.phase(), Phase::Succeeded, "{}", resource.message);
    }
    let wrong = [("n", literal::string("1")), ("s", literal::string(""))];
    for (bad, why) in [
        (half(), "`s` is missing; the connector gave `n`"),
        (
            Outputs::Inline(DynamicOutputs::from_iter(wrong)),
            "`n` is declared INTEGER and is a string; the connector gave `n`, `s`",
        ),
        (Outputs::None, "the connector gave no outputs, and the task declares `n`, `s`"),
    ] {
        let resource = succeeded(Setup::default(), bad).await;
        assert_eq!(resource.phase(), Phase::Failed);
        assert_eq!(resource.outputs, None);
        assert!(resource.message.contains(why), "{}", resource.message);
    }
    let unchecked = Setup::default().policy("CHECK_OUTPUTS", "false");
    assert_eq!(succeeded(unchecked, half()).await.phase(), Phase::Succeeded);
}
