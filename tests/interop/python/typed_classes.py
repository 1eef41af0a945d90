"""The Python classes whose values the typed layer must read and write, each with a Rust counterpart.

`typed_cases.py` fills them for the vectors of the type engine, `typed_echo.py` for the connector `typed_echo`.
No values here: a class and the types of its fields, in the order in which they go over the wire.
"""

import datetime
import enum
from dataclasses import dataclass, field
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, TypedDict, Union

from flyte.io import DataFrame, Dir, File
from pydantic import BaseModel


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


@dataclass
class Point:
    x: float
    y: float
    label: Optional[str]
    tags: List[str]
    at: datetime.datetime
    took: datetime.timedelta
    mode: Mode


class PointModel(BaseModel):
    """The same fields as `Point`, which pydantic spells in its own way."""

    x: float
    y: float
    label: Optional[str]
    tags: List[str]
    at: datetime.datetime
    took: datetime.timedelta
    mode: Mode


# What `typed_echo` takes and gives, as a task declares it.
TYPED_ECHO: Dict[str, Any] = {
    "i": int,
    "f": float,
    "s": str,
    "b": bool,
    "at": datetime.datetime,
    "took": datetime.timedelta,
    "xs": List[int],
    "m": Dict[str, float],
    "opt": Optional[int],
    "mode": Mode,
    "point": Point,
    "points": List[Point],
    "file": File,
    "dir": Dir,
    "df": DataFrame,
}


@dataclass
class Node:
    """A class that holds itself."""

    value: int
    next: Optional["Node"] = None
    children: List["Node"] = field(default_factory=list)


class NodeModel(BaseModel):
    value: int
    next: Optional["NodeModel"] = None
    children: List["NodeModel"] = []


@dataclass
class Record:
    """Every kind of field a dataclass can have; bytes stand in a class of their own."""

    whole: int
    real: float
    text: str
    truth: bool
    at: datetime.datetime
    day: datetime.date
    took: datetime.timedelta
    mode: Mode
    numbers: List[int]
    spans: List[datetime.timedelta]
    pair: Tuple[int, str]
    by_name: Dict[str, float]
    by_number: Dict[int, str]
    maybe: Optional[int]
    maybe_at: Optional[datetime.datetime]
    maybe_mode: Optional[Mode]
    either: Union[int, str]
    inner: Node
    inners: List[Node]
    named: Dict[str, Node]
    file: File
    folder: Dir
    table: DataFrame


class RecordModel(BaseModel):
    """The same fields as `Record`."""

    whole: int
    real: float
    text: str
    truth: bool
    at: datetime.datetime
    day: datetime.date
    took: datetime.timedelta
    mode: Mode
    numbers: List[int]
    spans: List[datetime.timedelta]
    pair: Tuple[int, str]
    by_name: Dict[str, float]
    by_number: Dict[int, str]
    maybe: Optional[int]
    maybe_at: Optional[datetime.datetime]
    maybe_mode: Optional[Mode]
    either: Union[int, str]
    inner: NodeModel
    inners: List[NodeModel]
    named: Dict[str, NodeModel]
    file: File
    folder: Dir
    table: DataFrame


@dataclass
class Raw:
    raw: bytes
    parts: List[bytes]


class RawModel(BaseModel):
    raw: bytes
    parts: List[bytes]


@dataclass
class Unsigned:
    """Numbers beyond the range of Flyte's integers, which only msgpack carries."""

    count: int


@dataclass
class Circle:
    radius: float


@dataclass
class Square:
    side: float
    label: str = "square"


@dataclass
class Labelled:
    """Has all fields of `Square`, so that only the class's name in a union tells them apart."""

    side: float
    label: str
    owner: str = "nobody"


class Row(NamedTuple):
    number: int
    text: str
    took: datetime.timedelta


class Options(TypedDict):
    depth: int
    mode: Mode
