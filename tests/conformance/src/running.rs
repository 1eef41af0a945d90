//! A server on free ports, its clients, and its end.

use std::net::SocketAddr;
use std::time::Duration;

use connector_core::Registry;
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use connector_service::pb::connector_metadata_service_client::ConnectorMetadataServiceClient;
use connector_service::{Ended, Limits, Server, ServerError};
use prost_types::{Struct, Value, value::Kind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};

use connector_core::pb as core_pb;
use connector_examples as _;

use crate::vendor::Vendor;

/// How long a test waits for what should come at once; only a failing one ever waits that long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that serves every linked connector: the examples and the probe.
#[derive(Debug)]
pub struct Running {
    /// Where gRPC listens.
    pub grpc: SocketAddr,
    /// Where the operators' pages listen.
    pub admin: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<Ended, ServerError>>,
}

/// What a server is started with.
#[derive(Debug, Default)]
pub struct Setup {
    limits: Limits,
    variables: Vec<(String, String)>,
    vendor: Option<Vendor>,
}

impl Setup {
    /// With these limits.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With a value of every connector's policy, as an operator sets it.
    #[must_use]
    pub fn policy(mut self, name: &str, value: &str) -> Self {
        self.variables.push((format!("CONNECTOR_POLICY__{name}"), value.to_owned()));
        self
    }

    /// With a variable of the operator's.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With the test's own vendor.
    #[must_use]
    pub fn vendor(mut self, vendor: &Vendor) -> Self {
        self.vendor = Some(vendor.clone());
        self
    }

    /// Starts the server.
    pub async fn start(self) -> Running {
        let Self { limits, variables, vendor } = self;
        let mut registry = Registry::linked().variables(variables);
        if let Some(vendor) = vendor {
            registry = registry.replace(vendor);
        }
        let registry = registry.build().await.expect("no duplicates");
        let grpc = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let admin = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addresses =
            (grpc.local_addr().expect("an address"), admin.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel();
        let server = Server::builder().registry(registry).limits(limits).build();
        let served = tokio::spawn(server.serve(grpc, Some(admin), async {
            stopped.await.ok();
        }));
        Running { grpc: addresses.0, admin: addresses.1, stop, served }
    }
}

impl Running {
    /// Starts a server with default limits and policies.
    pub async fn start() -> Self {
        Setup::default().start().await
    }

    /// Starts a server with these limits.
    pub async fn with_limits(limits: Limits) -> Self {
        Setup::default().limits(limits).start().await
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
        self.page_for(path, "*/*").await
    }

    /// The same, for somebody who takes these types.
    ///
    /// # Panics
    /// It cannot be read.
    pub async fn page_for(&self, path: &str, accept: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.admin).await.expect("a connection");
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: test\r\naccept: {accept}\r\nconnection: close\r\n\r\n"
        );
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

    /// Creates a job of the vendor, whose caller leaves before the job is made.
    pub async fn create_and_leave(&self, vendor: &Vendor, request: &pb::CreateTaskRequest) {
        vendor.hold_creates();
        let mut tasks = self.tasks().await;
        // On a busy machine a caller may have left before anything of it arrived.
        while vendor.counts().creates == 0 {
            let mut request = Request::new(request.clone());
            request.set_timeout(Duration::from_millis(50));
            let late = tasks.create_task(request).await.expect_err("creates are held");
            assert!(matches!(late.code(), Code::DeadlineExceeded | Code::Cancelled), "{late:?}");
        }
        let in_flight = "flyte_connector_requests_in_flight{operation=\"create\",\
                         task_type=\"vendor\"} 0";
        self.until_counted(in_flight).await;
    }

    /// The value of a series on the metrics page; 0 if it is not there.
    pub async fn value(&self, series: &str) -> f64 {
        let (_, page) = self.page("/metrics").await;
        let line = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// Waits until the metrics page has that line.
    pub async fn until_counted(&self, line: &str) {
        let counted = async {
            while !self.counts(line).await {
                tokio::task::yield_now().await;
            }
        };
        if timeout(PATIENCE, counted).await.is_err() {
            panic!("no line {line} in\n{}", self.page("/metrics").await.1);
        }
    }

    /// Asks the server to end, and waits until it has.
    pub async fn stop(self) {
        let _ended = self.ended().await;
    }

    /// Asks the server to end, and waits until it has: what was cut off.
    pub async fn ended(self) -> Ended {
        self.stop.send(()).ok();
        self.served.await.expect("no panic").expect("a clean end")
    }
}

/// A create request of one attempt of an execution.
#[must_use]
pub fn attempt(task_type: &str, execution: &str, attempt: u32) -> pb::CreateTaskRequest {
    let execution_id = core_pb::WorkflowExecutionIdentifier {
        project: "p".to_owned(),
        domain: "d".to_owned(),
        name: execution.to_owned(),
        ..Default::default()
    };
    let node = core_pb::NodeExecutionIdentifier {
        node_id: "n0".to_owned(),
        execution_id: Some(execution_id),
    };
    let id = core_pb::TaskExecutionIdentifier {
        node_execution_id: Some(node),
        retry_attempt: attempt,
        ..Default::default()
    };
    let execution = pb::TaskExecutionMetadata { task_execution_id: Some(id), ..Default::default() };
    pb::CreateTaskRequest {
        output_prefix: format!("s3://b/ab/{attempt}"),
        task_execution_metadata: Some(Box::new(execution)),
        ..create(task_type, &[])
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
