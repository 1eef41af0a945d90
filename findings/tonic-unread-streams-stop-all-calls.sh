#!/usr/bin/env bash
# Three log streams that somebody reads slowly stop every other call of a tonic channel.
#
# Guess:   streams of HTTP/2 do not block each other: one that nobody reads fills its own window, and the rest goes on.
# Happens: so it is with a channel of grpcio 1.85.3, with ten of them. tonic 0.14.9 gives a stream a window of 2 MiB and
#          the connection 5 MiB, and what waits unread counts for the connection, too: at the third stream of which only
#          the first message was read nothing comes in any more, and a small call of another task gets no answer.
# Matters: a front that passes log streams on to people's browsers, and polls over the same channel, stands still while
#          three people look at a page and do not scroll. Its health check over that channel fails, too. A window of the
#          connection that holds all streams (initial_connection_window_size(2^31 - 1), initial_stream_window_size small),
#          or a channel of its own for streams.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'grpcio==1.85.3' 'protobuf==7.36.2'
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "reader"
version = "0.0.0"
edition = "2021"

[dependencies]
prost = "=0.14.4"
tonic = { version = "=0.14.9", default-features = false, features = ["channel"] }
tonic-prost = "=0.14.9"
tokio = { version = "=1.54.1", features = ["rt", "macros", "time"] }

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RUST'
//! Opens so many log streams, reads the first line of each, and asks something small on the same channel.
use std::time::Duration;

use tonic::client::Grpc;
use tonic::transport::Endpoint;
use tonic::Request;
use tonic_prost::ProstCodec;

type Any = Box<dyn std::error::Error>;

#[derive(Clone, PartialEq, prost::Message)]
struct Text {
    #[prost(string, tag = "1")]
    value: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Any> {
    let [address, streams, windows] = &std::env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("give address, streams, windows".into());
    };
    let mut endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    if windows == "wide" {
        endpoint = endpoint.initial_connection_window_size((1 << 31) - 1).initial_stream_window_size(1 << 18);
    }
    let channel = endpoint.connect().await?;
    let mut unread = Vec::new();
    for _ in 0..streams.parse()? {
        let mut grpc = Grpc::new(channel.clone());
        grpc.ready().await?;
        let codec = ProstCodec::<Text, Text>::default();
        let opened = grpc.server_streaming(Request::new(Text::default()), "/logs.Logs/Tail".parse()?, codec).await?;
        let mut lines = opened.into_inner();
        lines.message().await?.ok_or("no line")?;
        unread.push(lines);
    }
    // What can come in, comes in.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await?;
    let codec = ProstCodec::<Text, Text>::default();
    let asked = grpc.unary(Request::new(Text::default()), "/logs.Logs/Poll".parse()?, codec);
    let answer = tokio::time::timeout(Duration::from_secs(5), asked).await;
    println!("{}", if answer.is_ok_and(|answer| answer.is_ok()) { "answered" } else { "no answer in 5 s" });
    Ok(())
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet

cat > serve.py <<'PY'
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.protobuf.wrappers_pb2 import StringValue

LINE = StringValue(value="x" * 16000)
FORMS = {"request_deserializer": StringValue.FromString, "response_serializer": StringValue.SerializeToString}


class Logs(grpc.GenericRpcHandler):
    """A log of 16 MB, and a small answer."""

    def service(self, details):
        if details.method.endswith("Tail"):
            return grpc.unary_stream_rpc_method_handler(lambda request, context: (LINE for _ in range(1000)), **FORMS)
        return grpc.unary_unary_rpc_method_handler(lambda request, context: request, **FORMS)


server = grpc.server(ThreadPoolExecutor(30), handlers=[Logs()])
address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
server.start()


def tonic(streams, windows="usual"):
    return subprocess.run(["target/debug/reader", address, str(streams), windows], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def grpcio(streams):
    forms = {"request_serializer": StringValue.SerializeToString, "response_deserializer": StringValue.FromString}
    with grpc.insecure_channel(address) as channel:
        tail = channel.unary_stream("/logs.Logs/Tail", **forms)
        unread = [tail(StringValue()) for _ in range(streams)]
        for lines in unread:
            next(lines)
        time.sleep(1)
        try:
            channel.unary_unary("/logs.Logs/Poll", **forms)(StringValue(), timeout=5)
            return "answered"
        except grpc.RpcError:
            return "no answer in 5 s"
        finally:
            for lines in unread:
                lines.cancel()


seen = {
    "tonic, 2 unread streams": tonic(2),
    "tonic, 3 unread streams": tonic(3),
    "tonic with a wide connection, 20 unread streams": tonic(20, "wide"),
    "grpcio, 10 unread streams": grpcio(10),
}
server.stop(None)
for case, told in seen.items():
    print(f"{case}: {told}")
if list(seen.values()) != ["answered", "no answer in 5 s", "answered", "answered"]:
    raise SystemExit("CHANGED: unread streams stop other calls otherwise")
PY
venv/bin/python serve.py
