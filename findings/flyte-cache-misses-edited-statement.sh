#!/usr/bin/env bash
# A connector task whose statement was edited is still served from the cache.
#
# Guess:   cache="auto" takes the task's own definition into the version, so a new SQL text is a new version.
# Happens: flyte 2.12.1 hashes the body of the task's Python function. A connector task has none, so the version is
#          the SHA-256 of nothing, the same for every connector task there is. Same name and inputs: the answer to the
#          old statement comes back. Cache(salt=...) changes nothing either; version_override does.
# Matters: whoever ships a task class for a connector must set a version from what the task really does (statement,
#          settings), or say in its documentation that "auto" is not for it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte[connector]==2.12.1' 'flyteidl2==2.0.51'

cat > statements.py <<'PY'
import hashlib
from dataclasses import dataclass

import flyte
from flyte.connectors import AsyncConnector, AsyncConnectorExecutorMixin, ConnectorRegistry, Resource, ResourceMeta
from flyte.extend import TaskTemplate
from flyte.models import NativeInterface
from flyteidl2.core.execution_pb2 import TaskExecution

created = []


@dataclass
class Job(ResourceMeta):
    statement: str


class Warehouse(AsyncConnector):
    name, task_type_name, metadata_type = "Warehouse", "warehouse", Job

    async def create(self, task_template, output_prefix, inputs=None, **kwargs):
        created.append(task_template.custom["statement"])
        return Job(statement=created[-1])

    async def get(self, resource_meta, **kwargs):
        return Resource(phase=TaskExecution.SUCCEEDED, outputs={"answer": "to " + resource_meta.statement})

    async def delete(self, resource_meta, **kwargs):
        pass


class Query(AsyncConnectorExecutorMixin, TaskTemplate):
    def __init__(self, statement, **kwargs):
        interface = NativeInterface({"n": (int, None)}, {"answer": str})
        super().__init__(name="report", interface=interface, task_type="warehouse", image=None, **kwargs)
        self.statement = statement

    def custom_config(self, sctx):
        return {"statement": self.statement}


def ask(number, statement, label, cache):
    task = Query(statement, cache=cache)
    flyte.TaskEnvironment.from_task(f"env{number}", task)
    answer = flyte.with_runcontext(mode="local").run(task, n=1).outputs()[0]
    print(f"{statement!r}, {label}: {answer!r}")
    return answer


if __name__ == "__main__":
    ConnectorRegistry.register(Warehouse())
    flyte.init()
    print("flyte", flyte.__version__, "| SHA-256 of nothing:", hashlib.sha256(b"").hexdigest())
    from flyte._cache.cache import VersionParameters

    print("version that cache='auto' gives a task without function:",
          flyte.Cache("auto", salt="edited").get_version(VersionParameters(func=None)) or "(empty)")
    auto = [
        ask(1, "select 1", "auto", "auto"),
        ask(2, "select 2", "auto", "auto"),
        ask(3, "select 3", "auto with a salt", flyte.Cache("auto", salt="new")),
    ]
    override = ask(4, "select 4", "version_override", flyte.Cache("override", version_override="4"))
    print("jobs created:", created)
    if auto != ["to select 1"] * 3 or override != "to select 4" or created != ["select 1", "select 4"]:
        raise SystemExit("CHANGED: an edited statement is a new version now")
PY
# The local cache is a file below HOME: a fresh one, so that nothing older answers.
HOME=$work venv/bin/python statements.py
