#!/usr/bin/env bash
# "Come back in six seconds" is heard by one client of three, "come back in 65 seconds" stops it inside of a call.
#
# Guess:   a client that repeats a call by itself waits as long as `Retry-After` says, in seconds or as a date (both are
#          HTTP), up to a limit of its own.
# Happens: google-cloud-bigquery 3.47.0 does not look at it: a poll that was told to come back in six seconds is repeated
#          within one or two. databricks-sdk 0.162.0 hears seconds; of a date it makes its own one or two seconds, without
#          an error. openai 3.57.0 hears both, without any limit: told 65 s it sleeps 65 s inside of the call.
# Matters: a connector on these clients presses on a vendor that asked it not to, with every task, or sits in one poll
#          until its caller has left. Read both forms oneself, wait by the deadline of the call, and let one pace hold
#          for all jobs of an account.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'google-cloud-bigquery==3.47.0' 'google-auth==2.63.0' 'databricks-sdk==0.162.0' 'openai==3.57.0'

cat > hear.py <<'PY'
import json
import logging
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai
from databricks.sdk import WorkspaceClient
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

logging.disable(logging.CRITICAL)
asked = []
told = None
SHORT, LONG = 6, 65
JOB = {"jobReference": {"projectId": "p", "jobId": "j", "location": "US"}, "status": {"state": "DONE"},
       "configuration": {"query": {"query": "SELECT 1"}}}
REPLY = {"id": "x", "object": "chat.completion", "choices": [], "model": "m", "created": 1}


class FakeVendor(BaseHTTPRequestHandler):
    """Busy at the first call of a trial, and says when to come back."""

    def log_message(self, *args):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def do_GET(self):
        if told is None or "well-known" in self.path:
            return self.answer(404, {})
        asked.append(time.monotonic())
        if len(asked) == 1:
            return self.answer(503, {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "busy",
                                     "error": {"code": 503, "message": "busy", "errors": [{"reason": "backendError"}]}})
        self.answer(200, {**JOB, **REPLY, "run_id": 5})

    def answer(self, code, value):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if code == 503:
            self.send_header("retry-after", told())
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", 0), FakeVendor)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
google = bigquery.Client(project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": base})
lake = WorkspaceClient(host=base, token="t")
chat = openai.OpenAI(api_key="k", base_url=base)
polls = {
    "google-cloud-bigquery": lambda: google.get_job("j", location="US"),
    "databricks-sdk": lambda: lake.jobs.get_run(5),
    "openai": lambda: chat.chat.completions.create(model="m", messages=[]),
}


def gap(name, header):
    global told
    asked.clear()
    told = header
    polls[name]()
    if len(asked) != 2:
        raise SystemExit(f"CHANGED: {name} asked {len(asked)} times")
    return asked[1] - asked[0]


seen = {}
for name in polls:
    # A date has no fractions: one second more than the least that is looked for.
    seen[name] = gap(name, lambda: str(SHORT)), gap(name, lambda: formatdate(time.time() + SHORT + 1, usegmt=True))
    print(f"{name}: told {SHORT} s, came after {seen[name][0]:.1f} s; told a date, came after {seen[name][1]:.1f} s")
long = gap("openai", lambda: str(LONG))
print(f"openai: told {LONG} s, came after {long:.1f} s")
waited = {name: tuple(pause >= SHORT - 0.5 for pause in pauses) for name, pauses in seen.items()}
if waited != {"google-cloud-bigquery": (False, False), "databricks-sdk": (True, False), "openai": (True, True)}:
    raise SystemExit(f"CHANGED: the header is heard otherwise now: {waited}")
if long < LONG - 1:
    raise SystemExit("CHANGED: openai has a limit now")
PY
HOME=$work venv/bin/python hear.py
