//! The binary, started as a process that serves, and the address it says it serves at.
//! Tests of other commands and of the server as a whole use it; what they ask it is theirs.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use connector_core::custom_info::json_to_struct;
use connector_core::pb as core_pb;
use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use serde_json::Value;
use tonic::transport::{Channel, Endpoint};

/// Starts the binary on free ports of this machine, and waits until it serves: the process, and the
/// URL of its gRPC port. `adapt` has the last word about the command.
pub(crate) fn start(adapt: impl FnOnce(&mut Command) -> &mut Command) -> (Child, String) {
    let (child, url, _metrics) = start_with_metrics(adapt);
    (child, url)
}

/// As `start`, with the URL of the metrics page.
pub(crate) fn start_with_metrics(
    adapt: impl FnOnce(&mut Command) -> &mut Command,
) -> (Child, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector-server"));
    command.args(["--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"]);
    let mut child = adapt(command.stdout(Stdio::piped())).spawn().unwrap();
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let (mut grpc, mut metrics) = (None, None);
    for line in lines.map(Result::unwrap) {
        grpc = grpc.or_else(|| url_in(&line, "gRPC", "grpc"));
        metrics = metrics.or_else(|| url_in(&line, "metrics", "metrics"));
        if metrics.is_some() {
            break;
        }
    }
    (child, grpc.unwrap(), metrics.unwrap())
}

/// A URL that the line says: in text, or as JSON beside JSON logs.
fn url_in(line: &str, word: &str, field: &str) -> Option<String> {
    if let Some(url) = line.strip_prefix(word) {
        return Some(url.trim().to_owned());
    }
    let said: Value = serde_json::from_str(line).ok()?;
    Some(said.get("fields")?.get(field)?.as_str()?.to_owned())
}

/// A page of the operators' port.
pub(crate) fn page(url: &str) -> String {
    let (address, path) = url.trim_start_matches("http://").split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

/// A client of the task service at that URL.
pub(crate) async fn tasks(url: &str) -> AsyncConnectorServiceClient<Channel> {
    let endpoint = Endpoint::from_shared(url.to_owned()).unwrap();
    AsyncConnectorServiceClient::new(endpoint.connect().await.unwrap())
}

/// A request that creates a job of the simulator with these settings.
pub(crate) fn simulated(custom: Value) -> pb::CreateTaskRequest {
    let template = core_pb::TaskTemplate {
        r#type: "simulator".to_owned(),
        custom: Some(json_to_struct(custom).unwrap()),
        ..Default::default()
    };
    pb::CreateTaskRequest { template: Some(Box::new(template)), ..Default::default() }
}

/// A request that polls a job of the simulator.
pub(crate) fn poll(resource_meta: bytes::Bytes) -> pb::GetTaskRequest {
    let category = pb::TaskCategory { name: "simulator".to_owned(), version: 0 };
    pb::GetTaskRequest { resource_meta, task_category: Some(category), ..Default::default() }
}

/// Sends a signal to a process.
#[cfg(unix)]
pub(crate) fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
}

/// The exit code of a process, which has to end by itself in that time.
pub(crate) fn code_within(child: &mut Child, limit: Duration) -> i32 {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            // None would mean that a signal ended it.
            return status.code().unwrap();
        }
        if start.elapsed() > limit {
            child.kill().unwrap();
        }
        a_moment(Duration::from_millis(20));
    }
}

/// Lets time pass where another process is waited for, which gives no sign.
pub(crate) fn a_moment(span: Duration) {
    let start = Instant::now();
    while let Some(rest) = span.checked_sub(start.elapsed()) {
        std::thread::park_timeout(rest);
    }
}
