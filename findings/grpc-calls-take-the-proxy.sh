#!/usr/bin/env bash
# A plaintext gRPC call to a service of the same cluster goes through the proxy that HTTPS_PROXY names, or not: by library.
#
# Guess:   proxies are for HTTP clients; gRPC in plaintext to a name of the cluster opens a connection of its own.
# Happens: grpc-go 1.85.0 sends CONNECT to the proxy of HTTPS_PROXY or https_proxy, with Dial as with NewClient, and never
#          looks at HTTP_PROXY. grpcio 1.85.3 looks at grpc_proxy, https_proxy and http_proxy, in small letters only.
#          tonic 0.14.9 knows no proxy. In no_proxy Go takes ".flyte" and "*.flyte", grpcio only the former.
# Matters: a pod of Flyte's executor that was given HTTPS_PROXY for its object store sends its connectors' calls, with
#          their secrets, through the company's proxy, which cuts quiet connections or refuses the port; the same call
#          from a Python shell in that pod takes another way and works. Set NO_PROXY and no_proxy, with a leading dot and
#          without a star, to the names of the cluster (.svc,.cluster.local).
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
)

func main() {
	connect := grpc.NewClient
	if os.Args[1] == "dial" {
		connect = grpc.Dial
	}
	connection, err := connect(os.Args[2], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err = health.NewHealthClient(connection).Check(ctx, &health.HealthCheckRequest{}); err == nil {
		fmt.Println("OK")
	}
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
tokio = { version = "=1.54.1", features = ["rt", "macros"] }

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RUST'
use tonic::transport::Endpoint;
use tonic_health::pb::{health_client::HealthClient, HealthCheckRequest};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = format!("http://{}", std::env::args().nth(1).ok_or("no address")?);
    if let Ok(channel) = Endpoint::from_shared(address)?.connect().await {
        HealthClient::new(channel).check(HealthCheckRequest::default()).await?;
        println!("OK");
    }
    Ok(())
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet
cat > ask.py <<'PY'
import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

with grpc.insecure_channel(sys.argv[1]) as channel:
    try:
        health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
        print("OK")
    except grpc.RpcError:
        pass
PY

cat > compare.py <<'PY'
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2_grpc

# A name that only the proxy can lead somewhere: who does not ask the proxy, gets no answer.
SERVICE = "connectors.flyte.invalid:8000"
server = grpc.server(ThreadPoolExecutor(2))
health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
asked = []


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def serve(client):
    head = b""
    while b"\r\n\r\n" not in head:
        if not (data := client.recv(65536)):
            return
        head += data
    asked.append(head.split(b"\r\n")[0].decode())
    upstream = socket.create_connection(("127.0.0.1", port))
    client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
    threading.Thread(target=pump, args=(client, upstream), daemon=True).start()
    pump(upstream, client)


def accept(listener):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, args=(listener,), daemon=True).start()
PROXY = f"http://127.0.0.1:{listener.getsockname()[1]}"
BOTH = {"HTTPS_PROXY": PROXY, "https_proxy": PROXY}
clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
CLIENTS = {
    "grpc-go, NewClient": ["./ask-go", "new"],
    "grpc-go, Dial": ["./ask-go", "dial"],
    "grpcio": [sys.executable, "ask.py"],
    "tonic": ["target/debug/ask"],
}
GO = {"grpc-go, NewClient", "grpc-go, Dial"}
CASES = {
    "HTTPS_PROXY": ({"HTTPS_PROXY": PROXY}, GO),
    "https_proxy": ({"https_proxy": PROXY}, GO | {"grpcio"}),
    "HTTP_PROXY": ({"HTTP_PROXY": PROXY}, set()),
    "http_proxy": ({"http_proxy": PROXY}, {"grpcio"}),
    "grpc_proxy": ({"grpc_proxy": PROXY}, {"grpcio"}),
    "both, no_proxy=.invalid": ({**BOTH, "NO_PROXY": ".invalid", "no_proxy": ".invalid"}, set()),
    "both, no_proxy=*.invalid": ({**BOTH, "NO_PROXY": "*.invalid", "no_proxy": "*.invalid"}, {"grpcio"}),
}
for case, (variables, expected) in CASES.items():
    through = set()
    for name, command in CLIENTS.items():
        asked.clear()
        told = subprocess.run([*command, SERVICE], env={**clean, **variables}, check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip()
        if (told == "OK") != bool(asked) or any(SERVICE not in request for request in asked):
            raise SystemExit(f"CHANGED: {name} said {told!r}, the proxy was asked {asked}")
        if asked:
            through.add(name)
    print(f"{case}: through the proxy go {', '.join(sorted(through)) or 'none'}")
    if through != expected:
        raise SystemExit(f"CHANGED: with {case} it were {sorted(expected)}")
server.stop(None)
PY
venv/bin/python compare.py 2>/dev/null
