"""Sends typed values to a running `typed_echo` and reads the answers with the official type engine.

Usage: python typed_echo.py ADDRESS
One JSON document goes to stdout: {"steps": [...]}. Each step of good inputs tells, by name, the values that were
meant and the values that came back, in the nodes of `typed_nodes.py`, and whether Python finds the two equal. Each
step of bad inputs tells what people get to see. Nothing is asserted here; the Rust test judges the steps.
"""

import asyncio
import datetime
import json
import logging
import sys
from typing import Any, Callable, Dict, List, Optional

import msgpack
import task_requests
from flyte.io import DataFrame, Dir, File
from flyte.types import TypeEngine
from flyteidl2.connector import connector_pb2
from flyteidl2.core.literals_pb2 import Binary, Literal, LiteralOffloadedMetadata, Primitive, Scalar, Union, Void
from flyteidl2.core.types_pb2 import LiteralType, SimpleType, TypeStructure
from flyteidl2.task.common_pb2 import NamedLiteral
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from make_type_vectors import as_form
from transcript import Transcript
from typed_classes import TYPED_ECHO, Mode, Point, PointModel
from typed_nodes import node

CATEGORY = connector_pb2.TaskCategory(name="typed_echo", version=1)
UTC = datetime.timezone.utc
NAIVE = datetime.datetime(2024, 1, 2, 3, 4, 5, 678901)
AWARE = NAIVE.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=-3, minutes=-30)))

# The answers are read as these, whatever the inputs were declared as.
MODELS = {**TYPED_ECHO, "point": PointModel, "points": List[PointModel]}
Values = Dict[str, Any]


def point(at: datetime.datetime = AWARE, kind: type = Point, **fields: Any) -> Any:
    took = datetime.timedelta(days=-800, microseconds=-1)
    given = {"x": 1.5, "y": -0.0, "label": "größe 🚀", "tags": ["a", ""], "at": at, "took": took, "mode": Mode.SLOW}
    return kind(**{**given, **fields})


def values(at: datetime.datetime = AWARE, kind: type = Point) -> Values:
    return {
        "i": -(2**63),
        "f": float("inf"),
        "s": 'naïve "日本" \u0000 🚀',
        "b": True,
        "at": at,
        "took": datetime.timedelta(days=-1, microseconds=1),
        "xs": [1, 0, -1, 2**63 - 1],
        "m": {"pi": 3.14159, "": -0.0, "ü": 5e-324},
        "opt": 0,
        "mode": Mode.SLOW,
        "point": point(at, kind),
        "points": [point(at, kind), point(at, kind, label=None, tags=[], x=0.0, mode=Mode.FAST)],
        "file": File(path="s3://bucket/in/data.csv", format="csv", hash="abc123"),
        "dir": Dir(path="s3://bucket/in/parts/"),
        "df": DataFrame(uri="s3://bucket/in/table", format="parquet"),
    }


def small() -> Values:
    """The least that every type can hold."""
    plain = point(NAIVE.replace(tzinfo=UTC), x=3, y=2**40, label=None, tags=[])
    return {
        **{"i": 0, "f": float("nan"), "s": "", "b": False, "at": datetime.datetime(1, 1, 1, tzinfo=UTC)},
        **{"took": datetime.timedelta(0), "xs": [], "m": {}, "opt": None, "mode": Mode.FAST},
        **{"point": plain, "points": [], "file": File(path=""), "dir": Dir(path="s3://b")},
        "df": DataFrame(uri="s3://b", format=""),
    }


LAST = datetime.datetime.max.replace(tzinfo=UTC)
BEYOND = datetime.datetime.max.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=-12)))


def ends(kind: type = Point) -> Values:
    """The last that Python can say, also where it is in the year 10000 of UTC, as it can be inside an object."""
    longest = datetime.timedelta(days=-999999999)
    edge = point(BEYOND, kind, took=longest)
    late = point(datetime.datetime.max, kind, took=longest)
    return {**values(LAST, kind), "took": datetime.timedelta.max, "point": edge, "points": [late]}


