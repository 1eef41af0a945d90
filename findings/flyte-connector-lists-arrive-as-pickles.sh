#!/usr/bin/env bash
# A list that a Python connector gives as an output succeeds, and the task that is to read it fails.
#
# Guess:   outputs={"paths": ["a", "b"]} fill the task's output of type list[str], on a server as in a local run.
# Happens: the service of flyte 2.12.1 does not know the task's interface and goes by type(value), which of a list is
#          `list`, without what is in it. That is no type of Flyte's engine, so the list goes out as a Python pickle, in
#          bytes without a tag. The poll says SUCCEEDED; whoever takes the output as list[str] fails with "Unsupported
#          binary format". Tuples and lists of dataclasses go the same way, a dict arrives. In a local run all arrive.
# Matters: such a connector passes its local tests, and what breaks is another task, later, after the job was paid for.
#          Until that changes: put the list into a dict or a dataclass. A service that knows declared types writes by
#          them, and one that stands in front of Python can say what it passes on.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte[connector]==2.12.1' 'flyteidl2==2.0.51' 'grpcio==1.85.3'

cat > listing.py <<'PY'
import asyncio
import logging
from dataclasses import dataclass

import flyte
import grpc
from flyte.connectors import AsyncConnector, AsyncConnectorExecutorMixin, ConnectorRegistry, Resource, ResourceMeta
from flyte.connectors._server import AsyncConnectorService
from flyte.extend import TaskTemplate
from flyte.models import NativeInterface
from flyte.types import TypeEngine
from flyteidl2.connector import connector_pb2, service_pb2_grpc
from flyteidl2.core.execution_pb2 import TaskExecution

DECLARED = {"paths": list[str], "pair": tuple[int, str], "counts": dict[str, int]}
GIVEN = {"paths": ["a", "b"], "pair": (1, "x"), "counts": {"a": 1}}


@dataclass
class Job(ResourceMeta):
    id: str


class Listing(AsyncConnector):
    name, task_type_name, metadata_type = "Listing", "listing", Job

    async def create(self, task_template, output_prefix, inputs=None, **kwargs):
        return Job(id="1")

    async def get(self, resource_meta, **kwargs):
        return Resource(phase=TaskExecution.SUCCEEDED, outputs=GIVEN)

    async def delete(self, resource_meta, **kwargs):
        pass


class ListingTask(AsyncConnectorExecutorMixin, TaskTemplate):
    def __init__(self):
        super().__init__(name="listing", interface=NativeInterface({}, DECLARED), task_type="listing", image=None)

    def custom_config(self, sctx):
        return {"any": "thing"}


async def over_the_wire():
    server = grpc.aio.server()
    service_pb2_grpc.add_AsyncConnectorServiceServicer_to_server(AsyncConnectorService(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        request = connector_pb2.GetTaskRequest(resource_meta=b'{"id": "1"}')
        request.task_category.name = "listing"
        answer = await service_pb2_grpc.AsyncConnectorServiceStub(channel).GetTask(request)
    await server.stop(None)
    phase = TaskExecution.Phase.Name(answer.resource.phase)
    return phase, {output.name: output.value for output in answer.resource.outputs.literals}


async def read(literal, declared):
    try:
        return await TypeEngine.to_python_value(literal, declared)
    except Exception as error:
        return error


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    ConnectorRegistry.register(Listing())
    flyte.init()
    print("flyte", flyte.__version__)
    task = ListingTask()
    flyte.TaskEnvironment.from_task("env", task)
    local = dict(zip(DECLARED, flyte.with_runcontext(mode="local").run(task).outputs()))
    print("local run:", local)
    phase, literals = asyncio.run(over_the_wire())
    arrived = {}
    for name, literal in literals.items():
        value = arrived[name] = asyncio.run(read(literal, DECLARED[name]))
        binary = literal.scalar.binary
        shown = str(value).splitlines()[-1] if isinstance(value, Exception) else value
        print(f"service: {phase}, {name} in {len(binary.value)} bytes, tag {binary.tag!r}, read as declared: {shown}")
    if local != GIVEN or phase != "SUCCEEDED" or arrived["counts"] != GIVEN["counts"]:
        raise SystemExit("CHANGED: what a local run or a dict gives is otherwise now")
    for name in ("paths", "pair"):
        binary = literals[name].scalar.binary
        if not isinstance(arrived[name], Exception) or binary.tag or not binary.value.startswith(b"\x80"):
            raise SystemExit(f"CHANGED: {name} is readable now, or no pickle")
PY
HOME=$work venv/bin/python listing.py
