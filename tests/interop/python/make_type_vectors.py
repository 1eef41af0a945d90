"""Writes vectors of the literals that the official type engine makes of Python values.

Usage: python make_type_vectors.py OUTPUT_FILE
There are lines of two kinds. {"type": CASE, "literal_type": BASE64} is what an interface declares for the case;
{"type": CASE, "literal": BASE64, "value": NODE, "canonical": BOOL, "schema": BOOL} is one value. `typed_nodes.py`
says what a NODE is. "canonical" says that a writer has no choice: the same value makes the same bytes; with
"schema" they are the same once the schemas of classes are taken out. The committed copy is
tests/data/type_vectors.jsonl; the interop test makes it anew and compares. The official reader reads every literal
back, and the value is what it read.
"""

import asyncio
import base64
import dataclasses
import datetime
import json
import logging
import sys
import typing
from pathlib import Path
from typing import Any, Dict, Iterator, List

import msgpack
from flyte.types import TypeEngine
from flyteidl2.core.literals_pb2 import Literal, LiteralCollection, Scalar
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from pydantic import BaseModel
from typed_cases import Case, all_cases
from typing_extensions import is_typeddict


def lines() -> Iterator[Dict[str, Any]]:
    for case in all_cases():
        declared = TypeEngine.to_literal_type(case.kind)
        yield {"type": case.name, "literal_type": as_base64(declared)}
        for value in case.values:
            yield asyncio.run(vector(case, declared, value))


async def vector(case: Case, declared: Any, value: Any) -> Dict[str, Any]:
    literal = await TypeEngine.to_literal(value, case.kind, declared)
    if case.form:
        literal = as_form(literal)
    read = value
    try:
        read = await TypeEngine.to_python_value(literal, case.kind)
        if case.unread:
            raise RuntimeError(f"{case.name}: the official reader reads this after all: {value!r}")
        if case.bent and case.tell(read) == case.tell(value):
            raise RuntimeError(f"{case.name}: the official reader reads {value!r} as it was after all")
        read = value if case.bent else read
    except (TypeError, ValueError) as error:
        if not case.unread:
            raise RuntimeError(f"{case.name}: the official reader cannot read {value!r}") from error
    told = case.tell(read)
    return {
        "type": case.name,
        "literal": as_base64(literal),
        "value": told,
        "canonical": case.canonical and "refused" not in told and is_canonical(value, case.kind),
        "schema": case.schema,
    }


def as_form(literal: Literal) -> Literal:
    """The same value as it comes out of a form that a person has filled in."""
    if literal.HasField("collection"):
        return Literal(collection=LiteralCollection(literals=[as_form(item) for item in literal.collection.literals]))
    value = msgpack.unpackb(literal.scalar.binary.value, strict_map_key=False)
    # JSON in between, because it turns keys into text.
    return Literal(scalar=Scalar(generic=ParseDict(json.loads(json.dumps(value)), Struct())))


def is_canonical(value: Any, kind: Any, inside: bool = False) -> bool:
    """Whether there is one way only to write the value; `inside` says that it is part of an object."""
    kinds = typing.get_args(kind)
    if typing.get_origin(kind) is typing.Union:
        return is_canonical(value, next(one for one in kinds if is_a(value, one)), inside)
    if isinstance(value, Struct):
        return not has_empty_key(MessageToDict(value))
    if isinstance(value, datetime.datetime):
        # A literal is in UTC anyhow; an object keeps the zone.
        return not inside or value.utcoffset() == datetime.timedelta(0)
    if kind is dict or kind is typing.Any:
        return json_is_canonical(value)
    if is_typeddict(kind) or hasattr(value, "_fields"):
        hints = typing.get_type_hints(kind)
        items = value.items() if isinstance(value, dict) else value._asdict().items()
        return all(is_canonical(item, hints[name], True) for name, item in items)
    if isinstance(value, dict):
        # The entries of a literal have no order; those of an object have.
        packed = inside or (kinds and kinds[0] is not str)
        item_kind = kinds[1] if len(kinds) == 2 else None
        fixed = list(value) == sorted(value) if packed else not has_empty_key(value)
        return fixed and all(is_canonical(item, item_kind, inside or packed) for item in value.values())
    if isinstance(value, list):
        item_kind = kinds[0] if kinds else None
        return all(is_canonical(item, item_kind, inside) for item in value)
    if dataclasses.is_dataclass(value) or isinstance(value, BaseModel) and not hasattr(value, "path"):
        hints = typing.get_type_hints(type(value))
        return all(is_canonical(item, hints[name], True) for name, item in vars(value).items() if name in hints)
    # An int in a field of floats stays an int in an object.
    return not (inside and kind is float and type(value) is int)


def is_a(value: Any, kind: Any) -> bool:
    if is_typeddict(kind):
        return isinstance(value, dict)
    return isinstance(value, typing.get_origin(kind) or kind)


def has_empty_key(value: Any) -> bool:
    """Protobuf leaves it to a writer whether an empty key of an entry is written or left out."""
    if isinstance(value, list):
        return any(has_empty_key(item) for item in value)
    return isinstance(value, dict) and ("" in value or any(has_empty_key(item) for item in value.values()))


def json_is_canonical(value: Any) -> bool:
    """Values of no declared type: keys in order."""
    if isinstance(value, dict):
        return list(value) == sorted(value) and all(json_is_canonical(item) for item in value.values())
    return not isinstance(value, list) or all(json_is_canonical(item) for item in value)


def as_base64(message: Message) -> str:
    return base64.b64encode(message.SerializeToString(deterministic=True)).decode("ascii")


def main(arguments: List[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    # Pickled types are meant here; the warnings about them are not needed.
    logging.getLogger("flyte").setLevel(logging.ERROR)
    found = list(lines())
    text = "\n".join(json.dumps(line, separators=(",", ":")) for line in found)
    Path(arguments[0]).write_text(text + "\n", encoding="ascii")
    print(f"{sum('literal' in line for line in found)} vectors")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
