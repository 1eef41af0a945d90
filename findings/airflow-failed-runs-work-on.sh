#!/usr/bin/env bash
# A run of Airflow that was set to failed has an end, as its tasks have, while their processes work on.
#
# Guess:   PATCH state=failed is how a run is stopped; when the run and all of its tasks are failed and have an end_date,
#          nothing of it is at work any more.
# Happens: Airflow 3.3.2 answers at once and says so at once. The process of the task hears of it at its next heartbeat and
#          has five seconds to end: here it wrote lines for seconds after the end_date of its task.
# Matters: who reports the cancel as done when Airflow says so starts the next attempt beside the old one, which still
#          writes. That the process is gone stands in one place only: its log, as a line that the task was killed.
set -euo pipefail
work=$(mktemp -d)
finish() {
  # All processes have inherited AIRFLOW_HOME, whatever they call themselves.
  grep -lsF "AIRFLOW_HOME=$work/home" /proc/[0-9]*/environ | cut -d/ -f3 | xargs -r kill -9 2>/dev/null || true
  sleep 1
  rm -rf "$work"
}
trap finish EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'apache-airflow==3.3.2'

ports=($(python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(s.getsockname()[1] for s in sockets))'))
mkdir home dags
cat > dags/beats.py <<'PY'
import os
import time

from airflow.sdk import dag, task


@dag(schedule=None)
def beats():
    @task
    def beat():
        while True:
            with open(os.environ["BEATS"], "a") as file:
                file.write(f"{time.time()}\n")
            time.sleep(0.1)

    beat()


beats()
PY
export AIRFLOW_HOME=$work/home BEATS=$work/beats PATH=$work/venv/bin:$PATH
export AIRFLOW__CORE__DAGS_FOLDER=$work/dags AIRFLOW__CORE__LOAD_EXAMPLES=False AIRFLOW__CORE__PARALLELISM=2
export AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS=True AIRFLOW__API__HOST=127.0.0.1 AIRFLOW__API__WORKERS=1
export AIRFLOW__API__PORT=${ports[0]} AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT=${ports[1]}
export AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT=${ports[2]} AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False
export AIRFLOW__CORE__EXECUTION_API_SERVER_URL=http://127.0.0.1:${ports[0]}/execution/
setsid airflow standalone >airflow.log 2>&1 &
disown

cat > cancel.py <<'PY'
import datetime
import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request

BASE = sys.argv[1]
BEATS = pathlib.Path(os.environ["BEATS"])


def call(method, path, body=None, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(BASE + path, data, headers, method=method), timeout=60) as answer:
        return json.loads(answer.read())


def until(what, is_so):
    for _ in range(900):
        try:
            if found := is_so():
                return found
        except (OSError, ValueError):
            pass
        time.sleep(0.2)
    raise SystemExit(f"not within three minutes: {what}")


def last_beat():
    return float(BEATS.read_text().split()[-1])


token = until("a token", lambda: call("GET", "/auth/token")["access_token"])
until("a DAG", lambda: call("PATCH", "/api/v2/dags/beats", {"is_paused": False}, token))
version = call("GET", "/api/v2/version", token=token)["version"]
call("POST", "/api/v2/dags/beats/dagRuns", {"dag_run_id": "one", "logical_date": None}, token)
until("a task at work", BEATS.exists)
time.sleep(2)
run = call("PATCH", "/api/v2/dags/beats/dagRuns/one", {"state": "failed"}, token)
(task,) = call("GET", "/api/v2/dags/beats/dagRuns/one/taskInstances", token=token)["task_instances"]
until("silence", lambda: time.time() - last_beat() > 5)
ended = datetime.datetime.fromisoformat(task["end_date"]).timestamp()
after = last_beat() - ended
print(f"airflow {version}: the run is {run['state']}, its task {task['state']} with the end {task['end_date']}")
print(f"the task wrote for {after:.1f} s after that")
if (run["state"], task["state"]) != ("failed", "failed") or after < 1:
    raise SystemExit("CHANGED: a run is not called failed any more while its tasks work")
PY
python3 cancel.py "http://127.0.0.1:${ports[0]}"
