"""Sends the inputs of the connector `typed_vectors` as flytekit writes them, and prints what comes back.

Usage: python typed_vectors.py ADDRESS
"""

import asyncio
import dataclasses
import datetime
import enum
import json
import sys
import typing

import grpc
from flyteidl.admin import agent_pb2
from flyteidl.core import literals_pb2, tasks_pb2
from flyteidl.service import agent_pb2_grpc
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
from flytekit.models.literals import Literal
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile
from flytekit.types.structured.structured_dataset import StructuredDataset
from google.protobuf import json_format
from pydantic import BaseModel

PATIENCE = 30
UTC = datetime.timezone.utc
AT = datetime.datetime(2024, 1, 2, 3, 4, 5, 678901, UTC)


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


@dataclasses.dataclass
class Inner:
    n: int
    mode: Mode


@dataclasses.dataclass
class Assets:
    file: FlyteFile
    dir: FlyteDirectory
    frame: StructuredDataset
    maybe: typing.Optional[FlyteFile]
    inner: Inner


class Model(BaseModel):
    rate: float
    at: datetime.datetime
    took: datetime.timedelta
    mode: Mode


MODEL = Model(rate=0.5, at=AT, took=datetime.timedelta(seconds=90.5), mode=Mode.SLOW)
INNER = Inner(3, Mode.FAST)
ASSETS = Assets(
    FlyteFile.from_source("s3://b/f"),
    FlyteDirectory.from_source("s3://b/d"),
    StructuredDataset(uri="s3://b/t", file_format="parquet"),
    None,
    INNER,
)

VALUES = {
    "day": (datetime.date, datetime.date(2024, 1, 2)),
    "mode": (Mode, Mode.FAST),
    "opt_mode": (typing.Optional[Mode], Mode.SLOW),
    "modes": (typing.List[Mode], [Mode.SLOW, Mode.FAST]),
    "by_number": (typing.Dict[int, str], {1: "a"}),
    "number_or_text": (typing.Union[int, str], "x"),
    "numbers_or_text": (typing.Union[typing.List[int], str], [1, 2]),
    "nothing": (typing.Optional[int], None),
    "inner": (Inner, INNER),
    "opt_inner": (typing.Optional[Inner], INNER),
    "assets": (Assets, ASSETS),
    "model": (Model, MODEL),
    "models": (typing.List[Model], [MODEL]),
    "opt_file": (typing.Optional[FlyteFile], FlyteFile.from_source("s3://b/f")),
    "opt_dir": (typing.Optional[FlyteDirectory], FlyteDirectory.from_source("s3://b/d")),
    "opt_numbers": (typing.Optional[typing.List[int]], [7]),
}


def shown(literal):
    return json_format.MessageToDict(literal, preserving_proto_field_name=True)


def same(value, read):
    if isinstance(value, (FlyteFile, FlyteDirectory)):
        return value.remote_source == read.remote_source
    if isinstance(value, Assets):
        return (
            # A frame in an object knows its place once it is opened; until then its literal does.
            (read.file.remote_source, read.dir.remote_source) == ("s3://b/f", "s3://b/d")
            and (read.frame._literal_sd.uri, read.maybe) == ("s3://b/t", None)
            and read.inner == value.inner
        )
    return value == read


def main(argv):
    if len(argv) != 2:
        print(f"usage: {argv[0]} ADDRESS", file=sys.stderr)
        return 2
    context = FlyteContextManager.current_context()
    sent = {}
    for name, (kind, value) in VALUES.items():
        declared = TypeEngine.to_literal_type(kind)
        found = asyncio.run(TypeEngine.async_to_literal(context, value, kind, declared))
        sent[name] = found.to_flyte_idl()
    channel = grpc.insecure_channel(argv[1])
    agent = agent_pb2_grpc.AsyncAgentServiceStub(channel)
    template = tasks_pb2.TaskTemplate(type="typed_vectors")
    request = agent_pb2.CreateTaskRequest(inputs=literals_pb2.LiteralMap(literals=sent), template=template)
    created = agent.CreateTask(request, timeout=PATIENCE)
    category = agent_pb2.TaskCategory(name="typed_vectors")
    request = agent_pb2.GetTaskRequest(task_category=category, resource_meta=created.resource_meta)
    resource = agent.GetTask(request, timeout=PATIENCE).resource
    steps = [{"case": "state", "phase": resource.phase, "message": resource.message}]
    for name, literal in sent.items():
        kind, value = VALUES[name]
        got = resource.outputs.literals.get(name, literals_pb2.Literal())
        read = asyncio.run(TypeEngine.async_to_python_value(context, Literal.from_flyte_idl(got), kind))
        step = {"case": name, "sent": shown(literal), "got": shown(got), "read": same(value, read)}
        steps.append(step)
    json.dump({"steps": steps}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
