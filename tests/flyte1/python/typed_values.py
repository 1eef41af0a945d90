"""Sends the inputs of `typed_echo` as flytekit writes them, and prints what comes back.

Usage: python typed_values.py ADDRESS
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
from flyteidl.core import literals_pb2, tasks_pb2, types_pb2
from flyteidl.service import agent_pb2_grpc
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
from flytekit.models.literals import Literal
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile

PATIENCE = 30
UTC = datetime.timezone.utc


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


@dataclasses.dataclass
class Point:
    x: float
    y: float
    label: typing.Optional[str]
    tags: typing.List[str]
    at: datetime.datetime
    took: datetime.timedelta
    mode: Mode


POINT = Point(
    1.5,
    -2.0,
    None,
    ["a", "b"],
    datetime.datetime(2024, 1, 2, 3, 4, 5, 678901, UTC),
    datetime.timedelta(seconds=90.5),
    Mode.SLOW,
)
FRAME = literals_pb2.Literal(
    scalar=literals_pb2.Scalar(
        structured_dataset=literals_pb2.StructuredDataset(
            uri="s3://b/t",
            metadata=literals_pb2.StructuredDatasetMetadata(
                structured_dataset_type=types_pb2.StructuredDatasetType(format="parquet")
            ),
        )
    )
)

VALUES = {
    "i": (int, -42),
    "f": (float, float("inf")),
    "s": (str, "naïve 🚀"),
    "b": (bool, False),
    "at": (datetime.datetime, datetime.datetime(2024, 1, 2, 3, 4, 5, 678901, UTC)),
    "took": (datetime.timedelta, datetime.timedelta(seconds=-1.5)),
    "xs": (typing.List[int], [1, 2, 3]),
    "m": (typing.Dict[str, float], {"a": 0.5}),
    "opt": (typing.Optional[int], 5),
    "mode": (Mode, Mode.FAST),
    "point": (Point, POINT),
    "points": (typing.List[Point], [POINT, POINT]),
    "file": (FlyteFile, "s3://b/f"),
    "dir": (FlyteDirectory, "s3://b/d"),
}


def written(context, kind, value):
    declared = TypeEngine.to_literal_type(kind)
    if isinstance(value, str) and value.startswith("s3://"):
        # As if the value stood there already: nothing is uploaded.
        value = kind.from_source(value)
    found = asyncio.run(TypeEngine.async_to_literal(context, value, kind, declared))
    return found.to_flyte_idl()


def main(argv):
    if len(argv) != 2:
        print(f"usage: {argv[0]} ADDRESS", file=sys.stderr)
        return 2
    context = FlyteContextManager.current_context()
    sent = {name: written(context, kind, value) for name, (kind, value) in VALUES.items()}
    sent["df"] = FRAME
    channel = grpc.insecure_channel(argv[1])
    agent = agent_pb2_grpc.AsyncAgentServiceStub(channel)
    template = tasks_pb2.TaskTemplate(type="typed_echo", task_type_version=1)
    request = agent_pb2.CreateTaskRequest(inputs=literals_pb2.LiteralMap(literals=sent), template=template)
    created = agent.CreateTask(request, timeout=PATIENCE)
    category = agent_pb2.TaskCategory(name="typed_echo", version=1)
    request = agent_pb2.GetTaskRequest(task_category=category, resource_meta=created.resource_meta)
    resource = agent.GetTask(request, timeout=PATIENCE).resource
    steps = [{"case": "state", "phase": resource.phase, "message": resource.message}]
    for name, literal in sent.items():
        got = resource.outputs.literals.get(name, literals_pb2.Literal())
        step = {"case": name, "sent": literal.SerializeToString(deterministic=True).hex()}
        step["got"] = got.SerializeToString(deterministic=True).hex()
        if name in VALUES:
            kind, value = VALUES[name]
            read = asyncio.run(TypeEngine.async_to_python_value(context, Literal.from_flyte_idl(got), kind))
            step["read"] = value in (read, getattr(read, "remote_source", None), getattr(read, "path", None))
        steps.append(step)
    json.dump({"steps": steps}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
