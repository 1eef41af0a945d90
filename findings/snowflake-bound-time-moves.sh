#!/usr/bin/env bash
# The same Python datetime is another time in Snowflake, depending on the style of the placeholder.
#
# Guess:   ? with server-side binding and %(x)s with text are two ways to send one value.
# Happens: snowflake-connector-python 4.8.1: for %(x)s an aware datetime is text with its offset, 03:04:05+02:00. For
#          ? it is bound as TIMESTAMP_NTZ, a type without zone, and converted to UTC before: 01:04:05. A timedelta of
#          25 hours is bound as TIME, which ends at 24:00. A float NaN in %(x)s stands in the text as nan, without
#          quotes, where SQL expects a name.
# Matters: a connector that moves from one style to the other (the SQL API knows only binds) shifts rows by the
#          offset. Bind instants as TIMESTAMP_TZ or TIMESTAMP_LTZ explicitly, durations as seconds, NaN as
#          'NaN'::FLOAT.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'snowflake-connector-python==4.8.1'

cat > bind.py <<'PY'
import datetime
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import snowflake.connector

queries = []


class FakeSnowflake(BaseHTTPRequestHandler):
    """A session that keeps what is asked of it."""

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if "query-request" in self.path:
            queries.append(json.loads(body))
        data = {"token": "t", "masterToken": "m", "validityInSeconds": 3600, "masterValidityInSeconds": 14400,
                "parameters": [], "sessionInfo": {}, "sessionId": 1, "rowtype": [], "rowset": [], "total": 0,
                "returned": 0, "queryResultFormat": "json", "statementTypeId": 4096,
                "queryId": "01b2c3d4-0000-1111-0000-000012345678"}
        answer = json.dumps({"success": True, "data": data}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


server = ThreadingHTTPServer(("127.0.0.1", 0), FakeSnowflake)
threading.Thread(target=server.serve_forever, daemon=True).start()


def ask(style, statement, values):
    connection = snowflake.connector.connect(account="a", user="u", password="p", host="127.0.0.1", protocol="http",
                                             port=server.server_port, paramstyle=style)
    connection.cursor().execute(statement, values)
    connection.close()
    return [query for query in queries if "sqlText" in query][-1]


print("snowflake-connector-python", snowflake.connector.__version__)
when = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
span = datetime.timedelta(hours=25)
text = ask("pyformat", "SELECT %(when)s, %(nan)s", {"when": when, "nan": float("nan")})["sqlText"]
bindings = ask("qmark", "SELECT ?, ?", [when, span])["bindings"]
bound = datetime.datetime.fromtimestamp(int(bindings["1"]["value"]) / 1e9, datetime.timezone.utc)
print("value:   ", when.isoformat())
print("pyformat:", text)
print("qmark:   ", bindings["1"], "=", bound.strftime("%H:%M:%S on a clock without zone"))
print("25 hours:", bindings["2"], "=", int(bindings["2"]["value"]) / 3.6e12, "hours")
if text != "SELECT '2024-01-02 03:04:05+02:00', nan":
    raise SystemExit("CHANGED: pyformat writes something else now")
if bindings["1"] != {"type": "TIMESTAMP_NTZ", "value": "1704157445000000000"} or bindings["2"]["type"] != "TIME":
    raise SystemExit("CHANGED: qmark binds something else now")
PY
HOME=$work venv/bin/python bind.py
