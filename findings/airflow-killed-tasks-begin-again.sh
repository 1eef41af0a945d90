#!/usr/bin/env bash
# A task of Airflow that may not be retried begins a second time, when its scheduler has died.
#
# Guess:   a task with retries=0 begins once; of one whose machine died Airflow hears nothing any more, and fails it after
#          task_instance_heartbeat_timeout (here 10 s).
# Happens: Airflow 3.3.2 looks for missing heartbeats among tasks of the scheduler that asks alone. Those of a scheduler
#          that died are reset once that one was silent for scheduler_health_check_threshold (30 s), when a scheduler
#          starts, or every orphaned_tasks_check_interval (here 5 s, 300 by default). A task that is reset begins again, as
#          try 2, whatever its retries; until then it is called running.
# Matters: "retries=0" does not make a task run at most once, so what it does outside must bear a second time; and with
#          the defaults a run may be called running for five minutes though nothing of it is at work.
set -euo pipefail
work=$(mktemp -d)
end_all() {
  # All processes have inherited AIRFLOW_HOME; some write a title over that, and are known by where they work.
  local _ all
  for _ in 1 2 3 4 5 6 7 8; do
    all=$(grep -lsF "AIRFLOW_HOME=$work/home" /proc/[0-9]*/environ | cut -d/ -f3
      find /proc -maxdepth 2 -name cwd -lname "$work/home*" 2>/dev/null | cut -d/ -f3) || true
    [ -n "$all" ] || return 0
    kill -9 $all 2>/dev/null || true
    sleep 0.2
  done
}
finish() {
  end_all
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
cat > dags/once.py <<'PY'
import os
import time

from airflow.sdk import dag, task


@dag(schedule=None)
def once():
    @task(retries=0)
    def begin(ti=None):
        with open(os.environ["BEGINS"], "a") as file:
            file.write(f"try {ti.try_number} of a task with {ti.max_tries} retries\n")
        if ti.try_number == 1:
            time.sleep(600)

    begin()


once()
PY
export AIRFLOW_HOME=$work/home BEGINS=$work/begins PATH=$work/venv/bin:$PATH
export AIRFLOW__CORE__DAGS_FOLDER=$work/dags AIRFLOW__CORE__LOAD_EXAMPLES=False AIRFLOW__CORE__PARALLELISM=2
export AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS=True AIRFLOW__API__HOST=127.0.0.1 AIRFLOW__API__WORKERS=1
export AIRFLOW__API__PORT=${ports[0]} AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT=${ports[1]}
export AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT=${ports[2]} AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False
export AIRFLOW__CORE__EXECUTION_API_SERVER_URL=http://127.0.0.1:${ports[0]}/execution/
export AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT=10 AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL=5
start() {
  (cd "$work/home" && exec setsid airflow "$1") >>"$1.log" 2>&1 &
  disown
}

cat > ask.py <<'PY'
import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request

BASE, WHAT = sys.argv[1:]
BEGINS = pathlib.Path(os.environ["BEGINS"])


def call(method, path, body=None, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(BASE + path, data, headers, method=method), timeout=60) as answer:
        return json.loads(answer.read())


def until(what, is_so):
    for _ in range(1500):
        try:
            if found := is_so():
                return found
        except (OSError, ValueError):
            pass
        time.sleep(0.2)
    raise SystemExit(f"not within five minutes: {what}")


token = until("a token", lambda: call("GET", "/auth/token")["access_token"])
run = "/api/v2/dags/once/dagRuns/one"
if WHAT == "serves":
    pass
elif WHAT == "begin":
    until("a DAG", lambda: call("PATCH", "/api/v2/dags/once", {"is_paused": False}, token))
    call("POST", "/api/v2/dags/once/dagRuns", {"dag_run_id": "one", "logical_date": None}, token)
    until("a task at work", BEGINS.exists)
    print("airflow", call("GET", "/api/v2/version", token=token)["version"])
else:
    state = until("an end", lambda: (it := call("GET", run, token=token)["state"]) in ("success", "failed") and it)
    begins = BEGINS.read_text().splitlines()
    print(*begins, sep="\n")
    print(f"the run: {state}")
    if begins != ["try 1 of a task with 0 retries", "try 2 of a task with 0 retries"] or state != "success":
        raise SystemExit("CHANGED: a task without retries does not begin again any more")
PY
start standalone
python3 ask.py "http://127.0.0.1:${ports[0]}" begin
end_all
echo "every process of Airflow is killed, and it is started again"
# One after the other: a try that begins before the API server answers fails at once.
start api-server
python3 ask.py "http://127.0.0.1:${ports[0]}" serves
start scheduler
start dag-processor
python3 ask.py "http://127.0.0.1:${ports[0]}" end
