#!/usr/bin/env bash
# A Spark master that is started again with its recovery folder gives up the drivers that were waiting.
#
# Guess:   with spark.deploy.recoveryMode=FILESYSTEM a submitted driver outlives the master: it is written down when it is
#          taken, and read again. One that waits for a worker has nothing to lose by that, and goes on waiting.
# Happens: Spark 4.3.0 reads it, finds that no worker has it, which none ever had, and calls it ERROR. The submission
#          server says so without a message, with success: true. Drivers that have a worker go on.
# Matters: a queue is lost by every restart of the master, and its jobs look as if they had failed by themselves. ERROR
#          without a message has to count as "may be tried again", ERROR with one (a jar that is not there) must not.
set -euo pipefail
work=$(mktemp -d)
finish() {
  # The master has this folder in its command line.
  pgrep -f "$work/" | xargs -r kill 2>/dev/null || true
  sleep 2
  pgrep -f "$work/" | xargs -r kill -9 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'pyspark==4.3.0'

cat > restart.py <<'PY'
import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.request

import pyspark

home, work = pathlib.Path(pyspark.__file__).parent, pathlib.Path.cwd()
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
rpc, rest, ui = (str(it.getsockname()[1]) for it in sockets)
for it in sockets:
    it.close()
options = {
    "spark.master.rest.enabled": "true",
    "spark.master.rest.host": "127.0.0.1",
    "spark.master.rest.port": rest,
    "spark.deploy.recoveryMode": "FILESYSTEM",
    "spark.deploy.recoveryDirectory": work / "recovery",
    # So long a master waits for the workers that it has read of, in seconds; by default a minute.
    "spark.worker.timeout": "5",
}
environment = os.environ | {
    "SPARK_HOME": str(home),
    "SPARK_LOCAL_IP": "127.0.0.1",
    "SPARK_DAEMON_MEMORY": "256m",
    "SPARK_MASTER_OPTS": " ".join(f"-D{name}={value}" for name, value in options.items()),
}


def start():
    command = [home / "bin/spark-class", "org.apache.spark.deploy.master.Master"]
    command += ["--host", "127.0.0.1", "--port", rpc, "--webui-port", ui]
    return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    url = f"http://127.0.0.1:{rest}/v1/submissions/{path}"
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def until(is_so):
    for _ in range(480):
        try:
            if found := is_so():
                return found
        except OSError:
            pass
        time.sleep(0.5)
    print(log_file.read_text()[-2000:])
    raise SystemExit("CHANGED: Spark does not get that far")


log_file = work / "master.log"
log = log_file.open("a")
print("Spark", pyspark.__version__)
master = start()
submission = {
    "action": "CreateSubmissionRequest",
    "clientSparkVersion": pyspark.__version__,
    "appResource": "file:/jobs/a.jar",
    "mainClass": "Job",
    "appArgs": [],
    "environmentVariables": {},
    "sparkProperties": {"spark.app.name": "nightly"},
}
until(lambda: ask("status/none"))
created = ask("create", submission)
driver = created["submissionId"]
before = ask(f"status/{driver}")
written = sorted(it.name for it in (work / "recovery").iterdir())
print("submitted:", before["driverState"], "| in the recovery folder:", *written)
# As a machine that is switched off.
master.kill()
master.wait()
master = start()
after = until(lambda: (it := ask(f"status/{driver}")).get("driverState") not in (None, "SUBMITTED", "UNKNOWN") and it)
print("after the restart:", json.dumps({name: after[name] for name in sorted(after)}))
said = [line for line in log_file.read_text().splitlines() if driver in line]
print(*(line[18:] for line in said[-3:]), sep="\n")
master.kill()
if after["driverState"] != "ERROR" or "message" in after:
    raise SystemExit("CHANGED: a driver that waited is not given up without a word any more")
PY
venv/bin/python restart.py
