"""Tasks of the official Snowflake plug-in, as users write them, with the values of their inputs.

`make_requests.py` turns them into requests; `tests/vendors/snowflake` says what is done with each.
"""

import datetime
from typing import Any, Dict, List, Optional, Tuple

from flyte.io import DataFrame
from flyteplugins.snowflake import Snowflake, SnowflakeConfig

MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc)
# Where the fake is: its port is put in by the script.
PLACE: Dict[str, Any] = {"host": "127.0.0.1", "port": "0", "protocol": "http"}


def task(
    name: str,
    statement: str = "SELECT 1 AS x",
    inputs: Optional[Dict[str, type]] = None,
    results: bool = True,
    batch: bool = False,
    key: Optional[str] = "sf-key",
    **more: Any,
) -> Snowflake:
    return Snowflake(
        name=name,
        query_template=statement,
        plugin_config=SnowflakeConfig(
            account="myorg-acc",
            database="DB",
            schema="PUBLIC",
            warehouse="WH",
            user="flyte",
            connection_kwargs={**PLACE, **more},
        ),
        inputs=inputs,
        output_dataframe_type=DataFrame if results else None,
        secret_group="grp-a" if key else None,
        snowflake_private_key=key,
        batch=batch,
    )


# Each alone: the official connector stops at the first that it cannot write.
ALONE: Dict[str, Tuple[Any, Any]] = {
    "whole": (int, 5),
    "truth": (bool, True),
    "text": (str, "it's \\ 100% 🚀"),
    "real": (float, 1.5),
    "moment": (datetime.datetime, MOMENT),
    "date": (datetime.date, datetime.date(2024, 1, 2)),
    "span": (datetime.timedelta, datetime.timedelta(days=1, seconds=1.5)),
    "numbers": (List[int], [1, 2]),
    "texts": (List[str], ["a", "b"]),
    "optional": (Optional[int], 5),
    "nothing": (Optional[int], None),
    "dictionary": (dict, {"a": 1}),
}


def with_inputs(name: str, statement: str, inputs: Dict[str, Tuple[Any, Any]], **options: Any):
    kinds = {key: kind for key, (kind, _) in inputs.items()}
    return task(name, statement, inputs=kinds, **options), {key: value for key, (_, value) in inputs.items()}


INSERT = "INSERT INTO t (a, b) VALUES (%(a)s, upper(%(b)s)) -- 100%%"

TASKS = {
    "plain": (task("plain"), {}),
    "no_results": (task("no_results", "CREATE TABLE t (x INT)", results=False), {}),
    "comment": (task("comment", "SELECT count(*) FROM orders -- paid ones\nWHERE paid = 1"), {}),
    "percent": (task("percent", "SELECT '%%' WHERE a LIKE '5%'"), {}),
    "role": (task("role", role="ANALYST"), {}),
    "nested": (task("nested", session_parameters={"STATEMENT_TIMEOUT_IN_SECONDS": 60}), {}),
    "password": (task("password", key=None, password="swordfish and more"), {}),
    "quoted": with_inputs("quoted", "SELECT 'id-%(n)s', 5 %% 3", {"n": (int, 5)}),
    "batch": with_inputs("batch", INSERT, {"a": (List[int], [1, 2]), "b": (List[str], ["x", "y"])}, batch=True),
    "uneven_batch": with_inputs("uneven", INSERT, {"a": (List[int], [1, 2]), "b": (List[str], ["x"])}, batch=True),
    "batch_without_row": with_inputs("no_row", "SELECT %(a)s", {"a": (List[int], [1])}, batch=True),
    **{
        name: with_inputs(f"alone_{name}", "SELECT %(value)s AS v", {"value": value})
        for name, value in ALONE.items()
    },
}
