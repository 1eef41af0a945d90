#!/usr/bin/env bash
# The Databricks SDK submits a run a second time when the first answer got lost.
#
# Guess:   a POST that starts something is not repeated by a client library, or is with a token that makes it one run.
# Happens: databricks-sdk 0.162.0 takes any broken connection as a reason to repeat, whatever the method. Nothing in
#          the repeated runs/submit tells the vendor that it is one. The caller sees one run id and no error; the
#          other run goes on unseen. With idempotency_token set, both requests carry it.
# Matters: always send idempotency_token (at most 64 characters, made from the execution and its attempt), also when a
#          library "does the retries".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'databricks-sdk==0.162.0'

cat > submit.py <<'PY'
import json
import logging
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from databricks.sdk import WorkspaceClient
from databricks.sdk.service import jobs
from databricks.sdk.version import __version__

received = []
logging.disable(logging.WARNING)


class FakeDatabricks(BaseHTTPRequestHandler):
    """Takes every run; the connection breaks before the answer to the first."""

    def log_message(self, *args):
        pass

    def answer(self, code, value):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        received.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        if len(received) == 1:
            self.close_connection = True
            return self.connection.shutdown(socket.SHUT_RDWR)
        self.answer(200, {"run_id": len(received)})

    def do_GET(self):
        self.answer(404, {"error_code": "NOT_FOUND", "message": "not here"})


server = ThreadingHTTPServer(("127.0.0.1", 0), FakeDatabricks)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = WorkspaceClient(host=f"http://127.0.0.1:{server.server_port}", token="t")
tasks = [jobs.SubmitTask(task_key="t", spark_python_task=jobs.SparkPythonTask(python_file="main.py"))]

print("databricks-sdk", __version__)
tokens = {}
for token in (None, "exec-attempt-0"):
    received.clear()
    waiter = client.jobs.submit(run_name="r", tasks=tasks, idempotency_token=token)
    tokens[token] = [run.get("idempotency_token") for run in received]
    print(f"idempotency_token={token}: the caller got run {waiter.run_id}, "
          f"the vendor was asked {len(received)} times, tokens {tokens[token]}")
if tokens != {None: [None, None], "exec-attempt-0": ["exec-attempt-0"] * 2}:
    raise SystemExit("CHANGED: the repeat is another one now")
PY
venv/bin/python submit.py
