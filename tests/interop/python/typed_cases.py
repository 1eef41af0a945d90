"""The cases of which `make_type_vectors.py` makes vectors: a name, a declared type and values of it.

Every case has a Rust type of its own in `tests/type_vectors/`. Adding a kind is adding a line here and one there.
What Rust must make of the values is told by the official reader, never written down by hand.
"""

import datetime
import functools
import math
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Literal, Optional, Tuple, Union

from flyte._interface import literal_to_enum
from flyte.io import DataFrame, Dir, File
from google.protobuf.struct_pb2 import Struct
from make_resource_meta_vectors import FLOATS, INTS, STRINGS
from typed_classes import (
    Alike,
    Choices,
    ChoicesModel,
    Circle,
    Dated,
    DatedModel,
    Families,
    FamiliesDict,
    FamiliesModel,
    FamiliesTuple,
    FloatNumber,
    Labelled,
    Level,
    Loose,
    LooseModel,
    Mode,
    Moments,
    MomentsModel,
    Node,
    NodeModel,
    Numbers,
    Options,
    Partial,
    Point,
    PointModel,
    Raw,
    RawModel,
    Record,
    RecordModel,
    Row,
    Square,
    Unsigned,
)
from typed_nodes import node
from typed_source import BEYOND, DATES, DATETIMES, LOCAL_MEAN_TIME, LONG_SPANS, SPANS, Delta, FormValues, Values

SEED = 20260202
Choice = literal_to_enum(Literal["low", "high"])


@dataclass
class Case:
    name: str
    kind: Any
    values: List[Any]
    # How a value is told; most are told by their Python types.
    tell: Callable[[Any], Dict[str, Any]] = node
    # The literals carry the schema of a class, of which only people make use.
    schema: bool = False
    # The official reader cannot read its own literals back, for the reason given.
    unread: str = ""
    # The official reader reads another value than was written, for the reason given; Rust must not.
    bent: str = ""
    # The literals are those of a form that a person fills in.
    form: bool = False
    # Whether Rust writes the very same bytes, apart from what a value itself rules out.
    canonical: bool = True


