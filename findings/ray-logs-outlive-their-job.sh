#!/usr/bin/env bash
# The log of a Ray job begins with the lines of an older job that had the same id and was deleted.
#
# Guess:   delete_job removes the job, so the same submission id can be used for a clean second try.
# Happens: ray 2.60.0 takes the id again after the delete and runs the new job, but get_job_logs gives the old job's
#          lines first, then the new one's, in one text: the file of the log stays and is appended to.
# Matters: a connector that makes its ids from the execution must never delete and reuse one: the user reads the
#          failure of the first try in the log of the second. Put the attempt into the id.
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
import sys
import time

import ray
from ray.job_submission import JobSubmissionClient


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


def run(entrypoint):
    for _ in range(60):
        try:
            client.submit_job(entrypoint=entrypoint, submission_id="exec-1")
            break
        except RuntimeError as error:  # The agent may need some seconds more than the dashboard.
            last = error
            time.sleep(1)
    else:
        raise SystemExit(f"no job accepted: {last}")
    while not client.get_job_status("exec-1").is_terminal():
        time.sleep(0.2)
    log = client.get_job_logs("exec-1")
    print(f"{entrypoint!r}: {client.get_job_status('exec-1').value}, own lines in its log:",
          [line for line in log.splitlines() if line.endswith("try") and "entrypoint" not in line])
    return log


print("ray", ray.__version__)
first = run("echo first try")
print("deleted:", client.delete_job("exec-1"))
second = run("echo second try")
if "\nfirst try" not in second or "\nsecond try" not in second:
    raise SystemExit("CHANGED: the log begins anew now")
PY
venv/bin/python jobs.py "http://127.0.0.1:${ports[1]}" 2>/dev/null