def as_meant(value: Any) -> Any:
    """The same value in the classes in which the answer is read."""
    if isinstance(value, list):
        return [as_meant(item) for item in value]
    if isinstance(value, (Point, PointModel)):
        fields = {name: as_meant(item) for name, item in vars(value).items()}
        # Python does not mind an int in a field of floats, and reads a float.
        return Point(**{**fields, "x": float(value.x), "y": float(value.y)})
    if isinstance(value, datetime.datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


class Requests:
    """Requests of one connection, each in a run of its own."""

    def __init__(self, transcript: Transcript):
        self.transcript = transcript
        self.count = 0

    def request(self, given: Values, types: Dict[str, Any]) -> connector_pb2.CreateTaskRequest:
        self.count += 1
        declared = {name: types[name] for name in given}
        task = task_requests.ConnectorTask(
            f"typed_{self.count}", "typed_echo", {"purpose": "interop"}, declared, dict(TYPED_ECHO)
        )
        task.task_type_version = 1
        return task_requests.create_request(task, given, run=f"typed{self.count}")

    def answer(self, case: str, request: connector_pb2.CreateTaskRequest) -> Any:
        """The job's resource, or nothing if there is no job."""
        created = self.transcript.call(f"{case}: create", "CreateTask", request)
        if not created:
            return None
        get = connector_pb2.GetTaskRequest(resource_meta=created[0].resource_meta, task_category=CATEGORY)
        answered = self.transcript.call(f"{case}: get", "GetTask", get)
        return answered[0].resource if answered else None

    def good(self, case: str, given: Values, types: Dict[str, Any] = TYPED_ECHO, change: Any = None) -> None:
        """Sends what was given, in the form that `change` makes of it, and tells what came back."""
        request = self.request(given, types)
        for literal in request.inputs.literals:
            if change:
                literal.value.CopyFrom(change(literal.name, literal.value))
        resource = self.answer(case, request)
        literals = {entry.name: entry.value for entry in resource.outputs.literals} if resource else {}
        read = {name: asyncio.run(TypeEngine.to_python_value(value, TYPED_ECHO[name])) for name, value in literals.items()}
        meant = {name: as_meant(value) for name, value in given.items()}
        self.transcript.note(
            case,
            phase=resource.phase if resource else None,
            meant={name: node(value) for name, value in meant.items()},
            read={name: node(value) for name, value in read.items()},
            equal={name: same(value, meant.get(name)) for name, value in read.items()},
        )

    def bad(self, case: str, change: Callable[[Dict[str, Literal]], None]) -> None:
        """Sends good inputs after `change` has spoiled some, and tells what people get to see."""
        request = self.request(values(), TYPED_ECHO)
        literals = {entry.name: entry.value for entry in request.inputs.literals}
        change(literals)
        del request.inputs.literals[:]
        request.inputs.literals.extend(NamedLiteral(name=name, value=value) for name, value in literals.items())
        resource = self.answer(case, request)
        refusal = next(step["details"] for step in reversed(self.transcript.steps) if "details" in step)
        self.transcript.note(
            case, phase=resource.phase if resource else None, text=resource.message if resource else refusal
        )


def same(read: Any, meant: Any) -> bool:
    # A NaN is equal to nothing, not even to itself, and a data frame that was read holds on to its literal.
    if isinstance(meant, float) and meant != meant:
        return bool(read != read)
    if isinstance(meant, DataFrame):
        return (read.uri, read.format, read.hash) == (meant.uri, meant.format, meant.hash)
    return bool(read == meant)


def digits(name: str, literal: Literal) -> Literal:
    """Whole numbers as their digits, as a form that has floats only must write large ones."""
    if name == "xs":
        for item in literal.collection.literals:
            item.CopyFrom(text(str(item.scalar.primitive.integer)))
    return text(str(literal.scalar.primitive.integer)) if name == "i" else literal


def good_inputs(requests: Requests) -> None:
    requests.good("dataclass", values())
    requests.good("pydantic", values(kind=PointModel), MODELS)
    requests.good("small", small())
    requests.good("ends", ends())
    requests.good("pydantic ends", ends(PointModel), MODELS)
    requests.good("digits", values(), change=digits)
    forms = {"point", "points"}
    requests.good("form", values(), change=lambda name, value: as_form(value) if name in forms else value)
    requests.good(
        "pydantic form", values(kind=PointModel), MODELS,
        change=lambda name, value: as_form(value) if name in forms else value,
    )  # fmt: skip
    requests.good("naive", values(NAIVE))
    requests.good("naive pydantic", values(NAIVE, PointModel), MODELS)
    requests.good("unions", values(), {name: Optional[kind] for name, kind in TYPED_ECHO.items()})
    requests.good("plain for a union", values(), {**TYPED_ECHO, "opt": int})
    without = values()
    del without["opt"]
    requests.good("left out", without)
    requests.good("enum by value", values(), change=lambda name, value: text("slow") if name == "mode" else value)


def text(value: str) -> Literal:
    return Literal(scalar=Scalar(primitive=Primitive(string_value=value)))


def number(value: float) -> Literal:
    return Literal(scalar=Scalar(primitive=Primitive(float_value=value)))


def packed(literal: Literal, change: Callable[[Any], None]) -> None:
    """Spoils an object inside its literal."""
    fields = msgpack.unpackb(literal.scalar.binary.value)
    change(fields)
    literal.scalar.binary.value = msgpack.packb(fields)


def bad_inputs(requests: Requests) -> None:
    def pickled(literals: Dict[str, Literal]) -> None:
        literals["xs"] = asyncio.run(TypeEngine.to_literal([1, 2], list, TypeEngine.to_literal_type(list)))

    def nested(literals: Dict[str, Literal]) -> None:
        literals["xs"].collection.literals[1].CopyFrom(text("two"))
        literals["m"].map.literals["pi"].CopyFrom(text("three"))

    def fields(literals: Dict[str, Literal]) -> None:
        packed(literals["point"], lambda point: (point.pop("x"), point.update(label=7)))

    def moments(literals: Dict[str, Literal]) -> None:
        packed(literals["points"].collection.literals[1], lambda point: point.update(at="tomorrow"))

    def offloaded(literals: Dict[str, Literal]) -> None:
        stored = LiteralOffloadedMetadata(
            uri="s3://bucket/big.pb", size_bytes=1 << 33, inferred_type=LiteralType(simple=SimpleType.STRING)
        )
        literals["s"] = Literal(offloaded_metadata=stored)

    def several(literals: Dict[str, Literal]) -> None:
        del literals["s"]
        literals["b"] = text("true")
        literals["i"] = number(1e300)
        fields(literals)
        moments(literals)

    def binary(literals: Dict[str, Literal]) -> None:
        literals["point"] = Literal(scalar=Scalar(binary=Binary(value=b"{}", tag="json")))

    def put(name: str, literal: Literal) -> Callable[[Dict[str, Literal]], None]:
        return lambda literals: literals.update({name: literal})

    def tagged(tag: str, value: Literal) -> Callable[[Dict[str, Literal]], None]:
        union = Union(value=value, type=LiteralType(structure=TypeStructure(tag=tag)))
        return put("opt", Literal(scalar=Scalar(union=union)))

    whole = Literal(scalar=Scalar(primitive=Primitive(integer=5)))
    requests.bad("unknown tag", tagged("integer", whole))
    requests.bad("tag of another value", tagged("int", text("5")))
    requests.bad("value of another tag", tagged("str", whole))
    requests.bad("nothing under a tag", tagged("int", Literal(scalar=Scalar(none_type=Void()))))
    requests.bad("tag of another type", tagged("str", text("5")))
    duration = Duration(seconds=86400000000000)
    requests.bad("too long", put("took", Literal(scalar=Scalar(primitive=Primitive(duration=duration)))))
    moment = Timestamp(seconds=253402300800)
    requests.bad("too late", put("at", Literal(scalar=Scalar(primitive=Primitive(datetime=moment)))))
    requests.bad("inexact", put("i", number(2.0**53)))
    requests.bad("missing input", lambda literals: literals.pop("s"))
    requests.bad("input without a value", put("s", Literal()))
    requests.bad("integer for bool", put("b", Literal(scalar=Scalar(primitive=Primitive(integer=1)))))
    requests.bad("fraction for int", put("i", number(5.7)))
    requests.bad("wrong item and entry", nested)
    requests.bad("unknown member", put("mode", text("MEDIUM")))
    requests.bad("pickle for a list", pickled)
    requests.bad("file for a directory", lambda literals: literals.update(dir=literals["file"]))
    requests.bad("missing and wrong field", fields)
    requests.bad("datetime that is none", moments)
    requests.bad("offloaded", offloaded)
    requests.bad("other binary format", binary)
    requests.bad("several", several)


def main(arguments: List[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    # One of the mistakes is a pickle; the warning about it is not needed.
    logging.getLogger("flyte").setLevel(logging.ERROR)
    transcript = Transcript(arguments[0])
    transcript.wait_until_serving()
    requests = Requests(transcript)
    good_inputs(requests)
    bad_inputs(requests)
    json.dump({"steps": transcript.steps}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
