#!/usr/bin/env bash
# Watching a service that is not registered yet ends at once with tonic's health service.
#
# Guess:   Health/Watch for a name that is not known yet stays open, says SERVICE_UNKNOWN, and SERVING once it is
#          there, as the comments of the health protocol ask for.
# Happens: tonic-health 0.14.9 ends the call with NOT_FOUND. grpcio-health-checking 1.85.1 behaves as described.
# Matters: connectors that come up one after the other are watched by name. Against tonic a watcher must begin again
#          by itself, or give up for ever; a drop-in for a Python service registers all names before it listens, or
#          writes Watch itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'grpcio==1.85.3' 'grpcio-health-checking==1.85.1'
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "health"
version = "0.0.0"
edition = "2021"

[dependencies]
tonic = { version = "=0.14.9", default-features = false, features = ["router", "server"] }
tonic-health = { version = "=0.14.9", default-features = false }
tokio = { version = "=1.54.1", features = ["rt", "macros", "net", "io-std", "io-util"] }

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RUST'
//! tonic's own health service; the first line on stdin makes the service "later" SERVING.
use tokio::io::AsyncReadExt;
use tonic::transport::{server::TcpIncoming, Server};
use tonic_health::ServingStatus;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (reporter, health) = tonic_health::server::health_reporter();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    tokio::spawn(async move {
        if tokio::io::stdin().read_u8().await.is_ok() {
            reporter.set_service_status("later", ServingStatus::Serving).await;
        }
    });
    Server::builder().add_service(health).serve_with_incoming(TcpIncoming::from(listener)).await?;
    Ok(())
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet

cat > ask.py <<'PY'
import subprocess
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

Status = health_pb2.HealthCheckResponse.ServingStatus


def watch(port, bring_up):
    """What two readings say, the service coming up between them."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        answers = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service="later"), timeout=30)
        seen = []
        try:
            seen.append(Status.Name(next(answers).status))
            bring_up()
            seen.append(Status.Name(next(answers).status))
        except grpc.RpcError as error:
            seen.append(f"error {error.code().name} {error.details()!r}")
        answers.cancel()
        return seen


servicer = health.HealthServicer()
server = grpc.server(ThreadPoolExecutor(2))
health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
from_python = watch(port, lambda: servicer.set("later", Status.Value("SERVING")))
server.stop(None).wait()
rust = subprocess.Popen(["target/debug/health"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
try:
    from_rust = watch(rust.stdout.readline().decode().strip(), lambda: (rust.stdin.write(b"x"), rust.stdin.flush()))
finally:
    rust.kill()
    rust.wait()
print("grpcio-health-checking 1.85.1:", from_python)
print("tonic-health 0.14.9:          ", from_rust)
if from_python != ["SERVICE_UNKNOWN", "SERVING"] or from_rust != ["error NOT_FOUND 'service not registered'"]:
    raise SystemExit("CHANGED: the two agree now")
PY
venv/bin/python ask.py
