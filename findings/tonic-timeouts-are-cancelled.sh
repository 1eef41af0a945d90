#!/usr/bin/env bash
# A call that ran out of time is CANCELLED with tonic, on both ends.
#
# Guess:   Server::timeout() and Request::set_timeout() end a slow call as gRPC says: DEADLINE_EXCEEDED.
# Happens: tonic 0.14.9 answers CANCELLED "Timeout expired" when the server's own limit passes, and its client reports
#          CANCELLED too when the time it was given itself is over. grpcio 1.85.3 as a client says DEADLINE_EXCEEDED.
# Matters: CANCELLED normally means that the caller went away: it is not retried, not counted, not logged. A service
#          that bounds calls sets the status itself; a client of tonic counts CANCELLED as a timeout.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'grpcio==1.85.3' 'grpcio-health-checking==1.85.1'
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "slow"
version = "0.0.0"
edition = "2021"

[dependencies]
tonic = { version = "=0.14.9", default-features = false, features = ["router", "server", "channel", "codegen"] }
tonic-health = { version = "=0.14.9", default-features = false }
tokio = { version = "=1.54.1", features = ["rt", "macros", "time", "net"] }

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RUST'
//! `slow serve`: a health service that takes a minute, in a server that allows 300 ms when told to. `slow call URL`.
use std::{pin::Pin, time::Duration};
use tonic::codegen::tokio_stream::Stream;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

struct Slow;

#[tonic::async_trait]
impl Health for Slow {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;
    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok(Response::new(HealthCheckResponse { status: 1 }))
    }
    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    if args[1] == "call" {
        let mut client = HealthClient::new(Endpoint::new(args[2].clone())?.connect().await?);
        let mut request = Request::new(HealthCheckRequest::default());
        request.set_timeout(Duration::from_millis(300));
        let status = client.check(request).await.err();
        println!("{:?}", status.map(|status| (status.code(), status.message().to_owned())));
        return Ok(());
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let mut server = Server::builder();
    if args[2] == "limited" {
        server = server.timeout(Duration::from_millis(300));
    }
    server.add_service(HealthServer::new(Slow)).serve_with_incoming(TcpIncoming::from(listener)).await?;
    Ok(())
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet

cat > ask.py <<'PY'
import subprocess

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc


def ask(port, timeout):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=timeout)
        except grpc.RpcError as error:
            return f"{error.code().name} {error.details()!r}"


seen = {}
for kind, timeout in (("limited", 10), ("patient", 0.3)):
    server = subprocess.Popen(["target/debug/slow", "serve", kind], stdout=subprocess.PIPE, text=True)
    try:
        port = server.stdout.readline().strip()
        seen[f"{kind} tonic server, grpcio client with {timeout} s"] = ask(port, timeout)
        if kind == "patient":
            seen["patient tonic server, tonic client with 0.3 s"] = subprocess.run(
                ["target/debug/slow", "call", f"http://127.0.0.1:{port}"], capture_output=True, text=True).stdout.strip()
    finally:
        server.kill()
        server.wait()
print("tonic 0.14.9, grpcio", grpc.__version__)
for case, outcome in seen.items():
    print(f"{case}: {outcome}")
if list(seen.values()) != ["CANCELLED 'Timeout expired'", "DEADLINE_EXCEEDED 'Deadline Exceeded'",
                           'Some((Cancelled, "Timeout expired"))']:
    raise SystemExit("CHANGED: timeouts have another code now")
PY
venv/bin/python ask.py
