#!/usr/bin/env bash
# Two connector services of Python start on one port, and each gets some of the connections.
#
# Guess:   the second one says that the address is in use, and ends.
# Happens: grpcio 1.85.3 sets SO_REUSEPORT on Linux, for `c0` of flyte 2.12.1 as for any server of its own. Both run,
#          both announce the port, and Linux gives each new connection to one of them by chance. Of services with
#          different connectors each lists its own: a task type is there on one connection and NOT_FOUND on the next.
#          Only the port of the metrics is refused, where both have the same.
# Matters: a service that was forgotten in another terminal, or started once more by a supervisor, answers part of the
#          calls, with old code. Over a kept connection all is well until it breaks. Servers of one's own set
#          grpc.so_reuseport to 0, and are refused then.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte[connector]==2.12.1' 'flyteidl2==2.0.51' 'grpcio==1.85.3'
for kind in alpha beta; do
  cat > $kind.py <<PY
from dataclasses import dataclass

from flyte.connectors import AsyncConnector, ConnectorRegistry, ResourceMeta


@dataclass
class Job(ResourceMeta):
    id: str


class One(AsyncConnector):
    name, task_type_name, metadata_type = "$kind", "$kind", Job

    async def create(self, task_template, output_prefix, inputs=None, **kwargs):
        return Job(id="$kind")

    async def get(self, resource_meta, **kwargs):
        raise NotImplementedError

    async def delete(self, resource_meta, **kwargs):
        pass


ConnectorRegistry.register(One())
PY
done

cat > ask.py <<'PY'
import collections
import os
import socket
import subprocess
import time

import grpc
from flyteidl2.connector import connector_pb2, service_pb2_grpc

with socket.create_server(("::", 0), family=socket.AF_INET6) as one, socket.create_server(("", 0)) as two, \
        socket.create_server(("", 0)) as three:
    port, *metrics = (s.getsockname()[1] for s in (one, two, three))


def listed():
    """What a connection of its own lists, and what a create of type alpha over it ends as."""
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        listing = service_pb2_grpc.ConnectorMetadataServiceStub(channel).ListConnectors(
            connector_pb2.ListConnectorsRequest(), timeout=10)
        request = connector_pb2.CreateTaskRequest()
        request.template.type = "alpha"
        try:
            service_pb2_grpc.AsyncConnectorServiceStub(channel).CreateTask(request, timeout=10)
            created = "OK"
        except grpc.RpcError as error:
            created = error.code().name
        return ", ".join(c.name for c in listing.connectors), created


def start(module, metrics_port):
    command = ["venv/bin/c0", "--port", str(port), "--prometheus_port", str(metrics_port), "--modules", module]
    return subprocess.Popen(command, stdout=open(f"{module}.out", "w"), stderr=subprocess.STDOUT,
                            env={**os.environ, "PYTHONPATH": "."})


def until(what):
    for _ in range(300):
        try:
            if what():
                return
        except grpc.RpcError:
            pass
        time.sleep(0.2)
    raise SystemExit("not within a minute: both services answer, though both were started")


services = [start("alpha", metrics[0])]
try:
    until(lambda: listed()[0] == "alpha")
    services.append(start("beta", metrics[1]))
    # Until the second has a share of the connections.
    ended = lambda: services[1].poll() is not None
    until(lambda: ended() or "beta" in {listed()[0] for _ in range(10)})
    if ended():
        raise SystemExit("CHANGED: the second service does not start")
    answers = collections.Counter(listed() for _ in range(60))
    third = start("beta", metrics[1])
    services.append(third)
    refused = third.wait(timeout=60) != 0
finally:
    for service in services:
        service.kill()
        service.wait()
print("grpcio", grpc.__version__, "and two services of c0 on one port, 60 connections")
for (connectors, created), times in sorted(answers.items()):
    print(f"{times} times: lists {connectors}, a create of type alpha is {created}")
print("a third one with the same port for metrics", "ends with an error" if refused else "runs, too")
if {answer for answer in answers} != {("alpha", "OK"), ("beta", "NOT_FOUND")} or not refused:
    raise SystemExit("CHANGED: services share a port otherwise now")
PY
HOME="$work" venv/bin/python ask.py
