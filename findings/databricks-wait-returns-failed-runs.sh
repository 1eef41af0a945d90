#!/usr/bin/env bash
# The official waiter returns a failed Databricks run as if all were well, and waits out its time on a newer state.
#
# Guess:   jobs.submit(...).result() raises if the run failed; a state that the SDK does not know is an error or text.
# Happens: databricks-sdk 0.162.0 waits for TERMINATED or SKIPPED and returns either: the run with result_state
#          FAILED, the run that was skipped and never began. Only INTERNAL_ERROR raises. An unknown state becomes None
#          without a trace, also in as_dict(), so the waiter polls on until its time (20 minutes by default) is over.
# Matters: "it returned" is not success: read result_state. Keep the state as text and let an unknown one be RUNNING
#          with a warning; None would hide from the log which new state the vendor has.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'databricks-sdk==0.162.0'

cat > wait.py <<'PY'
import datetime
import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from databricks.sdk import WorkspaceClient
from databricks.sdk.service import jobs
from databricks.sdk.version import __version__

state = {}
logging.disable(logging.WARNING)


class FakeDatabricks(BaseHTTPRequestHandler):
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
        self.rfile.read(int(self.headers["content-length"]))
        self.answer(200, {"run_id": 1})

    def do_GET(self):
        if "/runs/get" in self.path:
            return self.answer(200, {"run_id": 1, "state": state})
        self.answer(404, {"error_code": "NOT_FOUND", "message": "not here"})


server = ThreadingHTTPServer(("127.0.0.1", 0), FakeDatabricks)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = WorkspaceClient(host=f"http://127.0.0.1:{server.server_port}", token="t")
tasks = [jobs.SubmitTask(task_key="t", spark_python_task=jobs.SparkPythonTask(python_file="main.py"))]


def outcome(**vendor):
    state.clear()
    state.update(vendor)
    try:
        run = client.jobs.submit(run_name="r", tasks=tasks).result(timeout=datetime.timedelta(seconds=2))
        text = f"returned, result_state {run.state.result_state and run.state.result_state.value}"
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
    print(f"{vendor}: {text}")
    return text


print("databricks-sdk", __version__)
failed = outcome(life_cycle_state="TERMINATED", result_state="FAILED")
skipped = outcome(life_cycle_state="SKIPPED")
internal = outcome(life_cycle_state="INTERNAL_ERROR")
unknown = outcome(life_cycle_state="HIBERNATING")
parsed = jobs.Run.from_dict({"run_id": 1, "state": {"life_cycle_state": "HIBERNATING"}})
print("the unknown state, parsed and printed again:", parsed.as_dict())
if (failed, skipped) != ("returned, result_state FAILED", "returned, result_state None"):
    raise SystemExit("CHANGED: the waiter tells failed runs apart now")
if not internal.startswith("OperationFailed") or not unknown.startswith("TimeoutError"):
    raise SystemExit("CHANGED: other states raise now")
if parsed.as_dict() != {"run_id": 1, "state": {}}:
    raise SystemExit("CHANGED: unknown states are kept now")
PY
venv/bin/python wait.py
