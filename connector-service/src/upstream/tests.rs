//! A fake of another service, in whose requests every byte is seen, behind a server of ours.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use bytes::Bytes;
use connector_core::{Registry, pb as core_pb};
use connector_examples::echo::Echo;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::StreamBody;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::{Address, Member, Pool, Source, Upstreams};
use crate::pb;
use crate::pb::async_connector_service_client::AsyncConnectorServiceClient;
use crate::pb::connector_metadata_service_client::ConnectorMetadataServiceClient;
use crate::{InProcess, Server};

/// What is answered to a method.
#[derive(Clone)]
enum Answer {
    Message(Bytes),
    Refusal(Code, &'static str),
    /// Nothing, for as long as somebody waits.
    Silence,
}

/// A service that answers as it is told. Clones share it.
#[derive(Clone, Default)]
struct Fake {
    asked: Arc<Mutex<Vec<(String, Bytes)>>>,
    answers: Arc<Mutex<HashMap<&'static str, Answer>>>,
}

impl Fake {
    /// One that lists a connector for the task type `theirs`, and for `echo`, which is linked here.
    fn new() -> Self {
        let category = |name: &str| pb::TaskCategory { name: name.to_owned(), version: 0 };
        let connector = pb::Connector {
            name: "Their Connector".to_owned(),
            supported_task_categories: vec![category("theirs"), category("echo")],
        };
        let fake = Self::default();
        fake.answer("ListConnectors", &pb::ListConnectorsResponse { connectors: vec![connector] });
        fake
    }

    fn answer(&self, method: &'static str, message: &impl Message) {
        self.set(method, Answer::Message(message.encode_to_vec().into()));
    }

    fn set(&self, method: &'static str, answer: Answer) {
        self.answers.lock().unwrap().insert(method, answer);
    }

    /// The messages of a method, as they came.
    fn asked(&self, method: &str) -> Vec<Bytes> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(of, _)| of == method).map(|(_, message)| message.clone()).collect()
    }

    async fn serve(&self, listener: TcpListener) {
        let routes = Router::new().fallback(reply).with_state(self.clone());
        tonic::transport::Server::builder()
            .add_routes(Routes::from(routes))
            .serve_with_incoming(TcpListenerStream::new(listener))
            .await
            .unwrap();
    }

    /// Serves on a port until the handle is aborted.
    async fn start(&self, address: &str) -> (SocketAddr, JoinHandle<()>) {
        let listener = TcpListener::bind(address).await.unwrap();
        let (address, fake) = (listener.local_addr().unwrap(), self.clone());
        (address, tokio::spawn(async move { fake.serve(listener).await }))
    }
}

async fn reply(State(fake): State<Fake>, request: Request) -> Response<axum::body::Body> {
    let method = request.uri().path().rsplit('/').next().unwrap().to_owned();
    let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    fake.asked.lock().unwrap().push((method.clone(), body.slice(5..)));
    let answer = fake.answers.lock().unwrap().get(method.as_str()).cloned();
    match answer {
        Some(Answer::Message(message)) => {
            let length = u32::try_from(message.len()).unwrap().to_be_bytes();
            let framed = Bytes::from([&[0], &length[..], &message].concat());
            let end = HeaderMap::from_iter([(
                http::HeaderName::from_static("grpc-status"),
                HeaderValue::from_static("0"),
            )]);
            let frames = [http_body::Frame::data(framed), http_body::Frame::trailers(end)];
            let frames = stream::iter(frames.map(Ok::<_, Status>));
            let body = axum::body::Body::new(StreamBody::new(frames));
            Response::builder().header("content-type", "application/grpc").body(body).unwrap()
        }
        Some(Answer::Refusal(code, text)) => refused(&Status::new(code, text)),
        Some(Answer::Silence) => std::future::pending().await,
        None => refused(&Status::unimplemented("")),
    }
}

fn refused(status: &Status) -> Response<axum::body::Body> {
    status.clone().into_http::<Body>().map(axum::body::Body::new)
}

/// A server of ours with echo linked in, and that service behind it.
async fn before(addresses: &[SocketAddr]) -> InProcess {
    let mut registry = Registry::builder().register(Echo).build().await.unwrap();
    let sources = addresses.iter().map(|address| {
        let address: Address = address.to_string().parse().unwrap();
        let pool = Pool::new(address.to_string());
        pool.add(Member::new(address.channel().unwrap()));
        Source::new(pool, Arc::new([]))
    });
    let upstreams = Upstreams::new(sources.collect());
    upstreams.look(&mut registry).await;
    InProcess::serve(Server::builder().registry(registry).upstreams(upstreams).build())
}

fn category() -> Option<pb::TaskCategory> {
    Some(pb::TaskCategory { name: "theirs".to_owned(), version: 0 })
}

