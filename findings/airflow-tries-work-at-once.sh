#!/usr/bin/env bash
# A task of Airflow that may not be retried is at work twice at the same time, when its scheduler alone has died.
#
# Guess:   whatever becomes of the scheduler, there is one process of a task at a time; a next try begins when the last
#          one is known to have ended.
# Happens: with the LocalExecutor of Airflow 3.3.2 the process of a task outlives its scheduler. The next scheduler takes
#          it for lost once the dead one was silent for scheduler_health_check_threshold (30 s) and begins with the task
#          again, also with retries=0. The first process hears of it at its next heartbeat, and has 5 seconds from then on:
#          both write for some seconds, and the record of the first try has an end while it works.
# Matters: two processes write to one table. Locks of one's own; and whoever cancels waits for the try before, too.
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
        for _ in range(3000):
            with open(os.environ["BEGINS"], "a") as file:
                file.write(f"{time.time():.1f} try {ti.try_number}\n")
            time.sleep(0.1)

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
  scheduler=$!
  disown
}

cat > ask.py <<'PY'
import datetime
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
    def times(number):
        lines = (line.split(" ", 1) for line in BEGINS.read_text().splitlines())
        return [float(at) for at, what in lines if what == f"try {number}"]

    until("a second try", lambda: times(2))
    # Until the first is silent for longer than it ever was.
    until("the end of the first", lambda: time.time() - times(1)[-1] > 12)
    both = times(1)[-1] - times(2)[0]
    print(f"try 1 and try 2 of a task with retries=0 were at work together for {both:.1f} s")
    tries = call("GET", run + "/taskInstances/begin/tries", token=token)["task_instances"]
    ended = datetime.datetime.fromisoformat(tries[0]["end_date"]).timestamp()
    print(f"try 1 wrote for {times(1)[-1] - ended:.1f} s after the end that Airflow tells of it")
    if both < 0.5:
        raise SystemExit("CHANGED: a try ends before the next one begins")
PY
airflow db migrate >migrate.log 2>&1
start api-server
python3 ask.py "http://127.0.0.1:${ports[0]}" serves
start dag-processor
start scheduler
python3 ask.py "http://127.0.0.1:${ports[0]}" begin
kill -9 "$scheduler"
echo "the scheduler is killed, and another one started"
start scheduler
python3 ask.py "http://127.0.0.1:${ports[0]}" end
