//! A server that exports spans, a collector that gets them, and one that never answers.
#![expect(
    clippy::unwrap_used,
    reason = "a test has no better way to fail; what tests share is not excepted by itself"
)]

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use conformance_tests::program::Program;
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};

/// Only a failing test waits that long.
const PATIENCE: Duration = Duration::from_secs(60);
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// Hands on what is exported, with the name of the service.
struct Collector(UnboundedSender<(String, Span)>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for of_service in request.into_inner().resource_spans {
            let service = format!("{:?}", of_service.resource);
            for span in of_service.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                self.0.send((service.clone(), span)).ok();
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn collector() -> (SocketAddr, UnboundedReceiver<(String, Span)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, (sender, spans)) = (listener.local_addr().unwrap(), unbounded_channel());
    let serving = Server::builder()
        .add_service(TraceServiceServer::new(Collector(sender)))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);
    (address, spans)
}

fn traced(variables: &[(&str, &str)]) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_traced"));
    command
        .args(["serve", "--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"])
        .envs(variables.iter().copied())
        .env("OTEL_BSP_SCHEDULE_DELAY", "50");
    Program::start(command)
}

async fn client(program: &Program) -> AsyncConnectorServiceClient<Channel> {
    let endpoint = Endpoint::from_shared(program.grpc.clone()).unwrap();
    AsyncConnectorServiceClient::new(endpoint.connect().await.unwrap())
}

/// A poll of a job by its metadata.
fn poll(meta: &'static str, flags: &str) -> Request<pb::GetTaskRequest> {
    let mut request = Request::new(pb::GetTaskRequest {
        resource_meta: meta.into(),
        task_category: Some(pb::TaskCategory { name: "echo".to_owned(), version: 0 }),
        ..Default::default()
    });
    let parent = format!("00-{TRACE}-{CALLER}-{flags}");
    request.metadata_mut().insert("traceparent", parent.parse().unwrap());
    request
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_gets_the_span_of_a_call_under_the_callers() {
    let (address, mut spans) = collector().await;
    let endpoint = format!("http://{address}");
    let program = traced(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let mut client = client(&program).await;
    // A caller that keeps no trace wants none kept here.
    client.get_task(poll("no metadata", "00")).await.ok();
    client.get_task(poll("no metadata", "01")).await.ok();
    let (service, span) = timeout(PATIENCE, spans.recv()).await.unwrap().unwrap();
    assert_eq!((hex(&span.trace_id).as_str(), hex(&span.parent_span_id).as_str()), (TRACE, CALLER));
    assert_eq!((span.name.as_str(), span.kind()), ("get echo", SpanKind::Server));
    let told = format!("{:?}", span.attributes);
    for attribute in ["operation", "task_type", "version", "remaining_ms"] {
        assert!(told.contains(&format!("key: \"{attribute}\"")), "{attribute}: {told}");
    }
    assert!(
        service.contains("connector-server") && service.contains("service.version"),
        "{service}"
    );
    assert!(spans.try_recv().is_err(), "one call was to be kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_never_answers_delays_no_call() {
    // It takes connections, and no more.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    for endpoint in [endpoint.as_str(), "http://127.0.0.1:1"] {
        let few = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("OTEL_BSP_MAX_QUEUE_SIZE", "8")];
        let program = traced(&few);
        let mut client = client(&program).await;
        // Far more than are waited for.
        for _ in 0..500 {
            let began = Instant::now();
            client.get_task(poll("no metadata", "01")).await.ok();
            // The exporter itself waits for 10 s.
            assert!(began.elapsed() < Duration::from_secs(5), "{endpoint}: a call has waited");
        }
    }
}
