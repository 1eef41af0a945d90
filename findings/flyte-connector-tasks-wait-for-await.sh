#!/usr/bin/env bash
# In a task that is not async, a call of a connector's task does nothing at all, and the task succeeds.
#
# Guess:   within `def nightly()` tasks are called as functions: `clean(...)` runs to its end, so a BigQuery task does.
# Happens: flyte 2.12.1 makes a blocking call only of a function's task that is itself `def`. Of a BigQuery task, and of
#          each task class of a connector, the call is a coroutine, which such a task cannot await and does not look at:
#          no job is made, the run ends well. Python's RuntimeWarning "was never awaited" on stderr is all there is.
# Matters: statements whose result nobody reads, which is what an INSERT, a DELETE or a script on Slurm is, are left out
#          of a pipeline that is green. Flyte 1 calls its tasks without `await`: whoever moves over makes what calls a
#          connector `async def`, and looks for "was never awaited" in the output of tests.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte[connector]==2.12.1' 'flyteidl2==2.0.51' 'grpcio==1.85.3' \
  'flyteplugins-bigquery==2.12.1' 'google-cloud-bigquery==3.47.0'

cat > nightly.py <<'PY'
import logging
import sys
from dataclasses import dataclass

import flyte
from flyte.connectors import AsyncConnector, ConnectorRegistry, Resource, ResourceMeta
from flyteidl2.core.execution_pb2 import TaskExecution
from flyteplugins.bigquery import BigQueryConfig, BigQueryTask

logging.disable(logging.CRITICAL)
jobs = []


@dataclass
class Job(ResourceMeta):
    id: str


class Vendor(AsyncConnector):
    name, task_type_name, metadata_type = "Vendor", "bigquery_query_job_task", Job

    async def create(self, task_template, output_prefix, inputs=None, **kwargs):
        jobs.append(inputs)
        return Job(id="1")

    async def get(self, resource_meta, **kwargs):
        return Resource(phase=TaskExecution.SUCCEEDED)

    async def delete(self, resource_meta, **kwargs):
        pass


ConnectorRegistry.register(Vendor(), override=True)
flyte.init()
delete = BigQueryTask("delete", "DELETE FROM t WHERE age > @days", BigQueryConfig(ProjectID="p"), inputs={"days": int})
environment = flyte.TaskEnvironment("nightly", depends_on=[flyte.TaskEnvironment.from_task("sql", delete)])
called = []


@environment.task
def clean(days: int) -> int:
    called.append(days)
    return days


@environment.task
def plain() -> None:
    delete(days=clean(days=30))


@environment.task
async def awaits() -> None:
    await delete(days=await clean.aio(days=30))


seen = {}
for task in (plain, awaits):
    jobs.clear()
    called.clear()
    flyte.with_runcontext(mode="local").run(task)
    seen[task.name] = (len(called), len(jobs))
    print(f"{task.name}: no error; calls of the function: {len(called)}, jobs of BigQuery: {len(jobs)}")
    sys.stdout.flush()
if list(seen.values()) != [(1, 0), (1, 1)]:
    raise SystemExit("CHANGED: calls of a connector's task run otherwise now")
PY
HOME="$work" venv/bin/python nightly.py
