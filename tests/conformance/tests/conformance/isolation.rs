//! A connector that blocks its threads holds up its own calls and nobody else's.
//! The bounds are wide, since other programs may keep this machine busy; `bench` has the figures.

use std::iter;
use std::time::{Duration, Instant};

use conformance_tests::probe::meta;
use conformance_tests::running::{create, delete, get, logs};
use conformance_tests::vendor::Answer;
use conformance_tests::{Running, Setup, Vendor};
use connector_core::pb::task_execution::Phase;
use connector_core::prelude::Resource;
use connector_service::pb::get_task_logs_response::Part;
use tokio::time::interval;
use tonic::Request;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

const JOB: &str = r#"{"job_id": "v-1"}"#;
/// Different jobs: polls of one job at one moment are one question.
fn job(number: usize) -> String {
    format!(r#"{{"job_id": "v-1{number}"}}"#)
}

/// How long the connector blocks.
const BLOCKED: Duration = Duration::from_secs(4);
/// What a probe of Kubernetes waits for health.
const PROBE: Duration = Duration::from_secs(1);
/// What a call of another connector may take, on a busy machine.
const QUICK: Duration = Duration::from_millis(500);

/// Asks for health, for a job of another connector and for both pages, for that long.
async fn others_are_served(server: &Running, during: Duration) {
    let channel = server.channel().await;
    let mut health = HealthClient::new(channel.clone());
    let mut tasks = server.tasks().await;
    let began = Instant::now();
    let mut pace = interval(Duration::from_millis(20));
    let mut rounds = 0;
    while began.elapsed() < during {
        pace.tick().await;
        let mut check = Request::new(HealthCheckRequest::default());
        check.set_timeout(PROBE);
        let answer = health.check(check).await.expect("in time").into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving);
        let asked = Instant::now();
        tasks.get_task(get("probe", meta("RUNNING"))).await.expect("an answer");
        assert!(asked.elapsed() < QUICK, "round {rounds}: {:?}", asked.elapsed());
        for page in ["/live", "/metrics"] {
            let asked = Instant::now();
            assert_eq!(server.page(page).await.0, "HTTP/1.1 200 OK");
            assert!(asked.elapsed() < QUICK, "round {rounds}, {page}: {:?}", asked.elapsed());
        }
        rounds += 1;
    }
    assert!(rounds > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_blocked_gets_hold_up_nobody_else() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    eight_block(&vendor, &server).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_does_a_connector_that_blocks_after_a_long_time_without() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    let mut tasks = server.tasks().await;
    for _ in 0..2_000 {
        tasks.get_task(get("vendor", JOB)).await.expect("an answer");
    }
    eight_block(&vendor, &server).await;
    server.stop().await;
}

/// Eight polls block their threads for a while, in which all others are served.
async fn eight_block(vendor: &Vendor, server: &Running) {
    vendor.answer([Answer::Blocks]);
    let mut patient = Vec::new();
    for number in 0..8 {
        let mut tasks = server.tasks().await;
        patient.push(tokio::spawn(async move { tasks.get_task(get("vendor", job(number))).await }));
    }
    let in_flight = "flyte_connector_requests_in_flight{operation=\"get\",task_type=\"vendor\"} 8";
    server.until_counted(in_flight).await;
    vendor.until(|counts| counts.blocked == 8).await;
    let mut hurried = server.tasks().await;
    let hurried = tokio::spawn(async move {
        let mut request = Request::new(get("vendor", JOB));
        request.set_timeout(PROBE);
        hurried.get_task(request).await
    });
    others_are_served(server, BLOCKED).await;
    // Its own callers are answered before they leave, too.
    let got = hurried.await.unwrap().expect("an answer in time").into_inner();
    let resource = got.resource.unwrap();
    assert_eq!(resource.phase(), Phase::Running);
    assert!(resource.message.ends_with("did not answer within 1s"), "{}", resource.message);
    vendor.let_go();
    for caller in patient {
        let got = caller.await.unwrap().expect("an answer at last").into_inner();
        assert_eq!(got.resource.unwrap().message, "");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_calls_of_the_connector_find_threads_of_their_own() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    let running = Answer::Says(Resource::running());
    vendor.answer(iter::repeat_n(Answer::Blocks, 8).chain([running]));
    let mut patient = Vec::new();
    for number in 0..8 {
        let mut tasks = server.tasks().await;
        patient.push(tokio::spawn(async move { tasks.get_task(get("vendor", job(number))).await }));
    }
    vendor.until(|counts| counts.blocked == 8).await;
    let mut tasks = server.tasks().await;
    let job = tasks.create_task(create("vendor", &[])).await.expect("a job").into_inner();
    tasks.get_task(get("vendor", job.resource_meta.clone())).await.expect("an answer");
    tasks.delete_task(delete("vendor", job.resource_meta)).await.expect("done");
    vendor.let_go();
    for caller in patient {
        caller.await.unwrap().expect("an answer at last");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_logs_that_blocks_holds_up_nobody_else() {
    let vendor = Vendor::default();
    let server = Setup::default().vendor(&vendor).start().await;
    let mut readers = Vec::new();
    for _ in 0..8 {
        let mut tasks = server.tasks().await;
        readers.push(tokio::spawn(async move {
            let stream = tasks.get_task_logs(logs("vendor", JOB)).await.expect("a stream");
            let mut stream = stream.into_inner();
            let mut texts = Vec::new();
            while let Some(message) = stream.message().await.expect("no error") {
                if let Some(Part::Body(body)) = message.part {
                    texts.extend(body.lines.into_iter().map(|line| line.message));
                }
            }
            texts
        }));
    }
    // Over their second page.
    vendor.until(|counts| counts.blocked == 8).await;
    others_are_served(&server, QUICK).await;
    vendor.let_go();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), ["one", "two"]);
    }
    server.stop().await;
}
