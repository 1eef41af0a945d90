#!/usr/bin/env bash
# A stream of tonic runs on past its deadline, at both ends.
#
# Guess:   a deadline ends a call, whatever it is: after a second a stream ends, at the client and at the server.
# Happens: tonic 0.14.9 looks at it until the first answer. A stream of 20 lines in four seconds, asked for with one
#          second of time, comes to its end and is OK, as seen by the client, and was read to its end, as seen by the
#          server; Server::timeout() of a second does as little. Clients of Go and Python end it after a second, with
#          DEADLINE_EXCEEDED, and the server hears that they have gone.
# Matters: a tail of a log whose client has said how long it wants to look goes on for as long as the job has lines, and
#          whoever bounds calls by Server::timeout() has not bounded streams. Put a timeout around what reads the
#          stream, and around what sends it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'grpcio==1.85.3' 'grpcio-health-checking==1.85.1'
cat > go.mod <<'MOD'
module watch

go 1.25

require google.golang.org/grpc v1.85.0
MOD
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

func main() {
	connection, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		panic(err)
	}
	limited, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	lines := 0
	stream, err := health.NewHealthClient(connection).Watch(limited, &health.HealthCheckRequest{})
	for err == nil {
		if _, err = stream.Recv(); err == nil {
			lines++
		}
	}
	fmt.Println(status.Code(err), lines)
}
GO
go mod tidy >/dev/null 2>&1
go build -o watch-go .
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "lines"
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
//! `lines serve`: a stream of 20 lines in four seconds. `lines watch URL SECONDS`: reads it, with a deadline or without.
use std::pin::Pin;
use std::task::{ready, Context, Poll};
use std::time::Duration;

use tokio::time::{interval, Interval};
use tonic::codegen::tokio_stream::Stream;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

struct Lines {
    every: Interval,
    left: u32,
}

impl Stream for Lines {
    type Item = Result<HealthCheckResponse, Status>;
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        ready!(self.every.poll_tick(context));
        self.left -= 1;
        Poll::Ready(Some(Ok(HealthCheckResponse { status: 1 })))
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        println!("{} of 20 lines sent", 20 - self.left);
    }
}

struct Tail;

#[tonic::async_trait]
impl Health for Tail {
    type WatchStream = Lines;
    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }
    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Lines>, Status> {
        Ok(Response::new(Lines { every: interval(Duration::from_millis(200)), left: 20 }))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    if args[1] == "watch" {
        let mut client = HealthClient::new(Endpoint::new(args[2].clone())?.connect().await?);
        let mut request = Request::new(HealthCheckRequest::default());
        if args[3] != "none" {
            request.set_timeout(Duration::from_secs(args[3].parse()?));
        }
        let mut stream = client.watch(request).await?.into_inner();
        let mut lines = 0;
        let end = loop {
            match stream.message().await {
                Ok(Some(_)) => lines += 1,
                Ok(None) => break "OK".to_owned(),
                Err(status) => break format!("{:?}", status.code()),
            }
        };
        println!("{end} {lines}");
        return Ok(());
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let mut server = Server::builder();
    if args[2] == "limited" {
        server = server.timeout(Duration::from_secs(1));
    }
    server.add_service(HealthServer::new(Tail)).serve_with_incoming(TcpIncoming::from(listener)).await?;
    Ok(())
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet

cat > ask.py <<'PY'
import subprocess

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.split()


def python(port):
    lines = 0
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            for _ in health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=1):
                lines += 1
        except grpc.RpcError as error:
            return error.code().name, lines
    return "OK", lines


seen = []
for kind, timeout in (("patient", "1"), ("limited", "none")):
    server = subprocess.Popen(["target/debug/lines", "serve", kind], stdout=subprocess.PIPE, text=True)
    try:
        port = server.stdout.readline().strip()
        clients = {f"{kind} server, tonic client with {timeout} s":
                   lambda: run("target/debug/lines", "watch", f"http://127.0.0.1:{port}", timeout)}
        if kind == "patient":
            clients["patient server, grpc-go client with 1 s"] = lambda: run("./watch-go", f"127.0.0.1:{port}")
            clients["patient server, grpcio client with 1 s"] = lambda: python(port)
        for case, client in clients.items():
            code, lines = client()
            sent = server.stdout.readline().strip()
            print(f"{case}: {code} after {lines} lines; server: {sent}")
            seen.append((code, int(lines) == 20, sent.startswith("20 ")))
    finally:
        server.kill()
        server.wait()
print("tonic 0.14.9, grpcio", grpc.__version__)
if seen != [("OK", True, True), ("DeadlineExceeded", False, False), ("DEADLINE_EXCEEDED", False, False), ("OK", True, True)]:
    raise SystemExit("CHANGED: streams end otherwise now")
PY
venv/bin/python ask.py
