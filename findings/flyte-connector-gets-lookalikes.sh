#!/usr/bin/env bash
# A connector on a server does not get the values that the caller passed, only look-alikes.
#
# Guess:   a dataclass input reaches the connector's create() as it does in a local run, bytes as bytes, a timedelta
#          as a timedelta, an Enum as the author's Enum.
# Happens: the service of flyte 2.12.1 has no access to the author's classes and rebuilds types from the interface. It
#          hands over an object of the same class name whose bytes field is the TEXT "b'\xff'", whose timedelta is a
#          float, whose datetime and enum fields are strings and whose integer map keys are strings; an Enum input is
#          a DynamicEnum with name and value "FAST", the author's value "fast" is nowhere.
# Matters: a connector that passes its local tests breaks on the server, or sends wrong text to the vendor. The
#          literal on the wire is still right: read that (template.interface and the msgpack), not the guess.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  'flyte[connector]==2.12.1' 'flyteidl2==2.0.51' 'grpcio==1.85.3' 'mashumaro==3.23' 'msgpack==1.2.4'

cat > settings.py <<'PY'
import asyncio
import datetime
import enum
from dataclasses import dataclass

import flyte
import grpc
from flyte.connectors import AsyncConnector, AsyncConnectorExecutorMixin, ConnectorRegistry, ResourceMeta
from flyte.connectors._server import AsyncConnectorService
from flyte.extend import TaskTemplate
from flyte.models import NativeInterface
from flyte.types import TypeEngine
from flyteidl2.connector import connector_pb2, service_pb2_grpc
from flyteidl2.core import interface_pb2
from flyteidl2.task import common_pb2

seen = {}


class Mode(enum.Enum):
    FAST = "fast"


@dataclass
class Settings:
    key: bytes
    wait: datetime.timedelta
    start: datetime.datetime
    mode: Mode
    ranks: dict[int, str]


@dataclass
class Job(ResourceMeta):
    id: str


class Render(AsyncConnector):
    name, task_type_name, metadata_type = "Render", "render", Job

    async def create(self, task_template, output_prefix, inputs=None, **kwargs):
        seen.update(inputs)
        return Job(id="1")

    async def get(self, resource_meta, **kwargs):
        raise NotImplementedError

    async def delete(self, resource_meta, **kwargs):
        pass


async def create_on_a_server(**inputs):
    request = connector_pb2.CreateTaskRequest()
    request.template.type = "render"
    for name, value in inputs.items():
        declared = TypeEngine.to_literal_type(type(value))
        request.template.interface.inputs.variables.append(
            interface_pb2.VariableEntry(key=name, value=interface_pb2.Variable(type=declared)))
        literal = await TypeEngine.to_literal(value, type(value), declared)
        request.inputs.literals.append(common_pb2.NamedLiteral(name=name, value=literal))
    server = grpc.aio.server()
    service_pb2_grpc.add_AsyncConnectorServiceServicer_to_server(AsyncConnectorService(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await service_pb2_grpc.AsyncConnectorServiceStub(channel).CreateTask(request)
    await server.stop(None)


if __name__ == "__main__":
    ConnectorRegistry.register(Render())
    print("flyte", flyte.__version__)
    start = datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc)
    settings = Settings(b"\xff", datetime.timedelta(seconds=90.5), start, Mode.FAST, {1: "a"})
    asyncio.run(create_on_a_server(settings=settings, mode=Mode.FAST))
    got, mode = seen["settings"], seen["mode"]
    fields = {name: getattr(got, name) for name in ("key", "wait", "start", "mode", "ranks")}
    print("sent:", settings)
    print("seen:", fields, "| a", type(got).__name__, "of the author's class:", isinstance(got, Settings))
    print("sent:", repr(Mode.FAST))
    print("seen:", repr(mode), "of the author's Enum:", isinstance(mode, Mode))
    expected = {"key": "b'\\xff'", "wait": 90.5, "start": "2024-01-02T00:00:00+00:00", "mode": "fast",
                "ranks": {"1": "a"}}
    if fields != expected or isinstance(got, Settings) or mode.value != "FAST":
        raise SystemExit("CHANGED: the service hands over something else now")
PY
HOME=$work venv/bin/python settings.py
