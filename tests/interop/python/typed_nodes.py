"""Tells Python values as JSON that says every type, so that other programs can compare values with their own.

`make_type_vectors.py` and `typed_echo.py` print these nodes. A node has one key:
"none", "bool", "int" (decimal text), "float" (the 16 hex digits of its IEEE 754 bits), "str", "bytes" (hex),
"datetime" (microseconds since 1970, in UTC), "date" (ISO), "duration" (microseconds), "enum" (the member's name),
"list" (nodes), "tuple" (nodes), "map" (pairs of nodes, sorted by key), "object" (the class's name, then pairs of
name and node), "file" and "dir" (path, format, hash and name), "frame" (uri, format and hash).
"""

import dataclasses
import datetime
import enum
import struct
from typing import Any, Dict, List

from flyte.io import DataFrame, Dir, File
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pydantic import BaseModel

# Without a zone: in UTC some times are in a year that Python does not have.
EPOCH = datetime.datetime(1970, 1, 1)
MICROSECOND = datetime.timedelta(microseconds=1)


def node(value: Any, inside: bool = False) -> Dict[str, Any]:
    """`inside` says that the value is part of an object; only there a file keeps its name."""
    if value is None:
        return {"none": None}
    if isinstance(value, enum.Enum):
        return {"enum": value.name}
    for kind, tell in SCALARS.items():
        if isinstance(value, kind):
            return tell(value)
    if isinstance(value, File):
        return {"file": reference(value, inside)}
    if isinstance(value, Dir):
        return {"dir": reference(value, inside)}
    if isinstance(value, DataFrame):
        return {"frame": [value.uri, value.format, value.hash]}
    if isinstance(value, Struct):
        return numbers_as_floats(MessageToDict(value))
    if isinstance(value, list):
        return {"list": [node(item, inside) for item in value]}
    if isinstance(value, dict):
        pairs = [[node(key), node(item, inside)] for key, item in sorted(value.items())]
        return {"map": pairs}
    if hasattr(value, "_fields"):
        return {"object": [type(value).__name__, fields(value, value._fields)]}
    if isinstance(value, tuple):
        return {"tuple": [node(item, True) for item in value]}
    if isinstance(value, BaseModel):
        return {"object": [type(value).__name__, fields(value, type(value).model_fields)]}
    names = [field.name for field in dataclasses.fields(value)]
    return {"object": [type(value).__name__, fields(value, names)]}


def fields(value: Any, names: Any) -> List[List[Any]]:
    return [[name, node(getattr(value, name), True)] for name in names]


def reference(value: Any, inside: bool) -> List[Any]:
    return [value.path, value.format, value.hash, value.name if inside else None]


def of_float(value: float) -> Dict[str, str]:
    # One NaN for all: Python does not tell them apart.
    return {"float": "7ff8000000000000" if value != value else struct.pack(">d", value).hex()}


def of_datetime(value: datetime.datetime) -> Dict[str, str]:
    offset = value.utcoffset() or datetime.timedelta(0)
    return {"datetime": str((value.replace(tzinfo=None) - EPOCH - offset) // MICROSECOND)}


# In this order: a bool is an int, and a datetime is a date.
SCALARS = {
    bool: lambda value: {"bool": value},
    int: lambda value: {"int": str(value)},
    float: of_float,
    str: lambda value: {"str": value},
    bytes: lambda value: {"bytes": value.hex()},
    datetime.datetime: of_datetime,
    datetime.date: lambda value: {"date": value.isoformat()},
    datetime.timedelta: lambda value: {"duration": str(value // MICROSECOND)},
}


def numbers_as_floats(value: Any) -> Dict[str, Any]:
    """A protobuf object: all of its numbers are floats."""
    if isinstance(value, dict):
        return {"map": [[node(key), numbers_as_floats(item)] for key, item in sorted(value.items())]}
    if isinstance(value, list):
        return {"list": [numbers_as_floats(item) for item in value]}
    if isinstance(value, int) and not isinstance(value, bool):
        return node(float(value))
    return node(value)
