#!/usr/bin/env bash
# Without a deadline a Python server has 9.2e18 seconds left, and whoever passes them on has none.
#
# Guess:   time_remaining() is None for a call without a deadline, as its documentation says; and were it a number, a very
#          large one would be a very long time.
# Happens: the threaded server of grpcio 1.85.3 says 9.2e18, the one of asyncio None. Given to the next gRPC call as its
#          timeout that is DEADLINE_EXCEEDED at once, and to an Event, a future or a socket an OverflowError.
# Matters: Flyte's executor sets a deadline for its default connector only: a service that passes on what is left works in
#          tests, and for the default deployment, and fails every call of a deployment that has an entry of its own under
#          "connectors". Take the smaller one of what is left and a limit of one's own.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'grpcio==1.85.3' 'protobuf==7.36.2'

cat > remaining.py <<'PY'
import asyncio
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import grpc
from google.protobuf.wrappers_pb2 import StringValue

READ = {"request_deserializer": StringValue.FromString, "response_serializer": StringValue.SerializeToString}
SENT = {"request_serializer": StringValue.SerializeToString, "response_deserializer": StringValue.FromString}


class Handlers(grpc.GenericRpcHandler):
    """Says how much time is left."""

    def __init__(self, answer):
        self.answer = answer

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(self.answer, **READ)


def left(request, context):
    return StringValue(value=repr(context.time_remaining()))


async def left_of_asyncio(request, context):
    return left(request, context)


async def asked_of_asyncio():
    server = grpc.aio.server(handlers=[Handlers(left_of_asyncio)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        told = (await channel.unary_unary("/a.Service/Left", **SENT)(StringValue())).value
    await server.stop(None)
    return told


def outcome(waits):
    begun = time.monotonic()
    try:
        waits()
        return "waits"
    except grpc.RpcError as error:
        return f"{error.code().name} after {time.monotonic() - begun:.0f} s"
    except Exception as error:
        return type(error).__name__


def next_call(timeout):
    # Whoever listens and never answers: the call lasts as long as its timeout.
    with grpc.insecure_channel("127.0.0.1:%d" % silent.getsockname()[1]) as channel:
        channel.unary_unary("/a.Service/Left", **SENT)(StringValue(), timeout=timeout)


silent = socket.create_server(("127.0.0.1", 0))
server = grpc.server(ThreadPoolExecutor(2), handlers=[Handlers(left)])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    ask = channel.unary_unary("/a.Service/Left", **SENT)
    limited, unlimited = (float(ask(StringValue(), timeout=timeout).value) for timeout in (60, None))
server.stop(None)
of_asyncio = asyncio.run(asked_of_asyncio())
print(f"grpcio {grpc.__version__}: with a deadline of 60 s {limited:.0f} s are left, without one {unlimited:.1e} s; "
      f"of asyncio without one {of_asyncio}")
seen = {
    "the next call": outcome(lambda: next_call(unlimited)),
    "the next call, of 2 s": outcome(lambda: next_call(2)),
    "an Event": outcome(lambda: threading.Event().wait(unlimited)),
    "a Future": outcome(lambda: Future().result(unlimited)),
    "a socket": outcome(lambda: silent.settimeout(unlimited)),
}
for what, told in seen.items():
    print(f"given to {what}: {told}")
if not (59 < limited < 61 and unlimited > 1e18 and of_asyncio == "None"):
    raise SystemExit("CHANGED: other times are left")
if list(seen.values()) != ["DEADLINE_EXCEEDED after 0 s", "DEADLINE_EXCEEDED after 2 s"] + ["OverflowError"] * 3:
    raise SystemExit("CHANGED: what is left is taken otherwise")
PY
venv/bin/python remaining.py
