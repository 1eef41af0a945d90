"""The Python classes whose values the typed layer must read and write, each with a Rust counterpart.

`typed_cases.py` fills them for the vectors of the type engine, `typed_echo.py` for the connector `typed_echo`.
No values here: a class and the types of its fields, in the order in which they go over the wire.
"""

import datetime
import enum
from dataclasses import dataclass, field
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

from flyte.io import DataFrame, Dir, File
from pydantic import BaseModel

# That of `typing` is not enough for pydantic before Python 3.12.
from typing_extensions import NotRequired, TypedDict


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = -5


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


class Partial(TypedDict):
    depth: int
    label: NotRequired[str]


@dataclass
class Choices:
    """Unions and classes of every family inside a dataclass."""

    date_or_time: Union[datetime.date, datetime.datetime]
    time_or_date: Union[datetime.datetime, datetime.date]
    time_or_text: Union[datetime.datetime, str]
    date_or_text: Union[datetime.date, str]
    span_or_real: Union[datetime.timedelta, float]
    real_or_span: Union[float, datetime.timedelta]
    whole_or_span: Union[int, datetime.timedelta]
    span_or_text: Union[datetime.timedelta, str]
    level_or_whole: Union[Level, int]
    mode_or_text: Union[Mode, str]
    mode_or_level: Union[Mode, Level, None]
    shape: Union[Circle, Square]
    row_or_whole: Union[Row, int]
    options_or_whole: Union[Options, int]
    modes_or_whole: Union[List[Mode], int]


class ChoicesModel(BaseModel):
    """The same fields as `Choices`; pydantic has rules of its own."""

    date_or_time: Union[datetime.date, datetime.datetime]
    time_or_date: Union[datetime.datetime, datetime.date]
    time_or_text: Union[datetime.datetime, str]
    date_or_text: Union[datetime.date, str]
    span_or_real: Union[datetime.timedelta, float]
    real_or_span: Union[float, datetime.timedelta]
    whole_or_span: Union[int, datetime.timedelta]
    span_or_text: Union[datetime.timedelta, str]
    level_or_whole: Union[Level, int]
    mode_or_text: Union[Mode, str]
    mode_or_level: Union[Mode, Level, None]
    shape: Union[Circle, Square]
    row_or_whole: Union[Row, int]
    options_or_whole: Union[Options, int]
    modes_or_whole: Union[List[Mode], int]


@dataclass
class Moded:
    mode: Mode
    took: datetime.timedelta


class ModedModel(BaseModel):
    mode: Mode
    took: datetime.timedelta


class Pair(NamedTuple):
    mode: Mode
    level: Level


@dataclass
class Families:
    """Every family of classes inside a dataclass, but for models, which cannot be there."""

    level: Level
    maybe_level: Optional[Level]
    levels: List[Level]
    pair: Pair
    maybe_pair: Optional[Pair]
    pairs: List[Pair]
    options: Options
    maybe_options: Optional[Options]
    moded: Moded
    both: Tuple[Mode, Pair]


class FamiliesModel(BaseModel):
    level: Level
    maybe_level: Optional[Level]
    levels: List[Level]
    pair: Pair
    maybe_pair: Optional[Pair]
    pairs: List[Pair]
    options: Options
    maybe_options: Optional[Options]
    moded: Moded
    both: Tuple[Mode, Pair]
    model: ModedModel
    models: Dict[str, ModedModel]


class FamiliesTuple(NamedTuple):
    level: Level
    pair: Pair
    options: Options
    moded: Moded
    modes: List[Mode]
    model: ModedModel


class FamiliesDict(TypedDict):
    level: Level
    pair: Pair
    options: Options
    moded: Moded
    modes: List[Mode]
    models: List[ModedModel]


@dataclass
class Loose:
    """JSON of no declared type inside a dataclass."""

    value: Any
    bare: dict
    items: List[Any]


class LooseModel(BaseModel):
    value: Any
    bare: dict
    items: List[Any]


@dataclass
class Moments:
    """Times from one end of Python's years to the other, in zones that reach beyond."""

    at: datetime.datetime
    day: datetime.date
    took: datetime.timedelta


class MomentsModel(BaseModel):
    at: datetime.datetime
    day: datetime.date
    took: datetime.timedelta


@dataclass
class Dated:
    time_or_date: Union[datetime.datetime, datetime.date]


class DatedModel(BaseModel):
    time_or_date: Union[datetime.datetime, datetime.date]


@dataclass
class Alike:
    """The first class has a default for what the second one has not."""

    shape: Union[Labelled, Square]


@dataclass
class IntNumber:
    value: int


@dataclass
class FloatNumber:
    value: float


@dataclass
class Numbers:
    number: Union[IntNumber, FloatNumber]
