#!/usr/bin/env bash
# A variable that a Ray job is given arrives as another text if there is a dollar in it.
#
# Guess:   runtime_env's env_vars are what the command sees, byte for byte, as in any API that takes a map of variables;
#          braces, as in "${PATH}:/x", are the one pattern that Ray reads.
# Happens: ray 2.60.0 reads every value as a pattern: "$HOME" without braces is the home of the node, too; "${NOPE}" of a
#          name that is not set becomes nothing, while "${nope}", "$NOPE" and "$$" stay. Nothing is said of it, and
#          there is no way to quote. What was seen to keep a dollar: a variable D whose value is "$", and "${D}HOME".
# Matters: a password, a regular expression or a template with a dollar is another one in the job, depending on which
#          variables its node has. A connector cannot tell which was meant: say so where variables are set, and hand over
#          texts that must not change in a file or in the command's own arguments.
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
env -u NOPE -u nope HOME=/home/of-the-node RAY_USAGE_STATS_ENABLED=0 venv/bin/ray start --head \
  --node-ip-address=127.0.0.2 --port="${ports[0]}" --dashboard-host=127.0.0.1 --dashboard-port="${ports[1]}" \
  --dashboard-agent-listen-port="${ports[2]}" --ray-client-server-port="${ports[3]}" --num-cpus=1 \
  --object-store-memory=100000000 --temp-dir="$work/ray" --disable-usage-stats >start.log 2>&1 || { cat start.log; exit 1; }

cat > variables.py <<'PY'
import json
import sys
import time

import ray
from ray.job_submission import JobStatus, JobSubmissionClient

GIVEN = {"BARE": "a$HOME", "BRACED": "a${HOME}b", "UNSET": "a${NOPE}b", "SMALL": "a${nope}b", "NAME": "a$NOPE",
         "DOUBLE": "a$$b", "D": "$", "KEPT": "a${D}HOME"}
EXPECTED = {**GIVEN, "BARE": "a/home/of-the-node", "BRACED": "a/home/of-the-nodeb", "UNSET": "ab", "KEPT": "a$HOME"}
SHOW = f"import json, os; print('SEEN', json.dumps({{name: os.environ[name] for name in {sorted(GIVEN)}}}))"


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
job = client.submit_job(entrypoint=f'{sys.executable} -c "{SHOW}"', runtime_env={"env_vars": GIVEN})
for _ in range(1200):
    if JobStatus.is_terminal(client.get_job_status(job)):
        break
    time.sleep(0.1)
if client.get_job_status(job) != JobStatus.SUCCEEDED:
    raise SystemExit(f"the job did not end well: {client.get_job_info(job).message}")
line = next(line for line in client.get_job_logs(job).splitlines() if line.startswith("SEEN "))
seen = json.loads(line.removeprefix("SEEN "))
print("ray", ray.__version__)
for name, given in GIVEN.items():
    print(f"given {given!r}, seen {seen[name]!r}")
if seen != EXPECTED:
    raise SystemExit("CHANGED: variables arrive otherwise now")
PY
venv/bin/python variables.py "http://127.0.0.1:${ports[1]}" 2>/dev/null
