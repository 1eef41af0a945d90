//! A server on free ports, its clients, and its end.

use std::net::SocketAddr;

use connector_core::Registry;
use connector_server::pb;
use connector_server::pb::async_connector_service_client::AsyncConnectorServiceClient;
use connector_server::pb::connector_metadata_service_client::ConnectorMetadataServiceClient;
use connector_server::{Limits, Server, ServerError};
use prost_types::{Struct, Value, value::Kind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};

use connector_core::pb as core_pb;
use connector_examples as _;

/// A server that serves every linked connector: the examples and the probe.
#[derive(Debug)]
pub struct Running {
    /// Where gRPC listens.
    pub grpc: SocketAddr,
    /// Where the operators' pages listen.
    pub admin: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServerError>>,
}

impl Running {
    /// Starts a server with default limits.
    pub async fn start() -> Self {
        Self::with_limits(Limits::default()).await
    }

    /// Starts a server with these limits.
    pub async fn with_limits(limits: Limits) -> Self {
        let registry = Registry::linked().build().await.expect("no duplicates");
        let grpc = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let admin = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addresses =
            (grpc.local_addr().expect("an address"), admin.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel();
        let server = Server::builder().registry(registry).limits(limits).build();
        let served = tokio::spawn(server.serve(grpc, Some(admin), async {
            stopped.await.ok();
        }));
        Self { grpc: addresses.0, admin: addresses.1, stop, served }
    }

    /// A new connection.
    pub async fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.grpc)).expect("a URI");
        endpoint.connect().await.expect("a connection")
    }

    /// A client of the task service on a connection of its own.
    pub async fn tasks(&self) -> AsyncConnectorServiceClient<Channel> {
        AsyncConnectorServiceClient::new(self.channel().await)
    }

    /// A client of the metadata service on a connection of its own.
    pub async fn metadata(&self) -> ConnectorMetadataServiceClient<Channel> {
        ConnectorMetadataServiceClient::new(self.channel().await)
    }

    /// One page of the operators' port: status line and body.
    pub async fn page(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.admin).await.expect("a connection");
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        (head.lines().next().expect("a status line").to_owned(), body.to_owned())
    }

    /// Whether the metrics page has that line.
    pub async fn counts(&self, line: &str) -> bool {
        let (_, page) = self.page("/metrics").await;
        page.lines().any(|printed| printed == line)
    }

    /// Asks the server to end, and waits until it has.
    pub async fn stop(self) {
        self.stop.send(()).ok();
        self.served.await.expect("no panic").expect("a clean end");
    }
}

/// A template of that type with text settings.
#[must_use]
pub fn template(task_type: &str, custom: &[(&str, &str)]) -> core_pb::TaskTemplate {
    let fields = custom.iter().map(|(key, value)| {
        let kind = Some(Kind::StringValue((*value).to_owned()));
        ((*key).to_owned(), Value { kind })
    });
    core_pb::TaskTemplate {
        r#type: task_type.to_owned(),
        custom: Some(Struct { fields: fields.collect() }),
        ..Default::default()
    }
}

/// A create request without inputs.
#[must_use]
pub fn create(task_type: &str, custom: &[(&str, &str)]) -> pb::CreateTaskRequest {
    pb::CreateTaskRequest {
        template: Some(Box::new(template(task_type, custom))),
        ..Default::default()
    }
}

/// The category of a call about a job.
#[must_use]
pub fn category(task_type: &str) -> Option<pb::TaskCategory> {
    Some(pb::TaskCategory { name: task_type.to_owned(), version: 0 })
}

/// A get request.
#[must_use]
pub fn get(task_type: &str, resource_meta: impl Into<bytes::Bytes>) -> pb::GetTaskRequest {
    pb::GetTaskRequest {
        resource_meta: resource_meta.into(),
        task_category: category(task_type),
        ..Default::default()
    }
}

/// A delete request.
#[must_use]
pub fn delete(task_type: &str, resource_meta: impl Into<bytes::Bytes>) -> pb::DeleteTaskRequest {
    pb::DeleteTaskRequest {
        resource_meta: resource_meta.into(),
        task_category: category(task_type),
        ..Default::default()
    }
}

/// A logs request.
#[must_use]
pub fn logs(task_type: &str, resource_meta: impl Into<bytes::Bytes>) -> pb::GetTaskLogsRequest {
    pb::GetTaskLogsRequest {
        resource_meta: resource_meta.into(),
        task_category: category(task_type),
        ..Default::default()
    }
}

/// A metrics request.
#[must_use]
pub fn metrics(
    task_type: &str,
    resource_meta: impl Into<bytes::Bytes>,
) -> pb::GetTaskMetricsRequest {
    pb::GetTaskMetricsRequest {
        resource_meta: resource_meta.into(),
        task_category: category(task_type),
        ..Default::default()
    }
}
