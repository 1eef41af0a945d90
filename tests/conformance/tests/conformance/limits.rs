//! What a caller may hold of a server: connections, calls, half requests, bytes, descriptors. Each is planted,
//! and others must be served beside it.

use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use conformance_tests::program::Program;
use conformance_tests::running::{attempt, get};
use conformance_tests::{Running, Setup, Vendor};
use connector_core::pb as core_pb;
use connector_service::Limits;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use prost::Message as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::codegen::http;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tower::ServiceExt as _;

const PATIENCE: Duration = Duration::from_secs(30);
/// What a client of HTTP/2 says first, and settings without a wish.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

fn command(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes"));
    command.args(["--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"]).args(flags);
    command
}

async fn channel(port: u16) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).expect("a URI");
    endpoint.connect().await.expect("a connection")
}

async fn is_served(channel: Channel) -> bool {
    let job = get("echo", r#"{"x": 1}"#);
    AsyncConnectorServiceClient::new(channel).get_task(job).await.is_ok()
}

/// One frame that the server sends: its type and payload.
async fn frame(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.ok()?;
    Some((head[3], payload))
}

async fn greeted(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    stream.write_all(HELLO).await.expect("sent");
    stream
}

/// A create request with a text of that size.
fn large(execution: &str, bytes: usize) -> connector_service::pb::CreateTaskRequest {
    let mut request = attempt("vendor", execution, 0);
    let template: &mut core_pb::TaskTemplate = request.template.as_mut().expect("a template");
    template.config.insert("filling".to_owned(), "x".repeat(bytes));
    request
}

#[tokio::test]
async fn half_a_request_is_answered_once_its_time_is_over() {
    let limits = Limits { request: Duration::from_millis(200), ..Limits::default() };
    let server = Running::with_limits(limits).await;
    let channel = server.channel().await;
    let halves = (0..20).map(|_| {
        let mut message = vec![0, 0, 0, 4, 0];
        message.extend([b'x'; 500]);
        // As much as was said is still to come, and never does.
        let some = stream::iter([Ok::<_, Status>(http_body::Frame::data(Bytes::from(message)))]);
        let body = http_body_util::StreamBody::new(some.chain(stream::pending()));
        let request = http::Request::post(
            "http://localhost/flyteidl2.connector.AsyncConnectorService/GetTask",
        );
        let request = request.header("content-type", "application/grpc").body(Body::new(body));
        channel.clone().oneshot(request.expect("a request"))
    });
    for answer in timeout(PATIENCE, join_all(halves)).await.expect("answers in time") {
        let answer = answer.expect("an answer");
        let status = Status::from_header_map(answer.headers()).expect("a status");
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
        assert!(status.message().contains("--request-seconds"), "{status}");
    }
    assert!(is_served(channel).await, "the connection lives on");
    server.stop().await;
}

#[tokio::test]
async fn all_requests_together_hold_no_more_than_they_may() {
    let vendor = Vendor::default();
    let limits = Limits { max_inflight_bytes: 1 << 20, ..Limits::default() };
    let server = Setup::default().limits(limits).vendor(&vendor).start().await;
    vendor.hold_creates();
    let mut tasks = server.tasks().await;
    let mut first = tasks.clone();
    let first = tokio::spawn(async move { first.create_task(large("a", 700_000)).await });
    vendor.until(|counts| counts.creates == 1).await;
    let refused = server.tasks().await.create_task(large("b", 700_000)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("--max-inflight-bytes"), "{refused}");
    assert!(is_served(server.channel().await).await, "what is small is served");
    vendor.let_creates_finish();
    first.await.unwrap().unwrap();
    tasks.create_task(large("b", 700_000)).await.expect("there is room again");
    server.stop().await;
}

#[tokio::test]
async fn a_create_that_goes_on_without_its_caller_holds_what_it_brought() {
    let vendor = Vendor::default();
    let limits = Limits { max_inflight_bytes: 1 << 20, ..Limits::default() };
    let server = Setup::default().limits(limits).vendor(&vendor).start().await;
    vendor.hold_creates();
    let mut tasks = server.tasks().await;
    let mut first = tasks.clone();
    let first = tokio::spawn(async move { first.create_task(large("a", 700_000)).await });
    vendor.until(|counts| counts.creates == 1).await;
    first.abort();
    assert!(first.await.is_err(), "its caller has left");
    // That the server has heard of it is seen by a call of the same connection, which comes after.
    assert!(is_served(server.channel().await).await);
    tasks.get_task(get("echo", r#"{"x": 1}"#)).await.expect("an answer");
    let refused = tasks.create_task(large("b", 700_000)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    // It is the same attempt's answer, and then there is room.
    vendor.let_creates_finish();
    vendor.until(|counts| counts.jobs == 1).await;
    loop {
        match tasks.create_task(large("b", 700_000)).await {
            Ok(_) => break,
            Err(status) => assert_eq!(status.code(), Code::ResourceExhausted, "{status}"),
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn what_comes_packed_holds_what_it_unpacks_to() {
    let vendor = Vendor::default();
    let limits = Limits { max_inflight_bytes: 1 << 20, ..Limits::default() };
    let server = Setup::default().limits(limits).vendor(&vendor).start().await;
    vendor.hold_creates();
    let mut tasks = server.tasks().await.send_compressed(CompressionEncoding::Gzip);
    let mut first = tasks.clone();
    let first = tokio::spawn(async move { first.create_task(large("a", 700_000)).await });
    vendor.until(|counts| counts.creates == 1).await;
    let refused = tasks.create_task(large("b", 700_000)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("--max-inflight-bytes"), "{refused}");
    vendor.let_creates_finish();
    first.await.unwrap().unwrap();
    tasks.create_task(large("b", 700_000)).await.expect("there is room again");
    server.stop().await;
}

#[tokio::test]
async fn many_large_requests_do_not_take_all_memory() {
    let server = Program::start(command(&["--log-level", "error"]));
    let request = attempt("echo", "a", 0);
    assert!(request.encoded_len() < 1_000);
    let port = server.port();
    let calls = (0..64).map(|_| async move {
        let mut tasks = AsyncConnectorServiceClient::new(channel(port).await);
        let mut request = large("a", 12 << 20);
        request.template.as_mut().expect("a template").r#type = "nobody".to_owned();
        tasks.create_task(request).await.unwrap_err().code()
    });
    let codes = join_all(calls).await;
    assert!(
        codes.iter().all(|code| matches!(code, Code::NotFound | Code::ResourceExhausted)),
        "{codes:?}"
    );
    let most = server.most_memory();
    assert!(most < 300 << 20, "{} MiB, {codes:?}", most >> 20);
    assert!(is_served(channel(port).await).await);
    // What they took is given back: a server that holds on to it is killed by the next burst beside it.
    let begun = std::time::Instant::now();
    while server.memory() > 128 << 20 {
        assert!(begun.elapsed() < PATIENCE, "{} MiB are kept", server.memory() >> 20);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn how_many_calls_a_connection_may_have_is_told_to_it() {
    let vendor = Vendor::default();
    let limits = Limits { max_streams: 2, ..Limits::default() };
    let server = Setup::default().limits(limits).vendor(&vendor).start().await;
    let mut raw = greeted(server.grpc.port()).await;
    let (kind, settings) = frame(&mut raw).await.expect("settings");
    let streams = settings.chunks(6).find(|setting| setting[..2] == [0, 3]).expect("the setting");
    assert_eq!((kind, &streams[2..]), (4, &[0, 0, 0, 2][..]));
    vendor.hold_creates();
    let mut tasks = server.tasks().await;
    // Before it is told, a client may send more, and what is refused then is sent again.
    tasks.get_task(get("echo", r#"{"x": 1}"#)).await.expect("an answer");
    let calls = ["a", "b", "c"].map(|execution| {
        let mut tasks = tasks.clone();
        tokio::spawn(async move { tasks.create_task(attempt("vendor", execution, 0)).await })
    });
    vendor.until(|counts| counts.creates == 2).await;
    // Another connection has its own.
    assert!(is_served(server.channel().await).await);
    assert_eq!(vendor.counts().creates, 2, "the third waits at its client");
    vendor.let_creates_finish();
    for call in calls {
        call.await.unwrap().expect("each is answered");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_old_connection_is_ended_and_its_calls_are_not() {
    let vendor = Vendor::default();
    let age = Duration::from_millis(300);
    let limits = Limits { max_connection_age: Some(age), ..Limits::default() };
    let server = Setup::default().limits(limits).vendor(&vendor).start().await;
    vendor.hold_creates();
    let mut held = server.tasks().await;
    let held = tokio::spawn(async move { held.create_task(attempt("vendor", "a", 0)).await });
    vendor.until(|counts| counts.creates == 1).await;
    // A connection that was there before sees the GOAWAY of its age.
    let mut raw = greeted(server.grpc.port()).await;
    let goaway = async { while frame(&mut raw).await.expect("a frame").0 != 7 {} };
    timeout(PATIENCE, goaway).await.expect("it is told to go");
    assert!(is_served(server.channel().await).await, "by a new connection");
    vendor.let_creates_finish();
    held.await.unwrap().expect("the old call is answered");
    server.stop().await;
}

#[tokio::test]
async fn who_says_nothing_is_closed_and_who_only_waits_is_not() {
    let server = Program::start(command(&["--handshake-seconds", "500ms"]));
    let port = server.port();
    let mut silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut half = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    half.write_all(&HELLO[..10]).await.unwrap();
    let idle = channel(port).await;
    for stream in [&mut silent, &mut half] {
        let closed = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
        drop(closed.expect("it is closed"));
    }
    server.until_said("it did not begin within 500ms").await;
    assert!(is_served(idle).await);
}

#[tokio::test]
async fn out_of_descriptors_the_server_waits_and_says_so_once() {
    let mut limited = Command::new("sh");
    let binary = env!("CARGO_BIN_EXE_probes");
    limited.args(["-c", "ulimit -n 48; exec \"$0\" \"$@\"", binary]);
    limited.args(["--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"]);
    let server = Program::start(limited);
    let port = server.port();
    let kept = channel(port).await;
    assert!(is_served(kept.clone()).await);
    let mut held = Vec::new();
    for _ in 0..60 {
        held.push(greeted(port).await);
    }
    server.until_said("no connection can be taken").await;
    let before = server.processor_ticks();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let spent = server.processor_ticks() - before;
    assert!(spent < 20, "{spent} of 100 ticks in a second of waiting");
    assert!(is_served(kept).await, "those inside are served");
    assert_eq!(server.said().matches("no connection can be taken").count(), 1, "{}", server.said());
    drop(held);
    server.until_said("connections are taken again").await;
    assert!(is_served(channel(port).await).await);
}
