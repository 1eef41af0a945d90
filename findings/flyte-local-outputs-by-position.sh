#!/usr/bin/env bash
# The same connector fills different outputs in a local run and on a server.
#
# Guess:   outputs={"rows": 7, "bytes": 4096} reach the task's outputs "rows" and "bytes" wherever it runs.
# Happens: flyte 2.12.1 keeps the names when the connector service answers, but in a local run takes the values in the
#          order of the connector's dict and lays them over the declared outputs. Declared as bytes, rows: the local
#          caller reads 7 bytes and 4096 rows, of the right type and without a word.
# Matters: a task class that lists its outputs in another order than its connector passes every local test wrongly, or
#          fails every local test and is right in production. A local runner of one's own goes by name.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte[connector]==2.12.1' 'flyteidl2==2.0.51' 'grpcio==1.85.3'

cat > transfer.py <<'PY'
import asyncio
from dataclasses import dataclass

import flyte
import grpc
from flyte.connectors import AsyncConnector, AsyncConnectorExecutorMixin, ConnectorRegistry, Resource, ResourceMeta
from flyte.connectors._server import AsyncConnectorService
from flyte.extend import TaskTemplate
from flyte.models import NativeInterface
from flyteidl2.connector import connector_pb2, service_pb2_grpc
from flyteidl2.core.execution_pb2 import TaskExecution


@dataclass
class Job(ResourceMeta):
    id: str


class Transfer(AsyncConnector):
    name, task_type_name, metadata_type = "Transfer", "transfer", Job

    async def create(self, task_template, output_prefix, inputs=None, **kwargs):
        return Job(id="1")

    async def get(self, resource_meta, **kwargs):
        return Resource(phase=TaskExecution.SUCCEEDED, outputs={"rows": 7, "bytes": 4096})

    async def delete(self, resource_meta, **kwargs):
        pass


class TransferTask(AsyncConnectorExecutorMixin, TaskTemplate):
    def __init__(self):
        interface = NativeInterface({}, {"bytes": int, "rows": int})
        super().__init__(name="transfer", interface=interface, task_type="transfer", image=None)

    def custom_config(self, sctx):
        return {"any": "thing"}


async def over_the_wire():
    server = grpc.aio.server()
    service_pb2_grpc.add_AsyncConnectorServiceServicer_to_server(AsyncConnectorService(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = service_pb2_grpc.AsyncConnectorServiceStub(channel)
        request = connector_pb2.GetTaskRequest(resource_meta=b'{"id": "1"}')
        request.task_category.name = "transfer"
        answer = await stub.GetTask(request)
    await server.stop(None)
    return {output.name: output.value.scalar.primitive.integer for output in answer.resource.outputs.literals}


if __name__ == "__main__":
    ConnectorRegistry.register(Transfer())
    flyte.init()
    print("flyte", flyte.__version__)
    task = TransferTask()
    flyte.TaskEnvironment.from_task("env", task)
    values = list(flyte.with_runcontext(mode="local").run(task).outputs())
    local = dict(zip(task.native_interface.outputs, values))
    remote = asyncio.run(over_the_wire())
    print("outputs of the service:", remote)
    print("outputs of a local run:", local, "in declared order")
    if remote != {"rows": 7, "bytes": 4096} or local != {"bytes": 7, "rows": 4096}:
        raise SystemExit("CHANGED: local runs and the service agree now")
PY
HOME=$work venv/bin/python transfer.py
