#!/usr/bin/env bash
# One Snowflake status is neither "still running" nor "an error" nor success for the client's own helpers.
#
# Guess:   is_still_running() and is_an_error() cut the statuses into three: running, failed, and SUCCESS.
# Happens: snowflake-connector-python 4.8.1: RESTARTED is in neither, so the usual "not running and no error" reads it
#          as done, though its name says that work goes on. And a status that the library does not know is a bare
#          KeyError from get_query_status(), not an answer.
# Matters: a connector that asks these two helpers reports SUCCEEDED for a query that has no result. Ask for SUCCESS
#          by name, count RESTARTED and everything unknown as running.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'snowflake-connector-python==4.8.1'

cat > status.py <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import snowflake.connector
from snowflake.connector.constants import QueryStatus

status = []


class FakeSnowflake(BaseHTTPRequestHandler):
    """A session and the status of one query."""

    def log_message(self, *args):
        pass

    def answer(self, data):
        body = json.dumps({"success": True, "data": data}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.answer({"token": "t", "masterToken": "m", "validityInSeconds": 3600, "masterValidityInSeconds": 14400,
                     "parameters": [], "sessionInfo": {}, "sessionId": 1})

    def do_GET(self):
        self.answer({"queries": [{"status": status[-1], "errorCode": "", "errorMessage": ""}]})


server = ThreadingHTTPServer(("127.0.0.1", 0), FakeSnowflake)
threading.Thread(target=server.serve_forever, daemon=True).start()
connection = snowflake.connector.connect(
    account="a", user="u", password="p", host="127.0.0.1", port=server.server_port, protocol="http")
print("snowflake-connector-python", snowflake.connector.__version__)
neither = []
for known in QueryStatus:
    status.append(known.name)
    seen = connection.get_query_status("01b2c3d4-0000-1111-0000-000012345678")
    running, error = connection.is_still_running(seen), connection.is_an_error(seen)
    print(f"{known.name:28} still running {running!s:6} an error {error}")
    if not running and not error:
        neither.append(known.name)
status.append("SUSPENDED")
try:
    unknown = connection.get_query_status("01b2c3d4-0000-1111-0000-000012345678")
except KeyError as error:
    unknown = f"KeyError: {error}"
print("SUSPENDED, unknown to the library:", unknown)
print("neither running nor an error:", neither)
connection.close()
if neither != ["SUCCESS", "RESTARTED"] or unknown != "KeyError: 'SUSPENDED'":
    raise SystemExit("CHANGED: the helpers cut the statuses otherwise now")
PY
HOME=$work venv/bin/python status.py
