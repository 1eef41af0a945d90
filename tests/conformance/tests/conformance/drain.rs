//! The end of a server: what it still does, what it refuses, and what it leaves behind.

use std::time::Duration;

use conformance_tests::running::{attempt, get};
use conformance_tests::vendor::Answer;
use conformance_tests::{Running, Setup, Vendor};
use connector_service::{Limits, pb};
use futures_util::stream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;

/// Tells the server to end, and returns once that can be seen.
async fn begin_to_end(server: Running) -> JoinHandle<()> {
    let mut health = HealthClient::new(server.channel().await);
    let watched = health.watch(HealthCheckRequest::default()).await.expect("a stream");
    let mut watched = watched.into_inner();
    let told = watched.message().await.expect("a message").expect("a status");
    assert_eq!(told.status(), ServingStatus::Serving);
    let ending = tokio::spawn(server.stop());
    let told = watched.message().await.expect("a message").expect("a status");
    assert_eq!(told.status(), ServingStatus::NotServing);
    ending
}

#[tokio::test]
async fn a_create_that_its_caller_has_left_is_waited_for_and_cancelled() {
    let vendor = Vendor::default();
    // The grace of half a minute does not hold the end up.
    let server = Setup::default().vendor(&vendor).start().await;
    server.create_and_leave(&vendor, &attempt("vendor", "run", 0)).await;
    let ending = begin_to_end(server).await;
    assert_eq!(vendor.counts().jobs, 0);
    vendor.let_creates_finish();
    ending.await.unwrap();
    assert_eq!((vendor.counts().jobs, vendor.counts().deletes), (1, 1));
}

#[tokio::test]
async fn a_job_that_waits_for_its_creator_is_cancelled_at_once() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).policy("CREATE_GRACE", "1h").start().await;
    server.create_and_leave(&vendor, &attempt("vendor", "run", 0)).await;
    vendor.let_creates_finish();
    vendor.until(|counts| counts.jobs == 1).await;
    assert_eq!(vendor.counts().deletes, 0);
    server.stop().await;
    assert_eq!(vendor.counts().deletes, 1);
}

#[tokio::test]
async fn a_create_that_a_caller_waits_for_is_finished_and_answered() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    vendor.hold_creates();
    let mut tasks = server.tasks().await;
    let waiting = tokio::spawn(async move { tasks.create_task(attempt("vendor", "run", 0)).await });
    vendor.until(|counts| counts.creates == 1).await;
    let ending = begin_to_end(server).await;
    vendor.let_creates_finish();
    let created = waiting.await.unwrap().expect("an answer").into_inner();
    assert_eq!(created.resource_meta, r#"{"job_id": "v-1"}"#);
    ending.await.unwrap();
    assert_eq!((vendor.counts().jobs, vendor.counts().deletes), (1, 0));
}

#[tokio::test]
async fn a_new_create_is_sent_to_another_server() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    let channel = server.channel().await;
    // A call the server has accepted before its end, and whose request comes after it began.
    let (send, sent) = oneshot::channel::<pb::CreateTaskRequest>();
    let (began, begun) = oneshot::channel();
    let request = stream::once(async move {
        began.send(()).ok();
        sent.await.expect("the test lives")
    });
    let late = tokio::spawn({
        let mut client = Grpc::new(channel.clone());
        async move {
            const CREATE: &str = "/flyteidl2.connector.AsyncConnectorService/CreateTask";
            client.ready().await.expect("a connection");
            let codec = ProstCodec::<_, pb::CreateTaskResponse>::default();
            let path = PathAndQuery::from_static(CREATE);
            client.client_streaming(Request::new(request), path, codec).await
        }
    });
    begun.await.unwrap();
    // What comes second on a connection is answered after the first has arrived.
    HealthClient::new(channel).check(HealthCheckRequest::default()).await.expect("it serves");
    let ending = begin_to_end(server).await;
    send.send(attempt("vendor", "run", 0)).expect("it waits");
    let refused = late.await.unwrap().expect_err("the server is ending");
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    assert!(refused.message().contains("another one will take the call"), "{refused:?}");
    ending.await.unwrap();
    assert_eq!(vendor.counts().creates, 0);
}

#[tokio::test]
async fn a_blocked_connector_does_not_hold_up_the_end() {
    let vendor = Vendor::default();
    let limits = Limits { grace: Duration::from_millis(100), ..Limits::default() };
    let server = Setup::default().vendor(&vendor).limits(limits).start().await;
    vendor.answer([Answer::Blocks]);
    let mut tasks = server.tasks().await;
    let caller =
        tokio::spawn(async move { tasks.get_task(get("vendor", r#"{"job_id": "v-1"}"#)).await });
    vendor.until(|counts| counts.blocked == 1).await;
    timeout(Duration::from_secs(30), server.stop()).await.expect("it ends without the connector");
    caller.abort();
    vendor.let_go();
}

#[tokio::test]
async fn two_hundred_slow_calls_are_answered_after_health_has_said_no() {
    const MANY: usize = 200;
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    vendor.hold_gets();
    let mut calls = Vec::new();
    for connection in 0..4 {
        let tasks = server.tasks().await;
        for call in 0..MANY / 4 {
            let mut tasks = tasks.clone();
            let job = format!(r#"{{"job_id": "v-{connection}-{call}"}}"#);
            calls.push(tokio::spawn(async move { tasks.get_task(get("vendor", job)).await }));
        }
    }
    vendor.until(|counts| counts.gets == MANY).await;
    let mut health = HealthClient::new(server.channel().await);
    let watched = health.watch(HealthCheckRequest::default()).await.expect("a stream");
    let mut watched = watched.into_inner();
    watched.message().await.expect("a message").expect("it serves");
    let address = server.grpc;
    let ending = tokio::spawn(server.ended());
    let told = watched.message().await.expect("a message").expect("a status");
    assert_eq!(told.status(), ServingStatus::NotServing);
    assert!(calls.iter().all(|call| !call.is_finished()), "health says it before any is answered");
    vendor.let_gets_finish();
    for call in calls {
        call.await.unwrap().expect("every call is answered");
    }
    assert!(ending.await.unwrap().is_whole(), "nothing was cut off");
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "and nobody listens");
}
