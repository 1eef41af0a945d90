#!/usr/bin/env bash
# What a Python connector's create() returns is not what its get() receives: parts of dataclasses have become dicts.
#
# Guess:   ResourceMeta is a dataclass with types; what create() put in comes out of it in get() and delete().
# Happens: flyte 2.12.1 writes JSON and reads fields that are dataclasses themselves, and nothing else by their types:
#          list[Part] is a list of dicts, Part | None a dict, a tuple a list, the keys of dict[int, str] are text. An Enum
#          or a time cannot be written, which is found out when create() has returned and the job runs: the executor gets
#          an error and no resource_meta, and deletes nothing. A local run passes the object itself, so all of it works.
# Matters: every poll of a healthy job fails with "'dict' object has no attribute …", and after six the executor never
#          asks again. Authors: fields of text and numbers only, or encode() and decode() of one's own, and a test that
#          sends the meta through both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte[connector]==2.12.1' 'flyteidl2==2.0.51' 'grpcio==1.85.3'

cat > meta.py <<'PY'
import asyncio
import datetime
import enum
import logging
from dataclasses import dataclass

import grpc
from flyte.connectors import AsyncConnector, ConnectorRegistry, Resource, ResourceMeta
from flyte.connectors._server import AsyncConnectorService
from flyteidl2.connector import connector_pb2, service_pb2_grpc
from flyteidl2.core import tasks_pb2
from flyteidl2.core.execution_pb2 import TaskExecution

logging.disable(logging.CRITICAL)


class Zone(enum.Enum):
    EU = "eu"


@dataclass
class Part:
    id: str


@dataclass
class PartsMeta(ResourceMeta):
    first: Part
    parts: list[Part]
    last: Part | None
    zone: Zone | str
    span: tuple[int, int]
    by_number: dict[int, str]


@dataclass
class TimedMeta(ResourceMeta):
    started: datetime.datetime


jobs = []
metas = {
    "parts": PartsMeta(Part("a"), [Part("b")], Part("c"), "eu", (1, 2), {1: "x"}),
    "zoned": PartsMeta(Part("a"), [], None, Zone.EU, (1, 2), {}),
    "timed": TimedMeta(datetime.datetime(2026, 1, 2)),
}


class Batch(AsyncConnector):
    name = "Batch Connector"
    task_type_name = "batch"
    metadata_type = PartsMeta

    async def create(self, task_template, output_prefix, inputs=None, task_execution_metadata=None, **kwargs):
        jobs.append(task_template.id.name)
        return metas[task_template.id.name]

    async def get(self, resource_meta, **kwargs):
        return Resource(phase=TaskExecution.SUCCEEDED, message=resource_meta.parts[0].id)

    async def delete(self, resource_meta, **kwargs):
        pass


ConnectorRegistry.register(Batch())


async def main():
    server = grpc.aio.server()
    service_pb2_grpc.add_AsyncConnectorServiceServicer_to_server(AsyncConnectorService(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    category = connector_pb2.TaskCategory(name="batch")
    seen = {}
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = service_pb2_grpc.AsyncConnectorServiceStub(channel)
        for name in metas:
            template = tasks_pb2.TaskTemplate(type="batch")
            template.id.name = name
            try:
                created = await stub.CreateTask(connector_pb2.CreateTaskRequest(template=template))
                job = connector_pb2.GetTaskRequest(resource_meta=created.resource_meta, task_category=category)
                seen[name] = (await stub.GetTask(job)).resource.message
            except grpc.aio.AioRpcError as error:
                seen[name] = " ".join(error.details().split())
    await server.stop(None)
    return seen


seen = asyncio.run(main())
back = PartsMeta.decode(metas["parts"].encode())
print("put in:   ", metas["parts"])
print("comes out:", back)
for name, told in seen.items():
    print(f"{name}: {told}")
print("jobs that were started:", *jobs)
if back != PartsMeta(Part("a"), [{"id": "b"}], {"id": "c"}, "eu", [1, 2], {"1": "x"}):
    raise SystemExit("CHANGED: the meta comes back otherwise")
if "'dict' object has no attribute 'id'" not in seen["parts"] or "timed" not in jobs:
    raise SystemExit("CHANGED: polls and creates go otherwise")
for name in ("zoned", "timed"):
    if "failed to create" not in seen[name] or "not JSON serializable" not in seen[name]:
        raise SystemExit("CHANGED: such a meta is written now")
PY
HOME="$work" venv/bin/python meta.py 2>/dev/null
