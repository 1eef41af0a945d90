"""One value of every kind that the official SDK can turn into a literal, for the `echo` connector.

`drive.py` sends them all at once. Adding a kind is adding a line; what comes back is judged in Rust.
"""

import datetime
import enum
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple, Union

from flyte.io import DataFrame, Dir, File
from pydantic import BaseModel


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


@dataclass
class Point:
    x: float
    y: float
    label: Optional[str] = None
    tags: List[str] = field(default_factory=list)


class Box(BaseModel):
    width: int
    corners: List[Tuple[int, int]]


# name -> (declared type, value)
VALUES: Dict[str, Tuple[Any, Any]] = {
    "whole": (int, -(2**63)),
    "zero": (int, 0),
    "real": (float, -0.0),
    "not_a_number": (float, float("nan")),
    "infinite": (float, float("-inf")),
    "text": (str, 'naïve "日本" \u0000 🚀'),
    "no_text": (str, ""),
    "truth": (bool, False),
    "moment": (datetime.datetime, datetime.datetime(1969, 12, 31, 23, 59, 59, 678901, datetime.timezone.utc)),
    "day": (datetime.date, datetime.date(2024, 2, 29)),
    "took": (datetime.timedelta, datetime.timedelta(seconds=-1.5)),
    "nothing": (type(None), None),
    "numbers": (List[int], [1, 0, -1]),
    "no_numbers": (List[int], []),
    "nested": (List[Dict[str, List[float]]], [{"a": [0.5], "b": []}, {}]),
    "ratios": (Dict[str, float], {"pi": 3.14159, "": 0.0}),
    "loose": (dict, {"k": [1, "two", None, {"deep": 3.0}]}),
    "present": (Optional[int], 5),
    "absent": (Optional[int], None),
    "either": (Union[int, str], "left"),
    "mode": (Mode, Mode.SLOW),
    "point": (Point, Point(1.0, -2.5, None, ["a"])),
    "points": (List[Point], [Point(0.0, 0.0), Point(1.0, 1.0, "z")]),
    "box": (Box, Box(width=3, corners=[(0, 0), (3, 4)])),
    "pickled": (bytes, b"\x00\xff raw"),
    "file": (File, File(path="s3://interop-bucket/in/data.csv", format="csv", hash="abc123")),
    "folder": (Dir, Dir(path="s3://interop-bucket/in/parts/")),
    "table": (DataFrame, DataFrame(uri="s3://interop-bucket/in/table", format="parquet")),
}


def types() -> Dict[str, Any]:
    return {name: kind for name, (kind, _) in VALUES.items()}


def values() -> Dict[str, Any]:
    return {name: value for name, (_, value) in VALUES.items()}
