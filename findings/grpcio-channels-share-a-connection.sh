#!/usr/bin/env bash
# Ten channels of grpcio to one address are one connection, so all their calls go to one replica.
#
# Guess:   a channel of its own is a connection of its own, as in Go and Rust; with ten, a load balancer of connections
#          (Kubernetes' Service, which is no proxy of calls) spreads them over the replicas.
# Happens: grpcio 1.85.3 keeps connections per process, by address and options: ten channels opened alike, blocking or
#          asyncio, share one. Behind a balancer that gives each connection to the next of two services all calls reach
#          one of them; the other waits. The option grpc.use_local_subchannel_pool, or any option that differs, makes
#          them ten.
# Matters: who opens more channels against a busy replica, or a channel for long log streams beside one for polls, has
#          changed nothing: streams and polls share the window, the limit of streams and the fate of one connection. Ask
#          for pools of their own, or for a headless Service and round_robin.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'grpcio==1.85.3'

cat > channels.py <<'PY'
import asyncio
import collections
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from socket import SHUT_WR, create_connection, create_server

import grpc


class Replica(grpc.GenericRpcHandler):
    """Answers with its name."""

    def __init__(self, name):
        self.name = name

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self.name)


def pass_on(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(SHUT_WR)
    except OSError:
        pass


replicas, ports = [], []
for name in (b"first", b"second"):
    replicas.append(grpc.server(ThreadPoolExecutor(4), handlers=[Replica(name)]))
    ports.append(replicas[-1].add_insecure_port("127.0.0.1:0"))
    replicas[-1].start()
balancer = create_server(("127.0.0.1", 0))
address = f"127.0.0.1:{balancer.getsockname()[1]}"
opened = []


def balance():
    """Each connection to the next replica."""
    for port in itertools.cycle(ports):
        inward, _ = balancer.accept()
        outward = create_connection(("127.0.0.1", port))
        opened.append((inward, outward))
        for pair in ((inward, outward), (outward, inward)):
            threading.Thread(target=pass_on, args=pair, daemon=True).start()


threading.Thread(target=balance, daemon=True).start()


def blocking(*options):
    before = len(opened)
    channels = [grpc.insecure_channel(address, options=list(options)) for _ in range(10)]
    answers = [channel.unary_unary("/any.Service/Who")(b"").decode() for channel in channels]
    for channel in channels:
        channel.close()
    return len(opened) - before, collections.Counter(answers)


async def in_asyncio():
    before = len(opened)
    channels = [grpc.aio.insecure_channel(address) for _ in range(10)]
    answers = [(await channel.unary_unary("/any.Service/Who")(b"")).decode() for channel in channels]
    for channel in channels:
        await channel.close()
    return len(opened) - before, collections.Counter(answers)


print("grpcio", grpc.__version__)
seen = {
    "ten channels": blocking(),
    "ten channels of asyncio": asyncio.run(in_asyncio()),
    "ten channels with pools of their own": blocking(("grpc.use_local_subchannel_pool", 1)),
}
for case, (connections, answers) in seen.items():
    print(f"{case}: connections: {connections}, answers by replica: {dict(answers)}")
if [(connections, len(answers)) for connections, answers in seen.values()] != [(1, 1), (1, 1), (10, 2)]:
    raise SystemExit("CHANGED: channels have other connections now")
PY
timeout 60 venv/bin/python channels.py
