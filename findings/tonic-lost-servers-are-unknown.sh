#!/usr/bin/env bash
# A server that dies during a call is UNAVAILABLE to clients of Go and Python, and UNKNOWN to those of tonic.
#
# Guess:   UNAVAILABLE, which is the code that retries, circuit breakers and alerts look for.
# Happens: tonic 0.14.9 gives UNKNOWN, "transport error" for a call that waits and "error reading a
#          body from connection" for a stream that has begun. Its next call on that channel, with nobody at the port, is
#          UNAVAILABLE; so are all three with grpc-go 1.85.0 and grpcio 1.85.3.
# Matters: UNKNOWN is also what a Python service sends of an exception that nobody caught, which must not be tried again
#          blindly. In Rust the two differ by std::error::Error::source() of the status: there is one where the
#          transport failed. A front that hands the status on as it is has turned a restart into an error of the
#          service.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'grpcio==1.85.3' 'grpcio-health-checking==1.85.1'
cat > go.mod <<'MOD'
module ask

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
	client, asked := health.NewHealthClient(connection), context.Background()
	stream, err := client.Watch(asked, &health.HealthCheckRequest{})
	for err == nil {
		_, err = stream.Recv()
		if err == nil {
			go func() {
				_, err := client.Check(asked, &health.HealthCheckRequest{})
				fmt.Println("call", status.Code(err))
			}()
		}
	}
	fmt.Println("stream", status.Code(err))
	time.Sleep(500 * time.Millisecond)
	_, err = client.Check(asked, &health.HealthCheckRequest{})
	fmt.Println("next", status.Code(err))
}
GO
go mod tidy >/dev/null 2>&1
go build -o ask-go .
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "ask"
version = "0.0.0"
edition = "2021"

[dependencies]
tonic = { version = "=0.14.9", default-features = false, features = ["channel"] }
tonic-health = { version = "=0.14.9", default-features = false }
tokio = { version = "=1.54.1", features = ["rt", "macros", "time"] }

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RUST'
//! A stream, a call beside it, and a call after both.
use std::error::Error;
use std::time::Duration;

use tonic::transport::{Channel, Endpoint};
use tonic::Status;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::HealthCheckRequest;

async fn call(name: &str, mut client: HealthClient<Channel>) {
    tell(name, &client.check(HealthCheckRequest::default()).await.unwrap_err());
}

fn tell(name: &str, status: &Status) {
    println!("{name} {:?}", status.code());
    eprintln!("tonic, {name}: {:?}, with a source: {}", status.message(), status.source().is_some());
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("no URL")?;
    let mut client = HealthClient::new(Endpoint::new(url)?.connect().await?);
    let mut stream = client.watch(HealthCheckRequest::default()).await?.into_inner();
    stream.message().await?;
    let waiting = tokio::spawn(call("call", client.clone()));
    tell("stream", &stream.message().await.unwrap_err());
    waiting.await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    call("next", client).await;
    Ok(())
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet

cat > serve.py <<'PY'
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc


class Waits(health_pb2_grpc.HealthServicer):
    """A first line, and then nothing; no answer to a call, which it tells of."""

    def Watch(self, request, context):
        yield health_pb2.HealthCheckResponse()
        threading.Event().wait()

    def Check(self, request, context):
        print("called", flush=True)
        threading.Event().wait()


server = grpc.server(ThreadPoolExecutor(8))
health_pb2_grpc.add_HealthServicer_to_server(Waits(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
PY
cat > ask.py <<'PY'
import subprocess
import sys
import threading
import time

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

REQUEST = health_pb2.HealthCheckRequest()


def code(ask):
    try:
        return ask() and "an answer"
    except grpc.RpcError as error:
        return error.code().name


def python(address, told):
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        stream = stub.Watch(REQUEST)
        next(stream)
        waiting = stub.Check.future(REQUEST)
        told["stream"] = code(lambda: next(stream))
        told["call"] = code(waiting.result)
        time.sleep(0.5)
        told["next"] = code(lambda: stub.Check(REQUEST))


def program(*command):
    def run(address, told):
        lines = subprocess.run([*command[:-1], command[-1] % address], stdout=subprocess.PIPE, text=True, timeout=60).stdout
        told.update(line.split() for line in lines.splitlines())

    return run


seen = {}
clients = {"grpcio": python, "grpc-go": program("./ask-go", "%s"), "tonic": program("target/debug/ask", "http://%s")}
for name, client in clients.items():
    server = subprocess.Popen([sys.executable, "serve.py"], stdout=subprocess.PIPE, text=True)
    address = f"127.0.0.1:{server.stdout.readline().strip()}"
    told = seen[name] = {}
    asking = threading.Thread(target=client, args=(address, told))
    asking.start()
    # The stream has begun and the call waits.
    assert server.stdout.readline() == "called\n"
    server.kill()
    server.wait()
    asking.join()
for name, told in seen.items():
    print(f"{name}: {', '.join(f'{what} {told[what]}' for what in ('call', 'stream', 'next'))}")
codes = {name: [told[what].upper() for what in ("call", "stream", "next")] for name, told in seen.items()}
gone = ["UNAVAILABLE"] * 3
if codes != {"grpcio": gone, "grpc-go": gone, "tonic": ["UNKNOWN", "UNKNOWN", "UNAVAILABLE"]}:
    raise SystemExit("CHANGED: servers that are lost have other codes now")
PY
venv/bin/python ask.py