fn create(attempt: u32) -> pb::CreateTaskRequest {
    let id = core_pb::TaskExecutionIdentifier {
        node_execution_id: Some(core_pb::NodeExecutionIdentifier {
            node_id: "a0".to_owned(),
            execution_id: Some(core_pb::WorkflowExecutionIdentifier {
                name: "r1".to_owned(),
                ..Default::default()
            }),
        }),
        retry_attempt: attempt,
        ..Default::default()
    };
    let execution = pb::TaskExecutionMetadata { task_execution_id: Some(id), ..Default::default() };
    let template = core_pb::TaskTemplate { r#type: "theirs".to_owned(), ..Default::default() };
    pb::CreateTaskRequest {
        template: Some(template.into()),
        output_prefix: "s3://b/o".to_owned(),
        task_execution_metadata: Some(execution.into()),
        ..Default::default()
    }
}

fn get() -> pb::GetTaskRequest {
    pb::GetTaskRequest {
        resource_meta: Bytes::from_static(b"\x80job"),
        task_category: category(),
        ..Default::default()
    }
}

fn state(phase: core_pb::task_execution::Phase, message: &str) -> pb::GetTaskResponse {
    let resource =
        pb::Resource { phase: phase.into(), message: message.to_owned(), ..Default::default() };
    pb::GetTaskResponse { resource: Some(resource) }
}

fn tasks(server: &InProcess) -> AsyncConnectorServiceClient<Channel> {
    AsyncConnectorServiceClient::new(server.channel())
}

async fn health(server: &InProcess, name: &str) -> Result<ServingStatus, Code> {
    let request = HealthCheckRequest { service: name.to_owned() };
    let answer = HealthClient::new(server.channel()).check(request).await;
    answer.map(|answer| answer.into_inner().status()).map_err(|status| status.code())
}

/// Watches the health of a name until it is that.
async fn until(server: &InProcess, name: &str, status: ServingStatus) {
    let request = HealthCheckRequest { service: name.to_owned() };
    let mut seen = HealthClient::new(server.channel()).watch(request).await.unwrap().into_inner();
    while seen.message().await.unwrap().unwrap().status() != status {}
}

async fn listed(server: &InProcess) -> Vec<(String, Vec<String>)> {
    let mut client = ConnectorMetadataServiceClient::new(server.channel());
    let answer = client.list_connectors(pb::ListConnectorsRequest {}).await.unwrap();
    let named = answer.into_inner().connectors.into_iter().map(|connector| {
        let types = connector.supported_task_categories.into_iter();
        (connector.name, types.map(|category| category.name).collect())
    });
    named.collect()
}

#[tokio::test]
async fn what_is_not_linked_is_served_as_if_it_were() {
    let fake = Fake::new();
    let (address, _serving) = fake.start("127.0.0.1:0").await;
    let server = before(&[address]).await;
    let theirs = |name: &str, types: &[&str]| {
        (name.to_owned(), types.iter().map(|&it| it.to_owned()).collect::<Vec<_>>())
    };
    let expected = [theirs("Echo Connector", &["echo"]), theirs("Their Connector", &["theirs"])];
    assert_eq!(listed(&server).await, expected, "of two with one type the linked one serves");
    assert_eq!(health(&server, "Their Connector").await, Ok(ServingStatus::Serving));

    fake.answer(
        "CreateTask",
        &pb::CreateTaskResponse { resource_meta: Bytes::from_static(b"\x80m") },
    );
    let created = tasks(&server).create_task(create(0)).await.unwrap().into_inner();
    assert_eq!(created.resource_meta, &b"\x80m"[..]);
    let again = tasks(&server).create_task(create(0)).await.unwrap().into_inner();
    assert_eq!(again, created);
    assert_eq!(fake.asked("CreateTask").len(), 1, "one attempt, one job");

    fake.answer("GetTask", &state(core_pb::task_execution::Phase::Succeeded, "fine"));
    let seen = tasks(&server).get_task(get()).await.unwrap().into_inner().resource.unwrap();
    assert_eq!((seen.message.as_str(), seen.outputs), ("fine", None));
    fake.answer("DeleteTask", &pb::DeleteTaskResponse {});
    let delete = pb::DeleteTaskRequest {
        resource_meta: get().resource_meta,
        task_category: category(),
        ..Default::default()
    };
    tasks(&server).delete_task(delete.clone()).await.unwrap();
    assert_eq!(fake.asked("DeleteTask"), [delete.encode_to_vec()]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_request_goes_on_byte_for_byte() {
    let fake = Fake::new();
    let (address, _serving) = fake.start("127.0.0.1:0").await;
    let server = before(&[address]).await;
    fake.answer("GetTask", &state(core_pb::task_execution::Phase::Running, ""));
    // Known fields in no order that this version would write, and one that it does not know.
    let mut message = get().encode_to_vec();
    message.splice(0..0, [0xf2, 0x3f, 0x03, b'n', b'e', b'w']);
    let passed =
        super::pass::Passed { method: "GetTask", message: message.clone().into(), within: None };
    passed.unary::<pb::GetTaskResponse>(server.channel()).await.unwrap();
    assert_eq!(fake.asked("GetTask"), [message]);

    // Packed on its way to us, it is the same.
    let mut packing = tasks(&server).send_compressed(tonic::codec::CompressionEncoding::Gzip);
    packing.get_task(pb::GetTaskRequest { output_prefix: "p".repeat(99), ..get() }).await.unwrap();
    let sent = pb::GetTaskRequest { output_prefix: "p".repeat(99), ..get() }.encode_to_vec();
    assert_eq!(fake.asked("GetTask").last().unwrap(), &sent);
}

#[tokio::test]
async fn errors_mean_what_they_mean_behind_us() {
    let fake = Fake::new();
    let (address, _serving) = fake.start("127.0.0.1:0").await;
    let server = before(&[address]).await;
    fake.answer("GetTask", &state(core_pb::task_execution::Phase::Running, "step 3"));
    tasks(&server).get_task(get()).await.unwrap();
    for code in [Code::Internal, Code::NotFound, Code::Unavailable] {
        fake.set("GetTask", Answer::Refusal(code, "failed to get theirs task"));
        let mut asked = tonic::Request::new(get());
        asked.set_timeout(std::time::Duration::from_secs(2));
        let seen = tasks(&server).get_task(asked).await.unwrap().into_inner().resource.unwrap();
        assert_eq!(seen.phase(), core_pb::task_execution::Phase::Running, "{code:?}");
    }
    fake.set("CreateTask", Answer::Refusal(Code::Internal, "failed to create theirs task"));
    let error = tasks(&server).create_task(create(0)).await.unwrap_err();
    assert!(error.message().contains("failed to create theirs task"), "{error}");
    fake.answer("CreateTask", &pb::CreateTaskResponse::default());
    tasks(&server).create_task(create(0)).await.unwrap();
    fake.set("GetTaskLogs", Answer::Refusal(Code::Unimplemented, "no logs"));
    let logs = pb::GetTaskLogsRequest { task_category: category(), ..Default::default() };
    let error = tasks(&server).get_task_logs(logs).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented, "{error}");
}

#[tokio::test]
async fn a_service_that_is_away_is_waited_for_and_missed() {
    let fake = Fake::new();
    let (address, serving) = fake.start("127.0.0.1:0").await;
    serving.abort();
    serving.await.unwrap_err();
    let server = before(&[address]).await;
    assert_eq!(health(&server, "Their Connector").await, Err(Code::NotFound));
    let error = tasks(&server).get_task(get()).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);

    let (_, serving) = fake.start(&address.to_string()).await;
    until(&server, "Their Connector", ServingStatus::Serving).await;
    fake.answer("GetTask", &state(core_pb::task_execution::Phase::Queued, "third in line"));
    let seen = tasks(&server).get_task(get()).await.unwrap().into_inner().resource.unwrap();
    assert_eq!(seen.message, "third in line");
    assert_eq!(listed(&server).await.len(), 2);

    serving.abort();
    // Away again. What it serves stays known, and polls get what is known.
    let mut asked = tonic::Request::new(get());
    asked.set_timeout(std::time::Duration::from_secs(2));
    let seen = tasks(&server).get_task(asked).await.unwrap().into_inner().resource.unwrap();
    assert_eq!(seen.phase(), core_pb::task_execution::Phase::Queued);
    assert_eq!(listed(&server).await.len(), 2);
}

#[tokio::test]
async fn a_poll_does_not_wait_for_a_process_that_answers_nobody() {
    let (stuck, well) = (Fake::new(), Fake::new());
    let pool = Pool::new("workers");
    let member = async |fake: &Fake| {
        let (address, _serving) = fake.start("127.0.0.1:0").await;
        let address: Address = address.to_string().parse().unwrap();
        let member = Member::new(address.channel().unwrap());
        member.watched();
        member
    };
    let first = member(&stuck).await;
    pool.add(Arc::clone(&first));
    Source::new(Arc::clone(&pool), Arc::new([])).list().await.unwrap();
    for method in ["GetTask", "ListConnectors"] {
        stuck.set(method, Answer::Silence);
    }
    well.answer("GetTask", &state(core_pb::task_execution::Phase::Running, "well"));
    let poll = |channel| async move {
        let message = get().encode_to_vec().into();
        let passed = super::pass::Passed { method: "GetTask", message, within: None };
        passed.unary::<pb::GetTaskResponse>(channel).await
    };
    // The first poll may be what the process is stuck in; the one behind it cannot be.
    let ask = |pool: &Arc<Pool>| {
        let pool = Arc::clone(pool);
        tokio::spawn(async move { pool.ask(poll).await })
    };
    let culprit = ask(&pool);
    while first.in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    let behind = ask(&pool);
    while first.in_flight() == 1 {
        tokio::task::yield_now().await;
    }
    pool.add(member(&well).await);
    assert_eq!(behind.await.unwrap().unwrap().resource.unwrap().message, "well");
    // Whoever comes later goes to the process that answers at once, creates as well.
    for _ in 0..5 {
        assert_eq!(pool.ask(poll).await.unwrap().resource.unwrap().message, "well");
    }
    pool.send(poll).await.unwrap();
    assert_eq!(stuck.asked("GetTask").len(), 2);
    assert_eq!(well.asked("GetTask").len(), 7);
    assert!(!culprit.is_finished(), "it would have blocked the other process, too");
    culprit.abort();
}
