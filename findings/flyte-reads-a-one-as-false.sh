#!/usr/bin/env bash
# A connector's output of 1 for a bool is False in the next task, and 2.9 for an int is 2.
#
# Guess:   what is not of the declared type is refused, as a text for an int is; or 1 is True, as everywhere in Python.
# Happens: flyte 2.12.1's service writes outputs by the types of the values, not by the task's: 1 as an integer, 2.9 as a
#          float. Whoever reads an integer as a bool gets False, whatever it is, and a float as an int without its
#          fraction. None of it is an error. A local run of the same task refuses the same outputs.
# Matters: vendors' JSON has 1 for "done" and 2.9 for what was a count before. The task succeeds, and a branch is taken
#          the other way. Run each output once locally; convert by hand, bool(…) and int(…). A service that knows declared
#          types writes by them, and a reader refuses a number for a bool and a fraction for an int.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte[connector]==2.12.1' 'flyteidl2==2.0.51' 'grpcio==1.85.3'

cat > told.py <<'PY'
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

DECLARED = {"done": bool, "rows": int, "share": float, "name": str}
GIVEN = {"done": 1, "rows": 2.9, "share": 1.0, "name": 7}


@dataclass
class Job(ResourceMeta):
    id: str


class Count(AsyncConnector):
    name, task_type_name, metadata_type = "Count", "count", Job

    async def create(self, task_template, output_prefix, inputs=None, **kwargs):
        return Job(id="1")

    async def get(self, resource_meta, **kwargs):
        return Resource(phase=TaskExecution.SUCCEEDED, outputs=GIVEN)

    async def delete(self, resource_meta, **kwargs):
        pass


class CountTask(AsyncConnectorExecutorMixin, TaskTemplate):
    def __init__(self):
        super().__init__(name="count", interface=NativeInterface({}, DECLARED), task_type="count", image=None)

    def custom_config(self, sctx):
        return {"any": "thing"}


async def over_the_wire():
    server = grpc.aio.server()
    service_pb2_grpc.add_AsyncConnectorServiceServicer_to_server(AsyncConnectorService(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        request = connector_pb2.GetTaskRequest(resource_meta=b'{"id": "1"}')
        request.task_category.name = "count"
        answer = await service_pb2_grpc.AsyncConnectorServiceStub(channel).GetTask(request)
    await server.stop(None)
    return {output.name: output.value for output in answer.resource.outputs.literals}


async def read(literal, declared):
    try:
        return await TypeEngine.to_python_value(literal, declared)
    except Exception:
        return "refused"


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    ConnectorRegistry.register(Count())
    flyte.init()
    print("flyte", flyte.__version__)
    task = CountTask()
    flyte.TaskEnvironment.from_task("env", task)
    try:
        local = flyte.with_runcontext(mode="local").run(task).outputs()
    except flyte.errors.RuntimeDataValidationError as error:
        local = f"refused, for {str(error).split(', ')[0]}"
    print("local run:", local)
    literals = asyncio.run(over_the_wire())
    served = {name: asyncio.run(read(literals[name], kind)) for name, kind in DECLARED.items()}
    for name, kind in DECLARED.items():
        print(f"{name}, declared {kind.__name__}, given {GIVEN[name]!r}: read as {served[name]!r}")
    if not str(local).startswith("refused"):
        raise SystemExit("CHANGED: a local run takes these outputs now")
    if served != {"done": False, "rows": 2, "share": 1.0, "name": "refused"} or served["done"] is not False:
        raise SystemExit("CHANGED: the values are read otherwise now")
PY
HOME=$work venv/bin/python told.py
