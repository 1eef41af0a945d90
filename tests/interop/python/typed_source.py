"""Random values of every type that a Flyte task can carry, the same ones on every machine.

`typed_cases.py` draws from it. Edge cases stand here as lists; a draw takes one of them now and then.
"""

import datetime
from typing import Any, Callable, Dict, List, Optional
from zoneinfo import ZoneInfo

from flyte.io import DataFrame, Dir, File
from google.protobuf.struct_pb2 import Struct
from make_resource_meta_vectors import Source
from typed_classes import (
    Choices,
    Circle,
    Families,
    FamiliesDict,
    FamiliesModel,
    FamiliesTuple,
    Level,
    Loose,
    Mode,
    Moded,
    ModedModel,
    Moments,
    Node,
    NodeModel,
    Options,
    Pair,
    Point,
    PointModel,
    Raw,
    RawModel,
    Record,
    RecordModel,
    Row,
    Square,
)

UTC = datetime.timezone.utc
Delta = datetime.timedelta


def zone(**offset: int) -> datetime.timezone:
    return datetime.timezone(Delta(**offset))


DATETIMES = [
    datetime.datetime(1970, 1, 1, tzinfo=UTC),
    datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
    datetime.datetime(2024, 1, 2, 3, 4, 5, 678901, UTC),
    datetime.datetime(2024, 1, 2, 3, 4, 5, 600000, UTC),
    datetime.datetime(1, 1, 1, tzinfo=UTC),
    datetime.datetime(1, 1, 1, 0, 0, 0, 1, UTC),
    datetime.datetime(9999, 12, 30, 21, 59, 59, 999999, UTC),
    datetime.datetime(9999, 12, 30, 22, 0, 1, tzinfo=UTC),
    datetime.datetime.max.replace(tzinfo=UTC),
    datetime.datetime.max,
    datetime.datetime.max.replace(tzinfo=zone(hours=13)),
    datetime.datetime(1582, 10, 15, tzinfo=UTC),
    datetime.datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime.datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime.datetime(2000, 2, 29, 12, 0, tzinfo=ZoneInfo("UTC")),
    datetime.datetime(2024, 7, 1, 12, 30),
    datetime.datetime(1960, 7, 1, 12, 30, 0, 5),
    datetime.datetime(2024, 1, 1, tzinfo=zone(hours=5, minutes=30)),
    datetime.datetime(2024, 1, 1, 1, 2, 3, 4, zone(hours=-12)),
    datetime.datetime(2024, 12, 31, 23, 0, tzinfo=zone(hours=14)),
    datetime.datetime(1900, 1, 1, 8, 0, tzinfo=zone(hours=-3, minutes=-30)),
]
# Berlin in 1890: offsets had seconds before there were time zones.
LOCAL_MEAN_TIME = datetime.datetime(1890, 1, 1, 8, 0, tzinfo=zone(minutes=53, seconds=28))
# In UTC they are in the years 10000 and 0, which only an object can hold: a literal is in UTC.
BEYOND = [
    datetime.datetime.max.replace(tzinfo=zone(hours=-12)),
    datetime.datetime(9999, 12, 31, 23, 30, tzinfo=zone(hours=-1)),
    datetime.datetime.min.replace(tzinfo=zone(hours=14)),
    datetime.datetime(1, 1, 1, 0, 30, tzinfo=zone(minutes=31)),
]
DATES = [
    *(datetime.date(1, 1, 1), datetime.date(1582, 10, 15), datetime.date(1969, 12, 31), datetime.date(1970, 1, 1)),
    *(datetime.date(2000, 2, 29), datetime.date(2024, 2, 29), datetime.date(9999, 12, 30), datetime.date.max),
]
SPANS = [
    *(Delta(0), Delta(microseconds=1), Delta(microseconds=-1), Delta(seconds=1), Delta(seconds=-1)),
    *(Delta(seconds=90.5), Delta(seconds=-1.5), Delta(days=1), Delta(days=-1), Delta(hours=25, minutes=61)),
    *(Delta(days=365), Delta(days=366), Delta(days=-366, microseconds=-1), Delta(days=800, seconds=1.5)),
    *(Delta(seconds=59, microseconds=999999), Delta(minutes=1), Delta(hours=1), Delta(milliseconds=100)),
]
# Beyond what a float of seconds can hold to the microsecond, so not inside dataclasses.
LONG_SPANS = [Delta.max, Delta.min, Delta(days=999999999), Delta(days=-300000 * 365, microseconds=7)]
# In storage: what is local would be uploaded first.
URIS = ["s3://bucket/a.csv", "gs://bucket/prefix/", "abfs://c@a.dfs/ü/日本.parquet", "s3://b/a%20b?x=1#y"]


