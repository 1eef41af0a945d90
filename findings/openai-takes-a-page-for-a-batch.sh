#!/usr/bin/env bash
# A sign-in page of a proxy is a batch to OpenAI's client, an error to Google's and Databricks', and no answer to Snowflake's.
#
# Guess:   an answer of 200 that is no JSON is an error of the client's own kind, or an outage that is tried again.
# Happens: openai 3.57.0 returns the page as a text in the place of a Batch or a FileObject, from create, retrieve and
#          cancel alike; only who reads a field of it gets an AttributeError. google-cloud-bigquery 3.47.0 and
#          databricks-sdk 0.162.0 raise a JSONDecodeError of requests, which is none of the errors that they document, and
#          try nothing again. snowflake-connector-python 4.8.1 repeats the call for as long as network_timeout says, which
#          is for ever unless it is set.
# Matters: proxies, load balancers and captive portals answer pages with 200. A cancel of a batch whose result nobody
#          reads has "worked", and the batch is paid for; a poll of a healthy job ends as a programming error; a call to
#          Snowflake never returns. Look at the content type before anything else, and take a page for an outage.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'openai==3.57.0' 'google-cloud-bigquery==3.47.0' 'databricks-sdk==0.162.0'
venv/bin/pip install --quiet --disable-pip-version-check 'snowflake-connector-python==4.8.1'

cat > ask.py <<'PY'
import json
import logging
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai
import snowflake.connector
from databricks.sdk import WorkspaceClient
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
PAGE = b"<!doctype html><title>Sign in</title>"
SESSION = {"success": True, "data": {"token": "T", "masterToken": "M", "validityInSeconds": 3600, "sessionId": 1,
                                     "masterValidityInSeconds": 14400, "parameters": [],
                                     "sessionInfo": {"databaseName": None, "schemaName": None, "warehouseName": None,
                                                     "roleName": "R"}}}
asked = []


class Proxy(BaseHTTPRequestHandler):
    """Wants somebody to sign in, but for Snowflake's log-in."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        asked.append(self.path)
        logs_in = "login-request" in self.path
        body = json.dumps(SESSION).encode() if logs_in else PAGE
        self.send_response(200)
        self.send_header("content-type", "application/json" if logs_in else "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET


server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
openai_client = openai.OpenAI(api_key="k", base_url=base)
databricks_client = WorkspaceClient(host=base, token="t")
bigquery_client = bigquery.Client(project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": base})
session = snowflake.connector.connect(user="u", password="p", account="a", host="127.0.0.1", port=server.server_port,
                                      protocol="http", network_timeout=6)
QUERY = "01b0c1d2-0000-0000-0000-000000000001"
order = {"input_file_id": "f", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
CALLS = {
    "openai, batches.create": (lambda: openai_client.batches.create(**order), "str", 1),
    "openai, batches.retrieve": (lambda: openai_client.batches.retrieve("b"), "str", 1),
    "openai, batches.cancel": (lambda: openai_client.batches.cancel("b"), "str", 1),
    "bigquery, get_job": (lambda: bigquery_client.get_job("j"), "JSONDecodeError", 1),
    "bigquery, cancel_job": (lambda: bigquery_client.cancel_job("j"), "JSONDecodeError", 1),
    "databricks, get_run": (lambda: databricks_client.jobs.get_run(1), "JSONDecodeError", 1),
    "databricks, cancel_run": (lambda: databricks_client.jobs.cancel_run(1), "JSONDecodeError", 1),
    "snowflake, get_query_status": (lambda: session.get_query_status(QUERY), "OperationalError", None),
}
for name, (call, expected, times) in CALLS.items():
    asked.clear()
    begun = time.monotonic()
    try:
        told = type(call()).__name__
    except Exception as error:
        told = type(error).__name__
    print(f"{name}: {told} after {len(asked)} requests and {time.monotonic() - begun:.1f} s")
    if told != expected or (len(asked) != times if times else len(asked) < 3):
        raise SystemExit("CHANGED: it takes a page otherwise now")
PY
HOME="$work" timeout 120 venv/bin/python ask.py 2>/dev/null
