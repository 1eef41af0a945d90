"""Values of `typed_echo` in the classes of its generated module, for the scripts that run generated tasks."""

import datetime
from typing import Any, Dict

from flyte.io import DataFrame, Dir, File
from typed_echo_task import Mode, Point

AT = datetime.datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc)


def values() -> Dict[str, Any]:
    took = datetime.timedelta(days=-2, microseconds=1)
    point = Point(x=1.0, y=-2.5, label=None, tags=["a", ""], at=AT, took=took, mode=Mode.SLOW)
    return {
        "i": -(2**63),
        "f": 1.5,
        "s": 'naïve "日本" 🚀',
        "b": True,
        "at": AT,
        "took": took,
        "xs": [1, 0, -1],
        "m": {"pi": 3.25, "ü": 0.5},
        "mode": Mode.FAST,
        "point": point,
        "points": [point, Point(x=0.5, y=0.0, label="b", tags=[], at=AT, took=took, mode=Mode.FAST)],
        "file": File(path="s3://bucket/in/data.csv"),
        "dir": Dir(path="s3://bucket/in/parts/"),
        "df": DataFrame(uri="s3://bucket/in/table", format="parquet"),
    }
