"""Runs the task class that `connector-server python postgres_sql` writes, as a user would, and prints what came of it.

Usage: run_tasks.py PORT, with the generated module on the module path. Nothing is asserted here.
"""

import json
import sys
from typing import Any

import flyte
from postgres_sql_task import PostgresSqlConfig, PostgresSqlConnection, PostgresSqlTask


def task(name: str, statement: str, inputs: dict[str, type]) -> PostgresSqlTask:
    settings = PostgresSqlConfig(
        statement=statement,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        database="postgres",
        user="postgres",
        sslmode="disable",
    )
    connection = PostgresSqlConnection(password="PG_PASSWORD")
    return PostgresSqlTask(name=name, settings=settings, connection=connection, inputs=inputs)


def run(task: PostgresSqlTask, **inputs: Any) -> dict[str, Any]:
    try:
        rows, table = flyte.with_runcontext(mode="local").run(task, **inputs).outputs()
    except Exception as error:
        return {"error": getattr(error, "code", type(error).__name__), "text": str(error)}
    return {"rows": rows, "table": table}


numbers = "select n, :word || n as word from generate_series(1, 5) as n where n > :low"
query = run(task("query", numbers, {"low": int, "word": str}), low=2, word="a'b")
again = run(task("again", f"select from {query.get('table')} where word = 'a''b5'", {}))
wrong = run(task("wrong", "select\n  nothing", {}))
print(json.dumps({"query": query, "again": again, "wrong": wrong}))
