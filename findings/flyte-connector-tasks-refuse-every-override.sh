#!/usr/bin/env bash
# override() of a BigQuery task or a Slurm script is a TypeError, whatever is overridden.
#
# Guess:   every task has override(), for retries, timeouts and names of one call, as the signature on TaskTemplate says.
# Happens: in flyte 2.12.1 override() makes the object anew out of its dataclass fields, and BigQueryTask and
#          SlurmScriptTask are made of other arguments: "missing 2 required positional arguments". Giving those as well is
#          refused too (no task plugin for that configuration). A task of a function can be overridden.
# Matters: it is found at the line that calls the task, in the run, after everything before it has been paid for. Authors:
#          retries and timeouts as arguments of the task, a second task where they differ; a class of one's own keeps its
#          arguments as fields, or makes the copy itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte[connector]==2.12.1' 'flyteplugins-bigquery==2.12.1' \
  'google-cloud-bigquery==3.47.0' 'google-auth==2.63.0' 'cryptography==50.0.2'
# The task alone: its service would ask for SSH.
venv/bin/pip install --quiet --disable-pip-version-check --no-deps 'flyteplugins-slurm==2.12.1'

cat > override.py <<'PY'
import flyte
from flyteplugins.bigquery import BigQueryConfig, BigQueryTask
from flyteplugins.slurm import Slurm, SlurmScriptTask

environment = flyte.TaskEnvironment("functions")


@environment.task(retries=1)
def function(x: int) -> int:
    return x


TASKS = {
    "function": function,
    "BigQuery": BigQueryTask("q", "SELECT 1", plugin_config=BigQueryConfig(ProjectID="p"), retries=1),
    "Slurm script": SlurmScriptTask("b", "echo 1", Slurm(host="h", username="u"), retries=1),
}
seen = {}
for name, task in TASKS.items():
    for changed in ({"retries": 3}, {"timeout": 60}, {"short_name": "other"}):
        try:
            task.override(**changed)
            told = "made"
        except TypeError as error:
            told = f"TypeError: {error}"
        print(f"{name}, {changed}: {told}")
        seen.setdefault(name, set()).add(told.split(":")[0])
if seen != {name: {"made"} if name == "function" else {"TypeError"} for name in TASKS}:
    raise SystemExit("CHANGED: such tasks can be overridden, or others cannot")
PY
HOME="$work" venv/bin/python override.py
