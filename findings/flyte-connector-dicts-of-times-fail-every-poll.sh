#!/usr/bin/env bash
# A dict of times, dataclasses or files that a Python connector gives as an output fails the poll of a job that is done.
#
# Guess:   dict[str, datetime] is a type of Flyte's engine, so a connector's {"begin": datetime(...)} fills such an output.
# Happens: the service of flyte 2.12.1 goes by type(value): a bare dict, which is written as msgpack and holds what JSON
#          holds. A datetime, a dataclass or a File in it is "Cannot convert … to Flyte Literal", as an INTERNAL of
#          GetTask, at that poll and at each that follows. A local run goes by the declared type and succeeds; so does a
#          dict of numbers on the service. An int of numpy, which a local run refuses, goes out as a pickle that the next
#          task cannot read; a float of numpy is a float.
# Matters: the job has succeeded and been paid for, and Flyte gives it up after six polls. Authors: one output for each
#          such value, or a dataclass that holds them; int() around what numpy and pandas count. Who serves by declared
#          types writes a map of times.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte[connector]==2.12.1' 'flyteidl2==2.0.51' 'grpcio==1.85.3' \
  'numpy==2.4.6'

cat > dicts.py <<'PY'
import asyncio
import datetime
import logging
from dataclasses import dataclass

import flyte
import grpc
import numpy
from flyte.connectors import AsyncConnector, AsyncConnectorExecutorMixin, ConnectorRegistry, Resource, ResourceMeta
from flyte.connectors._server import AsyncConnectorService
from flyte.extend import TaskTemplate
from flyte.io import File
from flyte.models import NativeInterface
from flyte.types import TypeEngine
from flyteidl2.connector import connector_pb2, service_pb2_grpc
from flyteidl2.core.execution_pb2 import TaskExecution

BEGUN = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)


@dataclass
class Step:
    rows: int


@dataclass
class Job(ResourceMeta):
    id: str


CASES = {
    "numbers": (dict[str, float], {"a": 1.5}, "read"),
    "times": (dict[str, datetime.datetime], {"a": BEGUN}, "INTERNAL"),
    "dataclasses": (dict[str, Step], {"a": Step(1)}, "INTERNAL"),
    "files": (dict[str, File], {"a": File(path="s3://bucket/a")}, "INTERNAL"),
    "mean": (float, numpy.float64(1.5), "read"),
    "count": (int, numpy.int64(5), "not read"),
}


class Giving(AsyncConnector):
    name, task_type_name, metadata_type = "Giving", "giving", Job

    async def create(self, task_template, output_prefix, inputs=None, **kwargs):
        return Job(id=task_template.id.name)

    async def get(self, resource_meta, **kwargs):
        return Resource(phase=TaskExecution.SUCCEEDED, outputs={"given": CASES[resource_meta.id][1]})

    async def delete(self, resource_meta, **kwargs):
        pass


class GivingTask(AsyncConnectorExecutorMixin, TaskTemplate):
    def __init__(self, case):
        interface = NativeInterface({}, {"given": CASES[case][0]})
        super().__init__(name=case, interface=interface, task_type="giving", image=None)

    def custom_config(self, sctx):
        return {"any": "thing"}


async def poll(stub, case):
    request = connector_pb2.GetTaskRequest(resource_meta=b'{"id": "%s"}' % case.encode())
    request.task_category.name = "giving"
    try:
        answer = await stub.GetTask(request)
    except grpc.aio.AioRpcError as error:
        return error.code().name, " ".join(error.details().split())[:110]
    declared, given, _ = CASES[case]
    try:
        value = await TypeEngine.to_python_value(answer.resource.outputs.literals[0].value, declared)
    except Exception as error:
        return "not read", str(error).splitlines()[-1]
    return ("read" if value == given else "read as another value"), value


async def over_the_wire():
    server = grpc.aio.server()
    service_pb2_grpc.add_AsyncConnectorServiceServicer_to_server(AsyncConnectorService(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = service_pb2_grpc.AsyncConnectorServiceStub(channel)
        polled = {case: await poll(stub, case) for case in CASES}
    await server.stop(None)
    return polled


logging.disable(logging.CRITICAL)
ConnectorRegistry.register(Giving())
flyte.init()
print("flyte", flyte.__version__)
local = {}
for case in CASES:
    task = GivingTask(case)
    flyte.TaskEnvironment.from_task(f"env-{case}", task)
    try:
        local[case] = flyte.with_runcontext(mode="local").run(task).outputs()[0]
    except Exception as error:
        local[case] = error
for case, (told, shown) in asyncio.run(over_the_wire()).items():
    declared, given, expected = CASES[case]
    here = "the same" if local[case] == given else f"{type(local[case]).__name__}: {str(local[case])[:60]}"
    print(f"{case}: in a local run {here}; from the service {told}: {shown}")
    if told != expected or (case != "count" and local[case] != given):
        raise SystemExit(f"CHANGED: {case} arrives otherwise")
PY
HOME="$work" venv/bin/python dicts.py
