#!/usr/bin/env bash
# A waiting Ray job that was stopped runs all the same when its turn comes, and then counts as failed to start.
#
# Guess:   stop_job answers True, so the job is stopped; one that waits for processors has done nothing, and will not.
# Happens: ray 2.60.0 answers True and keeps the job PENDING. When the processors come free it starts the command, and
#          tells it to stop only then: a short command runs to its end. As its process is gone by then, the job is FAILED
#          with JOB_ENTRYPOINT_COMMAND_START_ERROR (psutil.NoSuchProcess) and without an exit code.
# Matters: a cancelled task writes its result later, while the next attempt writes its own. A connector has to let the
#          command wait for a moment at its beginning, in which the stop arrives, and cannot read "did not start" out of
#          that class.
set -euo pipefail
work=$(mktemp -d)
finish() {
  # Everything that Ray started has this folder in its command line.
  pgrep -f "$work/" | xargs -r kill 2>/dev/null || true
  sleep 2
  pgrep -f "$work/" | xargs -r kill -9 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'ray[default]==2.60.0'

ports=($(python3 - <<'PY'
import socket

sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
print(*(s.getsockname()[1] for s in sockets))
PY
))
# Not 127.0.0.1: Ray would replace it by the machine's outside address.
RAY_USAGE_STATS_ENABLED=0 venv/bin/ray start --head --node-ip-address=127.0.0.2 --port="${ports[0]}" \
  --dashboard-host=127.0.0.1 --dashboard-port="${ports[1]}" --dashboard-agent-listen-port="${ports[2]}" \
  --ray-client-server-port="${ports[3]}" --num-cpus=1 --object-store-memory=100000000 --temp-dir="$work/ray" \
  --disable-usage-stats >start.log 2>&1 || { cat start.log; exit 1; }

cat > jobs.py <<'PY'
import pathlib
import sys
import time

import ray
from ray.job_submission import JobStatus, JobSubmissionClient


def connect(address):
    for _ in range(120):
        try:
            client = JobSubmissionClient(address)
            client.list_jobs()
            return client
        except Exception:
            time.sleep(0.5)
    raise SystemExit("Ray did not start")


client = connect(sys.argv[1])
written = pathlib.Path("written").absolute()


def submit(name, entrypoint):
    client.submit_job(entrypoint=entrypoint, submission_id=name, entrypoint_num_cpus=1)


def until(name, is_so):
    for _ in range(600):
        if is_so(client.get_job_status(name)):
            return
        time.sleep(0.1)
    raise SystemExit(f"{name} stays {client.get_job_status(name)}")


print("ray", ray.__version__)
submit("first", "sleep 60")
until("first", lambda status: status == JobStatus.RUNNING)
waiting = [f"second-{n}" for n in range(3)]
for name in waiting:
    submit(name, f"echo {name} >> {written}")
for name in waiting:
    print(f"{name}: stop_job says {client.stop_job(name)}, it is {client.get_job_status(name).value}")
time.sleep(3)
print("three seconds later:", *(client.get_job_status(name).value for name in waiting))
client.stop_job("first")
for name in waiting:
    until(name, JobStatus.is_terminal)
    info = client.get_job_info(name)
    print(f"{name}: {info.status.value}, {info.error_type}, exit code {info.driver_exit_code}")
ran = written.read_text().split() if written.exists() else []
print("ran after their stop:", *ran)
if not ran:
    raise SystemExit("CHANGED: what was stopped while it waited does not run any more")
PY
venv/bin/python jobs.py "http://127.0.0.1:${ports[1]}" 2>/dev/null
