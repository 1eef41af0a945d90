#!/usr/bin/env bash
# A task called with a misspelt argument runs with the default of the right one, and nobody says so.
#
# Guess:   scale(limt=5) is a TypeError, as it is for any function of Python.
# Happens: flyte 2.12.1 counts arguments, and looks for those that have no default; names that the task does not have
#          are dropped when the inputs are written, as long as there are not more arguments than inputs. So it is for
#          flyte.run() and for a call within a task, of a function's task and of a connector's.
# Matters: limit, region or dry_run of a job keep their defaults, and a sweep over a misspelt name computes one thing
#          many times. A service cannot see it: the name never leaves Python. Give a task inputs without defaults where
#          a wrong value costs.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte[connector]==2.12.1' 'flyteidl2==2.0.51' 'grpcio==1.85.3'

cat > misspells.py <<'PY'
import logging
from dataclasses import dataclass

import flyte
from flyte.connectors import AsyncConnector, AsyncConnectorExecutorMixin, ConnectorRegistry, Resource, ResourceMeta
from flyte.extend import TaskTemplate
from flyte.models import NativeInterface
from flyteidl2.core.execution_pb2 import TaskExecution

logging.disable(logging.CRITICAL)
ran = []


@dataclass
class Job(ResourceMeta):
    id: str


class Scaling(AsyncConnector):
    name, task_type_name, metadata_type = "Scaling", "scaling", Job

    async def create(self, task_template, output_prefix, inputs=None, **kwargs):
        ran.append(inputs["limit"])
        return Job(id="1")

    async def get(self, resource_meta, **kwargs):
        return Resource(phase=TaskExecution.SUCCEEDED)

    async def delete(self, resource_meta, **kwargs):
        pass


class ScalingTask(AsyncConnectorExecutorMixin, TaskTemplate):
    def __init__(self, name):
        super().__init__(name=name, interface=NativeInterface({"limit": (int, 1)}, {}), task_type="scaling", image=None)

    def custom_config(self, sctx):
        return {"any": "thing"}


ConnectorRegistry.register(Scaling())
flyte.init()
connectors_task = ScalingTask("scaling")
functions = flyte.TaskEnvironment("functions", depends_on=[flyte.TaskEnvironment.from_task("env", connectors_task)])


@functions.task
async def scale(limit: int = 1) -> None:
    ran.append(limit)


@functions.task
async def calls_a_function() -> None:
    await scale(limt=5)


@functions.task
async def calls_a_connector() -> None:
    await connectors_task(limt=5)


CASES = {
    "flyte.run of a function": (scale, {"limt": 5}),
    "flyte.run of a connector's task": (connectors_task, {"limt": 5}),
    "a function called within a task": (calls_a_function, {}),
    "a connector's task called within a task": (calls_a_connector, {}),
}
for case, (task, given) in CASES.items():
    ran.clear()
    try:
        flyte.with_runcontext(mode="local").run(task, **given)
        told = f"ran with limit={ran[0]}"
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
    print(f"{case}, with limt=5: {told}")
    if told != "ran with limit=1":
        raise SystemExit("CHANGED: arguments that the task does not have are told of")
try:
    scale.func(limt=5)
except TypeError as error:
    print(f"the function itself: TypeError: {error}")
PY
HOME="$work" venv/bin/python misspells.py
