#!/usr/bin/env bash
# A long error text is replaced by another error, by every client at another length.
#
# Guess:   the text of a status has no limit but that of messages, 4 MiB; the code arrives in any case.
# Happens: the text travels in HTTP/2 trailers. A service sends INTERNAL with 60 KiB of text: grpc-go 1.85.0 delivers
#          it, grpcio 1.85.3 turns it into RESOURCE_EXHAUSTED about metadata sizes, tonic 0.14.9 into a transport or
#          protocol error (UNKNOWN or INTERNAL). Between 8 and 16 KiB grpcio throws dice: one call now passes, now
#          does not.
# Matters: a vendor's answer or a traceback put into a status loses text AND code exactly when something is wrong. Cap
#          the text (4 KiB passes everywhere) and keep the rest in the log.
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
	_, err = health.NewHealthClient(connection).Check(context.Background(), &health.HealthCheckRequest{Service: os.Args[2]})
	fmt.Println(status.Code(err), status.Convert(err).Message())
}
GO
go mod tidy >/dev/null 2>&1
go build -o ask-go .
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "ask-rust"
version = "0.0.0"
edition = "2021"

[dependencies]
tonic = { version = "=0.14.9", default-features = false, features = ["channel"] }
tonic-health = { version = "=0.14.9", default-features = false }
tokio = { version = "=1.54.1", features = ["rt", "macros"] }

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RUST'
use tonic_health::pb::{health_client::HealthClient, HealthCheckRequest};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let channel = tonic::transport::Endpoint::new(format!("http://{}", args[1]))?.connect().await?;
    let request = HealthCheckRequest { service: args[2].clone() };
    if let Err(status) = HealthClient::new(channel).check(request).await {
        println!("{:?} {}", status.code(), status.message());
    }
    Ok(())
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet

cat > ask.py <<'PY'
import subprocess
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc


class Verbose(health_pb2_grpc.HealthServicer):
    def Check(self, request, context):
        context.abort(grpc.StatusCode.INTERNAL, "x" * 1024 * int(request.service))


def python(target, kib):
    with grpc.insecure_channel(target) as channel:
        try:
            health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=kib))
        except grpc.RpcError as error:
            return f"{error.code().name} {error.details()}"


def other(program):
    return lambda target, kib: subprocess.run([program, target, kib], text=True, stdout=subprocess.PIPE).stdout.strip()


server = grpc.server(ThreadPoolExecutor(2))
health_pb2_grpc.add_HealthServicer_to_server(Verbose(), server)
target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
server.start()
clients = {f"grpcio {grpc.__version__}": python, "grpc-go 1.85.0": other("./ask-go"),
           "tonic 0.14.9": other("target/debug/ask-rust")}
arrived = {}
for kib in (4, 60):
    for name, ask in clients.items():
        code, _, text = ask(target, str(kib)).partition(" ")
        arrived[name, kib] = text == "x" * 1024 * kib
        print(f"INTERNAL with {kib} KiB, {name}: {code} {text[:70]}{'…' if len(text) > 70 else ''}")
tries = [python(target, "12").startswith("INTERNAL") for _ in range(40)]
print(f"INTERNAL with 12 KiB, 40 times over fresh channels of grpcio: {sum(tries)} arrived")
server.stop(None).wait()
if [name.split()[0] for (name, kib), whole in arrived.items() if not whole] != ["grpcio", "tonic"]:
    raise SystemExit("CHANGED: other clients deliver the text now")
PY
venv/bin/python ask.py