@dataclass
class Cases:
    source: Values = field(default_factory=lambda: Values(SEED))
    found: List[Case] = field(default_factory=list)

    def add(self, name: str, kind: Any, edges: List[Any], draw: Any = None, count: int = 0, **more: Any) -> None:
        values = [*edges, *(draw() for _ in range(count))]
        self.found.append(Case(name, kind, values, **more))

    def scalars(self) -> None:
        s = self.source
        self.add("int", int, [value for value in INTS if -(2**63) <= value < 2**63], s.integer, 15)
        self.add("float", float, FLOATS, s.number, 15)
        self.add("str", str, STRINGS, s.text, 15)
        self.add("bool", bool, [True, False])
        self.add("datetime", datetime.datetime, DATETIMES, s.moment, 15)
        self.add("date", datetime.date, DATES, s.day, 12)
        self.add("timedelta", datetime.timedelta, [*SPANS, *LONG_SPANS], s.span, 12)
        self.add("none", type(None), [None])
        self.add("mode", Mode, list(Mode))
        self.add("choice", Choice, ["low", "high"], tell=lambda value: {"enum": value})
        self.add("file", File, [File(path="")], s.file, 9)
        self.add("dir", Dir, [Dir(path="s3://b")], s.folder, 9)
        frames = [DataFrame(uri="s3://b/t", format="csv", hash="abc123"), DataFrame(uri="s3://b/t", format="")]
        self.add("frame", DataFrame, frames, s.frame, 6)
        self.add("struct", Struct, [Struct()], s.struct, 9)

    def collections(self) -> None:
        s = self.source
        self.add("list_int", List[int], [[], [0], list(range(-5, 300, 61))], lambda: s.several(s.integer), 5)
        self.add("list_float", List[float], [[], FLOATS], lambda: s.several(s.number), 5)
        self.add("list_str", List[str], [[], [""], STRINGS], lambda: s.several(s.text), 5)
        self.add("list_bool", List[bool], [[], [True, False]], lambda: s.several(s.truth), 2)
        self.add("list_datetime", List[datetime.datetime], [[]], lambda: s.several(s.moment), 4)
        self.add("list_date", List[datetime.date], [DATES], lambda: s.several(s.day), 2)
        self.add("list_timedelta", List[datetime.timedelta], [SPANS], lambda: s.several(s.span), 4)
        self.add("list_none", List[None], [[], [None, None]])
        self.add("list_mode", List[Mode], [[]], lambda: s.several(s.mode), 4)
        self.add("list_file", List[File], [[]], lambda: s.several(s.file), 4)
        rows = [[], [[]], [[1], [], [2, 3]]]
        self.add("list_list_int", List[List[int]], rows, lambda: s.several(lambda: s.several(s.integer)), 4)
        self.add("list_map_float", List[Dict[str, float]], [[{}]], lambda: s.several(lambda: s.mapped(s.number)), 4)
        self.add("list_optional", List[Optional[int]], [[None]], lambda: s.several(lambda: s.maybe(s.integer)), 5)
        self.add("list_point", List[Point], [[]], lambda: s.several(s.point, 2), 5)
        self.add("list_tuple", List[Tuple[int, str]], [[]], lambda: s.several(lambda: (s.integer(), s.text())), 3)
        self.add("map_int", Dict[str, int], [{}, {"": 0}], lambda: s.mapped(s.integer), 6)
        self.add("map_float", Dict[str, float], [{}], lambda: s.mapped(s.number), 6)
        self.add("map_mode", Dict[str, Mode], [{}], lambda: s.mapped(s.mode), 4)
        self.add("map_list", Dict[str, List[str]], [{"a": []}], lambda: s.mapped(lambda: s.several(s.text)), 5)
        truths = {"": {"": True}}
        self.add("map_map", Dict[str, Dict[str, bool]], [truths], lambda: s.mapped(lambda: s.mapped(s.truth)), 4)
        self.add("map_optional", Dict[str, Optional[str]], [{"a": None}], lambda: s.mapped(lambda: s.maybe(s.text)), 5)
        self.add("map_point", Dict[str, Point], [{}], lambda: s.mapped(s.point), 4)
        self.add("dict_int_str", Dict[int, str], [{}, {1: "a"}, {-1: "", 300: "b"}], lambda: s.numbered(s.text), 8)
        spans = Dict[int, List[datetime.timedelta]]
        self.add("dict_int_spans", spans, [], lambda: s.numbered(lambda: s.several(s.span)), 4)
        self.add("dict_int_node", Dict[int, Node], [], lambda: s.numbered(lambda: s.node(1)), 4)
        self.add("dict_bool_int", Dict[bool, int], [{False: 1, True: 2}, {True: 0}])
        large = {"big": 2**64 - 1, "small": -(2**63), "odd": 2**53 + 1}
        bare = [{}, {"a": [1, 2.5, None, True, "x", {}]}, large, {"whole": 2.0}]
        self.add("dict", dict, bare, lambda: s.mapped(lambda: s.json(3)), 16)
        self.add("list_dict", List[dict], [[{}]], lambda: [s.mapped(lambda: s.json(1))], 3)

    def unions(self) -> None:
        s = self.source
        Moment, Span = datetime.datetime, datetime.timedelta
        self.add("optional_int", Optional[int], [None, 0, 5], s.integer, 4)
        self.add("optional_float", Optional[float], [None, 2.0, math.nan], s.number, 3)
        self.add("optional_str", Optional[str], [None, ""], s.text, 3)
        self.add("optional_bool", Optional[bool], [None, True, False])
        self.add("optional_datetime", Optional[Moment], [None], s.moment, 3)
        self.add("optional_date", Optional[datetime.date], [None], s.day, 3)
        self.add("optional_timedelta", Optional[Span], [None], s.span, 3)
        self.add("optional_mode", Optional[Mode], [None, *Mode])
        self.add("optional_list", Optional[List[int]], [None, []], lambda: s.several(s.integer), 3)
        self.add("optional_map", Optional[Dict[str, float]], [None, {}], lambda: s.mapped(s.number), 3)
        self.add("optional_numbered", Optional[Dict[int, str]], [None, {}], lambda: s.numbered(s.text), 3)
        self.add("optional_dict", Optional[dict], [None, {}], lambda: s.mapped(lambda: s.json(1)), 3)
        self.add("optional_file", Optional[File], [None], s.file, 6)
        self.add("optional_dir", Optional[Dir], [None], s.folder, 4)
        hashed = DataFrame(uri="s3://b/t", format="csv", hash="abc123")
        self.add("optional_frame", Optional[DataFrame], [None, hashed], s.frame, 3)
        self.add("optional_struct", Optional[Struct], [None], s.struct, 3)
        self.add("optional_node", Optional[Node], [None], lambda: s.node(1), 4, schema=True)
        self.add("optional_model", Optional[NodeModel], [None], lambda: s.node(1, NodeModel), 4, schema=True)
        self.add("optional_tuple", Optional[Tuple[int, str]], [None], lambda: (s.integer(), s.text()), 3, schema=True)
        self.add("int_or_str", Union[int, str], [0, "", 5, "5"], lambda: s.pick([s.integer(), s.text()]), 6)
        numbers: List[Any] = [0, 0.0, False, True, 1, 1.0, None, math.nan]
        self.add("scalar", Union[int, float, bool, None], numbers, lambda: s.pick([s.integer(), s.number()]), 6)
        self.add("list_or_map", Union[List[int], Dict[str, int]], [[], {}, [1], {"a": 1}])
        shapes = [Circle(1.5), Square(2.5), Square(0.5, "é")]
        self.add("shape", Union[Circle, Square], shapes, schema=True)
        alike = [Square(2.5), Labelled(2.5, "a"), Labelled(1.5, "b", "me")]
        self.add("alike", Union[Square, Labelled], alike, schema=True, unread="it calls classes alike ambiguous")
        self.add("list_shape", List[Union[Circle, Square]], [[], [Circle(1.5), Square(2.5)]], schema=True)

    def objects(self) -> None:
        s = self.source
        self.add("point", Point, [s.point(at=LOCAL_MEAN_TIME)], s.point, 30)
        self.add("point_model", PointModel, [s.point(PointModel, at=LOCAL_MEAN_TIME)], s.point_model, 30)
        self.add("record", Record, [], s.record, 40)
        self.add("record_model", RecordModel, [], s.record_model, 40)
        self.add("node", Node, [Node(1)], lambda: s.node(3), 6)
        self.add("node_model", NodeModel, [NodeModel(value=1)], lambda: s.node(3, NodeModel), 6)
        self.add("raw", Raw, [Raw(b"", []), Raw(bytes(range(256)), [b""])], s.raw, 6)
        self.add("raw_model", RawModel, [RawModel(raw=b"", parts=[])], s.raw_model, 6)
        self.add("unsigned", Unsigned, [Unsigned(0), Unsigned(2**63 - 1), Unsigned(2**63), Unsigned(2**64 - 1)])
        self.add("tuple", Tuple[int, str], [(0, "")], lambda: (s.integer(), s.text()), 5)
        mixed = Tuple[float, Optional[int], datetime.timedelta, List[Mode], Node, Tuple[bool, datetime.date]]
        self.add("tuple_mixed", mixed, [], lambda: (
            s.finite(), s.maybe(s.integer), s.span(), s.several(s.mode), s.node(1), (s.truth(), s.day()),
        ), 6)  # fmt: skip
        self.add("row", Row, [], s.row, 6)
        self.add("options", Options, [], s.options, 4)
        self.add("partial", Partial, [Partial(depth=1, label="a"), Partial(depth=2)])

    def families(self) -> None:
        """Unions inside objects, which have no tags there, and classes of one family inside those of another."""
        s = self.source
        self.add("choices", Choices, [], s.choices, 30)
        self.add("choices_model", ChoicesModel, [], lambda: s.choices(ChoicesModel), 30)
        self.add("families", Families, [], s.families, 10)
        self.add("families_model", FamiliesModel, [], s.families_model, 10)
        self.add("families_tuple", FamiliesTuple, [], s.families_tuple, 6)
        self.add("families_dict", FamiliesDict, [], s.families_dict, 6)
        self.add("level", Level, list(Level))
        self.add("list_level", List[Level], [[]], lambda: s.several(s.level), 3)
        self.add("optional_level", Optional[Level], [None, *Level])
        self.add("level_or_int", Union[Level, int], [*Level, 1, 7])
        self.add("optional_row", Optional[Row], [None], s.row, 4, schema=True)
        self.add("row_or_int", Union[Row, int], [7], s.row, 3, schema=True)
        self.add("optional_options", Optional[Options], [None], s.options, 3, schema=True)
        self.add("row_or_options", Union[Row, Options], [], lambda: s.pick([s.row(), s.options()]), 6, schema=True)
        self.add("dict_int_row", Dict[int, Row], [{}], lambda: s.numbered(s.row), 4)
        self.add("optional_families", Optional[Families], [None], s.families, 3, schema=True)
        # A date with a time, text that is also a time: the tag tells them apart.
        times = [s.day(), s.utc(), s.utc()]
        self.add("date_or_time", Union[datetime.date, datetime.datetime], times)
        self.add("time_or_text", Union[datetime.datetime, str], [s.utc(), "2024-01-02T03:04:05", "x"])
        self.add("span_or_real", Union[datetime.timedelta, float], [Delta(seconds=1.5), 1.5])
        day = dict(time_or_date=datetime.date(2024, 1, 2))
        first = "it makes a datetime of a date where that comes first"
        self.add("date_after_time", Dated, [Dated(**day)], bent=first)
        self.add("date_after_time_model", DatedModel, [DatedModel.model_construct(**day)], bent=first)
        fewer = "it takes the first class whose fields are there"
        self.add("shape_after_alike", Alike, [Alike(Square(1.5, "b"))], bent=fewer)
        rest = "it makes a whole number of a float"
        self.add("float_after_int", Numbers, [Numbers(FloatNumber(1.0)), Numbers(FloatNumber(1.5))], bent=rest)

    def json(self) -> None:
        s = self.source
        self.add("loose", Loose, [Loose(1.0, {"a": [1, 1.0]}, [None, "x"])], s.loose, 10)
        self.add("loose_model", LooseModel, [LooseModel(value=1.0, bare={}, items=[1, 1.0])], lambda: s.loose(LooseModel), 10)
        self.add("json_nan", dict, [{"a": math.nan}, {"b": [{"c": -math.inf}]}], tell=lambda value: {"refused": "nan"})
        self.add("json_keys", dict, [{1: "a"}, {"a": {None: 1}}, {True: 0}], tell=lambda value: {"refused": "keys"})
        self.add("json_bytes", dict, [{"a": b"x"}], tell=lambda value: {"refused": "bytes"})

    def ends(self) -> None:
        """The ends of Python's years and durations inside objects."""
        s = self.source
        ends = [s.moments(at=at) for at in [*BEYOND, datetime.datetime.max, datetime.datetime.min]]
        self.add("moments", Moments, [*ends, s.moments(took=Delta.min)], s.moments, 10)
        model = functools.partial(s.moments, MomentsModel)
        ends = [model(at=at) for at in [*BEYOND, datetime.datetime.max]]
        self.add("moments_model", MomentsModel, [*ends, model(took=Delta.min), model(took=Delta.max)], model, 10)
        self.add(
            "long_span", Moments, [s.moments(took=Delta.max)], tell=lambda value: {"refused": "long"},
            unread="a float of seconds is a microsecond longer than any timedelta",
        )  # fmt: skip

    def forms(self) -> None:
        """Values as the user interface sends them: protobuf objects, in which every number is a double."""
        s = FormValues(SEED)
        more = {"form": True, "canonical": False}
        self.add("point_form", Point, [], s.point, 10, **more)
        self.add("point_model_form", PointModel, [], s.point_model, 10, **more)
        self.add("record_form", Record, [], s.record, 10, **more)
        self.add("record_model_form", RecordModel, [], s.record_model, 10, **more)
        self.add("numbered_form", Dict[int, str], [{}, {1: "a", 2: "b"}], lambda: s.numbered(s.text), 3, **more)
        self.add("list_node_form", List[Node], [[], [Node(1)]], lambda: s.several(s.node), 3, **more)

    def refused(self) -> None:
        """What only Python can read, or nobody."""
        pickled: List[Tuple[str, Any, List[Any]]] = [
            ("pickle_list", list, [[], [1, 2]]),
            ("pickle_bytes", bytes, [b"", b"\x00\xff"]),
            ("pickle_any", Any, [1, "x"]),
            ("pickle_tuple", Tuple[int, ...], [(1, 2)]),
            ("pickle_items", List[bytes], [[b"x"]]),
            ("pickle_entries", Dict[str, Any], [{"a": 1}]),
            ("pickle_optional", Optional[bytes], [b"x"]),
        ]
        for name, kind, values in pickled:
            self.add(name, kind, values, tell=lambda value: {"refused": "pickle"})
        large = [Node(2**53), Node(-(2**53)), Node(2**53 + 2), Node(-(2**60))]
        self.add("large_form", Node, large, tell=lambda value: {"refused": "inexact"}, form=True)
        now = DATETIMES[0]
        rest = {"y": 0.0, "label": None, "tags": [], "at": now, "took": Delta(0), "mode": Mode.FAST}
        lost = [PointModel(x=x, **rest) for x in FLOATS if not math.isfinite(x)]
        unread = "pydantic writes such a float as nothing"
        self.add("lost_float", PointModel, lost, tell=lambda value: {"refused": "lost"}, unread=unread)
        late = [datetime.datetime.max, datetime.datetime(9999, 12, 30, 22, 0, 1)]
        self.add("late", datetime.datetime, late, tell=lambda value: {"refused": "late"})


def all_cases() -> List[Case]:
    cases = Cases()
    parts = (cases.scalars, cases.collections, cases.unions, cases.objects, cases.families, cases.json, cases.ends)
    for part in (*parts, cases.forms, cases.refused):
        part()
    return cases.found
