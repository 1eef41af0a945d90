#!/usr/bin/env bash
# A forgotten input of a BigQuery, Snowflake or Slurm script task is sent empty: a bool is False then, a list is empty.
#
# Guess:   inputs={"paid": bool} has no default, so a call without `paid` is refused, as it is for a function's task.
# Happens: the task classes of Flyte 2.12.1's plug-ins give each input the default None, so none is required. One that
#          is not given, or is misspelt, goes out as a literal without a value. What reads it takes that for False where
#          a bool is declared and for [] where a list is; an int, a text or a time is an error about "literal" then, for
#          which the caller sees neither that something is missing nor where.
# Matters: a query that was to see paid orders sees those that are not, and succeeds. Authors of task classes: the
#          default of an input that has none is inspect.Parameter.empty, not None. A service takes a literal without a
#          value for a missing input.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte[connector]==2.12.1' 'flyteidl2==2.0.51' 'grpcio==1.85.3' \
  'flyteplugins-bigquery==2.12.1' 'google-cloud-bigquery==3.47.0'
# The task classes alone: their services would ask for SSH and for Snowflake's client.
venv/bin/pip install --quiet --disable-pip-version-check --no-deps 'flyteplugins-slurm==2.12.1' 'flyteplugins-snowflake==2.12.1'

cat > forgets.py <<'PY'
import importlib.util
import logging
import sys
from dataclasses import dataclass

import flyte
from flyte.connectors import AsyncConnector, ConnectorRegistry, Resource, ResourceMeta
from flyteidl2.core.execution_pb2 import TaskExecution
from flyteplugins.bigquery import BigQueryConfig, BigQueryTask
from flyteplugins.slurm.task import Slurm, SlurmScriptTask

# The module of the task, without the package, which imports Snowflake's client.
folder = next(iter(importlib.util.find_spec("flyteplugins").submodule_search_locations))
spec = importlib.util.spec_from_file_location("snowflake_task", f"{folder}/snowflake/task.py")
sys.modules["snowflake_task"] = snowflake = importlib.util.module_from_spec(spec)
spec.loader.exec_module(snowflake)
logging.disable(logging.CRITICAL)
arrived = []


@dataclass
class Job(ResourceMeta):
    id: str


class Vendor(AsyncConnector):
    """Notes the inputs of each job, all of which are done at once."""

    metadata_type = Job

    def __init__(self, task_type):
        self.name = self.task_type_name = task_type

    async def create(self, task_template, output_prefix, inputs=None, **kwargs):
        arrived.append(inputs)
        return Job(id="1")

    async def get(self, resource_meta, **kwargs):
        return Resource(phase=TaskExecution.SUCCEEDED)

    async def delete(self, resource_meta, **kwargs):
        pass


for task_type in ("bigquery_query_job_task", "snowflake", "slurm_script"):
    ConnectorRegistry.register(Vendor(task_type), override=True)
flyte.init()
functions = flyte.TaskEnvironment("functions")


@functions.task
async def function(paid: bool, limit: int) -> None:
    arrived.append({"paid": paid, "limit": limit})


account = snowflake.SnowflakeConfig(account="a", database="d", schema="s", warehouse="w", user="u")
FLAG = {"paid": bool, "limit": int}
CASES = {
    "a function, paid: bool": (function, "ValueError"),
    "BigQuery, paid: bool": (BigQueryTask("b1", "SELECT 1", BigQueryConfig(ProjectID="p"), FLAG), False),
    "BigQuery, paid: list[int]": (
        BigQueryTask("b2", "SELECT 1", BigQueryConfig(ProjectID="p"), {"paid": list[int], "limit": int}), []),
    "BigQuery, paid: str": (
        BigQueryTask("b3", "SELECT 1", BigQueryConfig(ProjectID="p"), {"paid": str, "limit": int}),
        "TypeTransformerFailedError"),
    "Snowflake, paid: bool": (snowflake.Snowflake("s1", "SELECT 1", account, FLAG), False),
    "Slurm script, paid: bool": (SlurmScriptTask("l1", "echo 1", Slurm(host="h", username="u"), inputs=FLAG), False),
}
for case, (task, expected) in CASES.items():
    if task is not function:
        flyte.TaskEnvironment.from_task(f"env-{task.name}", task)
    for given in ({"limit": 5}, {"limit": 5, "piad": True}):
        arrived.clear()
        try:
            flyte.with_runcontext(mode="local").run(task, **given)
            told = arrived[0]["paid"]
            print(f"{case}, called with {given}: runs with paid={told!r}")
        except Exception as error:
            told = type(error).__name__
            print(f"{case}, called with {given}: {told}: {' '.join(str(error).split())[:60]}")
        if told != expected:
            raise SystemExit("CHANGED: inputs that are not given are treated otherwise now")
PY
HOME="$work" venv/bin/python forgets.py
