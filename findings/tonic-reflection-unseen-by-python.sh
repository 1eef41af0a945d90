#!/usr/bin/env bash
# Reflection of a Rust server is invisible to the official Python reflection client.
#
# Guess:   gRPC reflection is one protocol: a server with tonic-reflection can be listed by grpcio-reflection.
# Happens: there are two names of it. grpcio-reflection 1.85.1 (client and server) speaks grpc.reflection.v1alpha only;
#          tonic-reflection 0.14.9 has one builder for v1 and another for v1alpha.
#          With v1 alone the Python client gets UNIMPLEMENTED without a text.
# Matters: people explore a connector service with what they have at hand. Serve both names; ask for both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'grpcio==1.85.3' 'grpcio-reflection==1.85.1'
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "reflect"
version = "0.0.0"
edition = "2021"

[dependencies]
tonic = { version = "=0.14.9", default-features = false, features = ["router", "server"] }
tonic-health = { version = "=0.14.9", default-features = false }
tonic-reflection = "=0.14.9"
tokio = { version = "=1.54.1", features = ["rt", "macros", "net"] }

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RUST'
//! A health service and reflection, under the names given as arguments.
use tonic::transport::{server::TcpIncoming, Server};
use tonic_health::pb::FILE_DESCRIPTOR_SET;
use tonic_reflection::server::Builder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let describe = || Builder::configure().register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET);
    let mut router = Server::builder().add_service(health).add_service(describe().build_v1()?);
    if std::env::args().any(|arg| arg == "v1alpha") {
        router = router.add_service(describe().build_v1alpha()?);
    }
    router.serve_with_incoming(TcpIncoming::from(listener)).await?;
    Ok(())
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet

cat > ask.py <<'PY'
import subprocess

import grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

seen = {}
for names in (["v1"], ["v1", "v1alpha"]):
    server = subprocess.Popen(["target/debug/reflect", *names], stdout=subprocess.PIPE, text=True)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{server.stdout.readline().strip()}") as channel:
            seen[" and ".join(names)] = list(ProtoReflectionDescriptorDatabase(channel).get_services())
    except grpc.RpcError as error:
        seen[" and ".join(names)] = f"{error.code().name} {error.details()!r}"
    finally:
        server.kill()
        server.wait()
for names, outcome in seen.items():
    print(f"tonic-reflection 0.14.9 with {names}, asked by grpcio-reflection 1.85.1: {outcome}")
if seen["v1"] != "UNIMPLEMENTED ''" or "grpc.health.v1.Health" not in seen["v1 and v1alpha"]:
    raise SystemExit("CHANGED: v1 is enough now")
PY
venv/bin/python ask.py