class Values(Source):
    """What `Source` draws, and everything that is made of it."""

    def several(self, draw: Callable[[], Any], most: int = 4) -> List[Any]:
        return [draw() for _ in range(self.below(most + 1))]

    def maybe(self, draw: Callable[[], Any]) -> Optional[Any]:
        return draw() if self.below(3) else None

    def truth(self) -> bool:
        return self.below(2) == 1

    def integer(self) -> int:
        value = self.whole()
        return value if -(2**63) <= value < 2**63 else 7

    def finite(self) -> float:
        value = self.number()
        return value if value - value == 0.0 else 0.5

    def moment(self) -> datetime.datetime:
        if self.below(3) == 0:
            return self.pick(DATETIMES)
        seconds = self.below(2 * 10**10) - 10**10
        micros = self.pick([0, 0, 500000, 120, self.below(10**6)])
        moment = datetime.datetime(1970, 1, 1, tzinfo=UTC) + Delta(seconds=seconds, microseconds=micros)
        return moment if self.below(3) else moment.astimezone(zone(minutes=15 * (self.below(105) - 48)))

    def utc(self) -> datetime.datetime:
        moment = self.moment()
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)

    def day(self) -> datetime.date:
        return self.pick(DATES) if self.below(3) == 0 else datetime.date.fromordinal(1 + self.below(3652000))

    def span(self) -> datetime.timedelta:
        if self.below(3) == 0:
            return self.pick(SPANS)
        return Delta(microseconds=self.below(10 ** (1 + self.below(15))) * self.pick([1, -1]))

    def mode(self) -> Mode:
        return self.pick(list(Mode))

    def level(self) -> Level:
        return self.pick(list(Level))

    def keys(self) -> List[str]:
        """Different names; one time in two in the order of the alphabet, as Rust writes them."""
        keys = list(dict.fromkeys(self.several(self.text)))
        return sorted(keys) if self.truth() else keys

    def mapped(self, draw: Callable[[], Any]) -> Dict[str, Any]:
        return {key: draw() for key in self.keys()}

    def numbered(self, draw: Callable[[], Any]) -> Dict[int, Any]:
        keys = list(dict.fromkeys(self.several(self.integer)))
        return {key: draw() for key in (sorted(keys) if self.truth() else keys)}

    def file(self, kind: type = File) -> Any:
        # A name that is not given is the end of the path.
        name = self.pick([{}, {"name": self.text()}])
        return kind(path=self.pick(URIS), format=self.pick(["", "csv", "ü"]), hash=self.pick([None, "abc123"]), **name)

    def folder(self) -> Dir:
        return self.file(Dir)

    def frame(self) -> DataFrame:
        return DataFrame(uri=self.pick(URIS), format=self.pick(["", "parquet", "csv"]))

    def json(self, depth: int) -> Any:
        """What JSON can say."""
        draws = [lambda: None, self.truth, self.integer, self.finite, self.text]
        if depth:
            draws.append(lambda: self.several(lambda: self.json(depth - 1)))
            draws.append(lambda: self.mapped(lambda: self.json(depth - 1)))
        return self.pick(draws)()

    def struct(self) -> Struct:
        struct = Struct()
        struct.update(self.mapped(lambda: self.json(2)))
        return struct

    def node(self, depth: int = 2, kind: type = Node) -> Any:
        def deeper() -> Any:
            return self.node(depth - 1, kind)

        below = self.maybe(deeper) if depth else None
        return kind(value=self.integer(), next=below, children=self.several(deeper, 2) if depth else [])

    def point(self, kind: type = Point, **fields: Any) -> Any:
        # Python does not mind an int in a field of floats.
        x = self.pick([self.number(), 3, -(2**40)]) if kind is Point else self.finite()
        drawn = {
            "x": x, "y": self.finite(), "label": self.maybe(self.text), "tags": self.several(self.text),
            "at": self.moment(), "took": self.span(), "mode": self.mode(),
        }  # fmt: skip
        return kind(**{**drawn, **fields})

    def point_model(self) -> PointModel:
        return self.point(PointModel)

    def record(self, kind: type = Record) -> Any:
        inner = Node if kind is Record else NodeModel
        either = self.pick([self.integer(), self.text(), "7", ""])
        return kind(
            whole=self.integer(), real=self.number() if kind is Record else self.finite(), text=self.text(),
            truth=self.truth(), at=self.utc(), day=self.day(), took=self.span(), mode=self.mode(),
            numbers=self.several(self.integer), spans=self.several(self.span), pair=(self.integer(), self.text()),
            by_name=self.mapped(self.finite), by_number=self.numbered(self.text), maybe=self.maybe(self.integer),
            maybe_at=self.maybe(self.utc), maybe_mode=self.maybe(self.mode), either=either,
            inner=self.node(1, inner), inners=self.several(lambda: self.node(0, inner), 2),
            named=self.mapped(lambda: self.node(0, inner)),
            file=self.file(), folder=self.folder(), table=self.frame(),
        )  # fmt: skip

    def record_model(self) -> RecordModel:
        return self.record(RecordModel)

    def raw(self) -> Raw:
        def some() -> bytes:
            return bytes(self.below(256) for _ in range(self.below(20)))

        return Raw(raw=some(), parts=self.several(some))

    def raw_model(self) -> RawModel:
        def some() -> bytes:
            return self.text().encode("utf-8")

        return RawModel(raw=some(), parts=self.several(some))

    def row(self) -> Row:
        return Row(number=self.integer(), text=self.text(), took=self.span())

    def options(self) -> Options:
        return Options(depth=self.integer(), mode=self.mode())


    def choices(self, kind: type = Choices) -> Any:
        """Only what the official reader reads as it was: a date in place of a datetime it makes one, and so on."""
        late = self.utc().replace(hour=1)
        return kind(
            date_or_time=self.pick([self.day(), late]), time_or_date=late, time_or_text=self.pick([late, "x", ""]),
            date_or_text=self.pick([self.day(), "x", "2024-01-02T03:04:05"]),
            span_or_real=self.span() if kind is Choices else self.pick([self.span(), self.finite()]),
            real_or_span=self.finite() if kind is Choices else self.pick([self.span(), self.finite()]),
            whole_or_span=self.pick([self.whole_within(), self.span()]), span_or_text=self.pick([self.span(), "PT1S", "7"]),
            level_or_whole=self.pick([self.level(), 7]), mode_or_text=self.pick([self.mode(), "FAST", "x"]),
            mode_or_level=self.pick([self.mode(), self.level(), None]),
            shape=self.pick([Circle(self.finite()), Square(self.finite(), self.text())]),
            row_or_whole=self.pick([self.row(), 7]), options_or_whole=self.pick([self.options(), 7]),
            modes_or_whole=self.pick([self.several(self.mode), 7]),
        )  # fmt: skip

    def whole_within(self) -> int:
        return self.below(2 * 10**9) - 10**9

    def pair(self) -> Pair:
        return Pair(mode=self.mode(), level=self.level())

    def moded(self, kind: type = Moded) -> Any:
        return kind(mode=self.mode(), took=self.span())

    def families(self, kind: type = Families) -> Any:
        more = {} if kind is Families else {
            "model": self.moded(ModedModel), "models": self.mapped(lambda: self.moded(ModedModel)),
        }  # fmt: skip
        return kind(
            level=self.level(), maybe_level=self.maybe(self.level), levels=self.several(self.level),
            pair=self.pair(), maybe_pair=self.maybe(self.pair), pairs=self.several(self.pair),
            options=self.options(), maybe_options=self.maybe(self.options), moded=self.moded(),
            both=(self.mode(), self.pair()), **more,
        )  # fmt: skip

    def families_model(self) -> FamiliesModel:
        return self.families(FamiliesModel)

    def families_tuple(self) -> FamiliesTuple:
        return FamiliesTuple(
            self.level(), self.pair(), self.options(), self.moded(), self.several(self.mode), self.moded(ModedModel)
        )

    def families_dict(self) -> FamiliesDict:
        return FamiliesDict(
            level=self.level(), pair=self.pair(), options=self.options(), moded=self.moded(),
            modes=self.several(self.mode), models=self.several(lambda: self.moded(ModedModel), 2),
        )  # fmt: skip

    def loose(self, kind: type = Loose) -> Any:
        return kind(
            value=self.json(2), bare=self.mapped(lambda: self.json(1)), items=self.several(lambda: self.json(1))
        )

    def moments(self, kind: type = Moments, **fields: Any) -> Any:
        return kind(**{"at": self.moment(), "day": self.day(), "took": self.span(), **fields})


class FormValues(Values):
    """Values that survive a form: its numbers are doubles, and JSON has no word for what is not a number."""

    def integer(self) -> int:
        value = super().integer()
        return value if abs(value) < 2**53 else value % 2**53

    def number(self) -> float:
        value = super().number()
        return value if value - value == 0.0 else 0.5
