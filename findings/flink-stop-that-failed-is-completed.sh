#!/usr/bin/env bash
# A stop with a savepoint that failed is COMPLETED, and the job runs on; one that worked leaves a job that is FINISHED.
#
# Guess:   POST /jobs/ID/stop gives an operation; when it is COMPLETED, the savepoint is there and the job has stopped.
#          A stopped job has a state of its own, as a cancelled one has (CANCELED).
# Happens: Flink 2.3.0 takes the stop of a job that waits for slots, calls the operation COMPLETED a moment later, with a
#          "failure-cause" in place of a "location", and the job stays RUNNING. After a stop that worked the job is
#          FINISHED, as one that came to its end: only the checkpoints tell, by the type SYNC_SAVEPOINT of the last savepoint.
# Matters: who waits for COMPLETED reports a cancel that never was; who maps FINISHED to success lets what follows run on
#          half of the data. Look into the operation, and ask a finished job how its last savepoint came about.
set -euo pipefail
work=$(mktemp -d)
finish() {
  # Everything that was started has this folder in its command line.
  pgrep -f "$work/" | xargs -r kill -9 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-deps 'apache-flink-libraries==2.3.0'
lib=$(echo venv/lib/python3*/site-packages/pyflink/lib)

cat > Slow.java <<'JAVA'
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

public class Slow {
    public static class Wait implements org.apache.flink.api.common.functions.MapFunction<Long, Long> {
        public Long map(Long number) throws Exception {
            Thread.sleep(50);
            return number;
        }
    }

    public static void main(String[] args) throws Exception {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.fromSequence(1, 1_000_000).map(new Wait()).print();
        env.execute("slow");
    }
}
JAVA
mkdir classes conf
javac -cp "$lib/*" -d classes Slow.java
jar cf slow.jar -C classes .
ports=($(python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in sockets))'))
cat > conf/config.yaml <<YAML
jobmanager.rpc.address: 127.0.0.1
jobmanager.rpc.port: ${ports[0]}
rest.address: 127.0.0.1
rest.bind-address: 127.0.0.1
rest.port: ${ports[1]}
io.tmp.dirs: $work
taskmanager.host: 127.0.0.1
taskmanager.numberOfTaskSlots: 1
taskmanager.cpu.cores: 1.0
taskmanager.memory.network.min: 64mb
taskmanager.memory.network.max: 64mb
taskmanager.memory.task.heap.size: 128mb
taskmanager.memory.task.off-heap.size: 0b
taskmanager.memory.managed.size: 128mb
taskmanager.memory.framework.heap.size: 128mb
taskmanager.memory.framework.off-heap.size: 128mb
taskmanager.memory.jvm-metaspace.size: 256mb
taskmanager.memory.jvm-overhead.min: 192mb
taskmanager.memory.jvm-overhead.max: 192mb
YAML
opens=()
for package in lang lang.reflect net io nio text time util util.concurrent util.concurrent.atomic; do
  opens+=("--add-opens=java.base/java.$package=ALL-UNNAMED")
done
for class in entrypoint.StandaloneSessionClusterEntrypoint taskexecutor.TaskManagerRunner; do
  java -Xmx384m "${opens[@]}" -cp "$work/$lib/*" "org.apache.flink.runtime.$class" --configDir "$work/conf" \
    >"$class.out" 2>&1 &
  disown
done

cat > stops.py <<'PY'
import json
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

BASE = sys.argv[1]
SAVED = pathlib.Path("saved").absolute().as_uri()


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(BASE + path, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return json.loads(error.read())


def until(what, is_so):
    for _ in range(600):
        try:
            if found := is_so():
                return found
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"not within two minutes: {what}")


def status(job):
    return call("GET", f"/jobs/{job}/status")["status"]


def run(parallelism):
    return call("POST", f"/jars/{jar}/run", {"entryClass": "Slow", "parallelism": parallelism})["jobid"]


def stop(job):
    asked = call("POST", f"/jobs/{job}/stop", {"targetDirectory": SAVED})["request-id"]

    def told():
        answer = call("GET", f"/jobs/{job}/savepoints/{asked}")
        return answer if answer["status"]["id"] != "IN_PROGRESS" else None

    return until("an end of the stop", told)


until("a slot", lambda: call("GET", "/overview").get("slots-available") == 1)
print("flink", call("GET", "/config")["flink-version"])
uploaded = subprocess.run(
    ["curl", "--silent", "--form", "jarfile=@slow.jar", BASE + "/jars/upload"], capture_output=True, check=True
)
jar = json.loads(uploaded.stdout)["filename"].rsplit("/", 1)[-1]

waiting = run(2)
until("a job that runs", lambda: status(waiting) == "RUNNING")
failed = stop(waiting)
time.sleep(3)
goes_on = status(waiting)
print("stop of a job that waits for a slot:", failed["status"]["id"], sorted(failed["operation"]),
      "and three seconds later the job is", goes_on)
call("PATCH", f"/jobs/{waiting}?mode=cancel")
until("a cancelled job", lambda: status(waiting) == "CANCELED")

working = run(1)
until("a job whose parts run",
      lambda: all(part["status"] == "RUNNING" for part in call("GET", f"/jobs/{working}")["vertices"]))
worked = stop(working)
ended = until("an end", lambda: status(working) if status(working) != "RUNNING" else None)
kind = call("GET", f"/jobs/{working}/checkpoints")["latest"]["savepoint"]["checkpoint_type"]
print("stop of a job that works:", worked["status"]["id"], sorted(worked["operation"]), "and the job is", ended,
      "with a last savepoint of the type", kind)
if (failed["status"]["id"], "failure-cause" in failed["operation"], goes_on) != ("COMPLETED", True, "RUNNING"):
    raise SystemExit("CHANGED: a stop that failed is told otherwise now")
if (ended, kind) != ("FINISHED", "SYNC_SAVEPOINT"):
    raise SystemExit("CHANGED: a stopped job is told otherwise now")
PY
python3 stops.py "http://127.0.0.1:${ports[1]}"
