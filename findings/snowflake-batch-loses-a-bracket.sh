#!/usr/bin/env bash
# A batch of Flyte's Snowflake task breaks a statement that has a function around a value.
#
# Guess:   with batch=True the one VALUES (...) of a statement is repeated for every row, whatever is in it.
# Happens: flyteplugins-snowflake 2.12.1 finds the end of VALUES (...) by a pattern that is content with the first
#          bracket it can take: of VALUES (%(a)s, upper(%(b)s)) the last bracket is left outside of the row. Two rows
#          become VALUES (1, upper('x'), (2, upper('y')), which Snowflake cannot read: a bracket is never closed.
#          Without the function rows come out whole.
# Matters: whoever expands rows has to count brackets, and leave out those in literals and comments.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte==2.12.1' 'flyteplugins-snowflake==2.12.1' \
    'snowflake-connector-python==4.8.1'

cat > batch.py <<'PY'
import asyncio
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

from flyteidl2.core.tasks_pb2 import Sql, TaskTemplate
from flyteplugins.snowflake.connector import SnowflakeConnector

statements = []


class FakeSnowflake(BaseHTTPRequestHandler):
    """A session that keeps the statements it gets."""

    def log_message(self, *args):
        pass

    def answer(self, data, code=None):
        body = json.dumps({"success": True, "code": code, "data": data}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        # The client asks at its end whether its queries have ended.
        self.answer({"queries": [{"status": "SUCCESS"}]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if "query-request" in self.path:
            statements.append(json.loads(body)["sqlText"])
        self.answer({"token": "t", "masterToken": "m", "validityInSeconds": 3600, "masterValidityInSeconds": 14400,
                     "parameters": [], "sessionInfo": {}, "sessionId": 1, "getResultUrl": "/queries/q/result",
                     "queryId": "01b2c3d4-0000-1111-0000-000012345678"},
                    code="333334" if "query-request" in self.path else None)


server = ThreadingHTTPServer(("127.0.0.1", 0), FakeSnowflake)
threading.Thread(target=server.serve_forever, daemon=True).start()


async def expand(*asked):
    connector = SnowflakeConnector()
    for statement in asked:
        task = TaskTemplate(sql=Sql(statement=statement))
        task.custom.update({
            "account": "a", "user": "u", "database": "d", "warehouse": "w", "batch": True,
            "connection_kwargs": {"host": "127.0.0.1", "port": str(server.server_port), "protocol": "http",
                                  "password": "p"},
        })
        await connector.create(task, inputs={"a": [1, 2], "b": ["x", "y"]})
    return statements[-len(asked):]


print("flyteplugins-snowflake", version("flyteplugins-snowflake"))
plain, within = "INSERT INTO t VALUES (%(a)s, %(b)s)", "INSERT INTO t VALUES (%(a)s, upper(%(b)s))"
sent = asyncio.run(expand(plain, within))
for statement, became in zip((plain, within), sent):
    print(f"{statement}\n  became {became}\n  brackets opened {became.count('(')}, closed {became.count(')')}")
if sent != ["INSERT INTO t VALUES (1, 'x'), (2, 'y')", "INSERT INTO t VALUES (1, upper('x'), (2, upper('y'))"]:
    raise SystemExit("CHANGED: a batch is written in another way now")
PY
SNOWFLAKE_DISABLE_PLATFORM_DETECTION=true HOME=$work venv/bin/python batch.py
