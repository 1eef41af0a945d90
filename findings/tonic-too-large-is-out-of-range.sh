#!/usr/bin/env bash
# A request above the size limit gets another status from tonic than from the other gRPC servers.
#
# Guess:   too large is RESOURCE_EXHAUSTED everywhere, at the same 4 MiB.
# Happens: the limit is the same, but tonic 0.14.9 answers OUT_OF_RANGE, where grpcio 1.85.3 answers
#          RESOURCE_EXHAUSTED.
# Matters: OUT_OF_RANGE has a meaning of its own in the connector protocol: GetTaskMetrics uses it for "no data in
#          this range". A drop-in for a Python service raises the limit itself and rewrites the status.
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
tokio = { version = "=1.54.1", features = ["rt", "macros", "net"] }

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RUST'
//! tonic's own health service, with every limit at its default.
use tonic::transport::{server::TcpIncoming, Server};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
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


def ask(port):
    request = health_pb2.HealthCheckRequest(service="x" * (5 << 20))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            health_pb2_grpc.HealthStub(channel).Check(request, timeout=30)
        except grpc.RpcError as error:
            return error.code().name, error.details()


server = grpc.server(ThreadPoolExecutor(2))
health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
from_python = ask(port)
server.stop(None).wait()
rust = subprocess.Popen(["target/debug/health"], stdout=subprocess.PIPE, text=True)
try:
    from_rust = ask(rust.stdout.readline().strip())
finally:
    rust.kill()
    rust.wait()
print("5 MiB to grpcio", grpc.__version__, from_python)
print("5 MiB to tonic 0.14.9", from_rust)
if (from_python[0], from_rust[0]) != ("RESOURCE_EXHAUSTED", "OUT_OF_RANGE"):
    raise SystemExit("CHANGED: other codes now")
PY
venv/bin/python ask.py
