#!/usr/bin/env bash
# A long bearer token is taken by one gRPC server, refused by another, and refused by chance by the third.
#
# Guess:   the headers of a call have one limit, about that of messages, and above it a status of gRPC says so.
# Happens: a Check with a token of 12 KiB: tonic 0.14.9 and grpc-go 1.85.0 take it, a server of grpcio 1.85.3 with its
#          defaults throws dice and refuses about half of the calls (RESOURCE_EXHAUSTED, "soft limit 8192"). At 16 KiB
#          grpcio and tonic refuse every one; tonic's refusal is no status of gRPC, but HTTP's 431, which a client of
#          grpcio reports as UNKNOWN. grpc-go takes 100 KiB.
# Matters: tokens with the groups of a large company, certificates that a mesh forwards, and baggage of traces add up.
#          Behind a Python service the same caller fails now and then, and every retry may help, so nobody finds out why;
#          behind a Rust one the error does not say "headers". Set grpc.max_metadata_size and
#          grpc.absolute_max_metadata_size, max_header_list_size in Rust, and read UNKNOWN with 431 as what it is.
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
cat > go.mod <<'MOD'
module health

go 1.25

require google.golang.org/grpc v1.85.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	service "google.golang.org/grpc/health/grpc_health_v1"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := grpc.NewServer()
	service.RegisterHealthServer(server, health.NewServer())
	if err := server.Serve(listener); err != nil {
		panic(err)
	}
}
GO
go mod tidy >/dev/null 2>&1
go build -o health-go .

cat > ask.py <<'PY'
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

CALLS = 100
OK, EXHAUSTED, HTTP = "OK", "RESOURCE_EXHAUSTED", "UNKNOWN (431)"


def ask(port, kib):
    codes = Counter()
    token = [("authorization", "Bearer " + "x" * (kib << 10))]
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for _ in range(CALLS):
            try:
                stub.Check(health_pb2.HealthCheckRequest(), timeout=30, metadata=token, wait_for_ready=True)
                codes[OK] += 1
            except grpc.RpcError as error:
                codes[error.code().name + (" (431)" if "431" in error.details() else "")] += 1
    return codes


def python(options=()):
    server = grpc.server(ThreadPoolExecutor(2), options=options)
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def told(name, port, sizes):
    codes = {kib: ask(port, kib) for kib in sizes}
    for kib, counted in codes.items():
        print(f"{name}, {kib} KiB: {dict(counted)}")
    return {kib: set(counted) for kib, counted in codes.items()}


raised = [("grpc.max_metadata_size", 65536), ("grpc.absolute_max_metadata_size", 65536)]
seen = {}
print("grpcio", grpc.__version__, "as the client of all")
for name, options in (("grpcio", []), ("grpcio with raised limits", raised)):
    server, port = python(options)
    seen[name] = told(name, port, (4, 12, 17))
    server.stop(None).wait()
for name, program, sizes in (("tonic", "target/debug/health", (4, 12, 17)), ("grpc-go", "./health-go", (4, 12, 17, 100))):
    served = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
    try:
        seen[name] = told(name, int(served.stdout.readline()), sizes)
    finally:
        served.kill()
        served.wait()
expected = {
    "grpcio": {4: {OK}, 12: {OK, EXHAUSTED}, 17: {EXHAUSTED}},
    "grpcio with raised limits": {4: {OK}, 12: {OK}, 17: {OK}},
    "tonic": {4: {OK}, 12: {OK}, 17: {HTTP}},
    "grpc-go": {4: {OK}, 12: {OK}, 17: {OK}, 100: {OK}},
}
for name, codes in expected.items():
    if seen[name] != codes:
        raise SystemExit(f"CHANGED: {name} answers {seen[name]}")
PY
venv/bin/python ask.py 2>/dev/null
