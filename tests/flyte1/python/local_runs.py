"""Runs tasks with flytekit's own local executor, through a server of agents, and prints what became of each.

The shim is a connector of flytekit whose methods are the calls of propeller's stubs; everything else, such as what
is serialised, how long is waited and how outputs are read, is flytekit's.

Usage: python local_runs.py ADDRESS
"""

import json
import os
import signal
import sys
import threading
from dataclasses import dataclass

import grpc
from flyteidl.admin import agent_pb2
from flyteidl.service import agent_pb2_grpc
from flytekit.core.base_task import PythonTask
from flytekit.core.interface import Interface
from flytekit.extend.backend.base_connector import (
    AsyncConnectorBase,
    AsyncConnectorExecutorMixin,
    ConnectorRegistry,
    Resource,
    ResourceMeta,
    SyncConnectorBase,
    SyncConnectorExecutorMixin,
)

from typed_values import VALUES

PATIENCE = 30


@dataclass
class Kept(ResourceMeta):
    """Bytes, as propeller keeps them."""

    meta: bytes


class Jobs(AsyncConnectorBase):
    """Jobs of one task type on the server."""

    def __init__(self, stub, kind, version):
        super().__init__(metadata_type=Kept, task_type_name=kind, task_type_version=version)
        self.name, self.stub = f"{kind} {version}", stub
        self.category = agent_pb2.TaskCategory(name=kind, version=version)

    def create(self, task_template, output_prefix, inputs=None, **_):
        request = agent_pb2.CreateTaskRequest(
            template=task_template.to_flyte_idl(), inputs=inputs.to_flyte_idl(), output_prefix=output_prefix
        )
        return Kept(self.stub.CreateTask(request, timeout=PATIENCE).resource_meta)

    def get(self, resource_meta, **_):
        request = agent_pb2.GetTaskRequest(task_category=self.category, resource_meta=resource_meta.meta)
        return Resource.from_flyte_idl(self.stub.GetTask(request, timeout=PATIENCE).resource)

    def delete(self, resource_meta, **_):
        request = agent_pb2.DeleteTaskRequest(task_category=self.category, resource_meta=resource_meta.meta)
        self.stub.DeleteTask(request, timeout=PATIENCE)


class Calls(SyncConnectorBase):
    """Tasks of one type that the server does within a call."""

    def __init__(self, stub, kind):
        super().__init__(task_type_name=kind)
        self.name, self.stub = kind, stub

    def do(self, task_template, output_prefix, inputs=None, **_):
        header = agent_pb2.CreateRequestHeader(template=task_template.to_flyte_idl(), output_prefix=output_prefix)
        requests = [
            agent_pb2.ExecuteTaskSyncRequest(header=header),
            agent_pb2.ExecuteTaskSyncRequest(inputs=inputs.to_flyte_idl()),
        ]
        [answer] = self.stub.ExecuteTaskSync(iter(requests), timeout=PATIENCE)
        return Resource.from_flyte_idl(answer.header.resource)


class Settings:
    """A task of any type, with settings, whose outputs are named and typed."""

    def __init__(self, kind, inputs, outputs, version=0, **custom):
        self.custom = custom
        super().__init__(
            task_type=kind, name=f"local.{kind}", task_type_version=version,
            interface=Interface(inputs=inputs, outputs=outputs),
        )

    def get_custom(self, settings):
        return self.custom


class Job(Settings, AsyncConnectorExecutorMixin, PythonTask):
    pass


class Call(Settings, SyncConnectorExecutorMixin, PythonTask):
    pass


def equal(value, read):
    """Files and directories are where they were; all other values are equal."""
    where = getattr(value, "remote_source", None)
    return where == getattr(read, "remote_source", None) if where else value == read


def run(case, task, **inputs):
    step = {"case": case, "error": None, "output": None}
    try:
        outputs = task(**inputs)
        step["output"] = outputs if task.python_interface.outputs else None
    except Exception as error:
        step["error"] = str(error).strip()
    return step


def typed(task, **inputs):
    """Whether each value of a task comes back as it went in."""
    names = list(task.python_interface.outputs)
    read = task(**inputs)
    return {name: equal(inputs[name], value) for name, value in zip(names, read)}


def interrupted(stub):
    """A run that somebody interrupts cancels its job; the vendor's counters are read by a task of the same tag."""
    endless = Job("simulator", {}, {}, tag="interrupted", phases=["RUNNING"])
    threading.Timer(2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    try:
        endless()
        ended = "it went on"
    except SystemExit as error:
        ended = f"exit {error.code}"
    request = agent_pb2.CreateTaskRequest()
    request.template.type = "simulator"
    request.template.custom.update({"tag": "interrupted", "phases": ["SUCCEEDED"]})
    meta = stub.CreateTask(request, timeout=PATIENCE).resource_meta
    counters = ConnectorRegistry.get_connector("simulator").get(Kept(meta)).custom_info
    return {"case": "interrupted", "ended": ended, "deletes": counters["deletes"], "live": counters["live_jobs"]}


def main(argv):
    if len(argv) != 2:
        print(f"usage: {argv[0]} ADDRESS", file=sys.stderr)
        return 2
    channel = grpc.insecure_channel(argv[1])
    jobs, calls = agent_pb2_grpc.AsyncAgentServiceStub(channel), agent_pb2_grpc.SyncAgentServiceStub(channel)
    for kind, version in [("echo", 0), ("typed_echo", 1), ("simulator", 0)]:
        ConnectorRegistry.register(Jobs(jobs, kind, version), override=True)
    ConnectorRegistry.register(Calls(calls, "sync_echo"), override=True)

    kinds = {name: kind for name, (kind, _) in VALUES.items()}
    values = {
        name: kind.from_source(value) if isinstance(value, str) and value.startswith("s3://") else value
        for name, (kind, value) in VALUES.items()
    }
    steps = [
        {"case": "values of a job", "equal": typed(Job("echo", kinds, kinds), **values)},
        {"case": "values of a call", "equal": typed(Call("sync_echo", kinds, kinds), **values)},
        run("one output", Job("echo", {"a": int}, {"a": int}), a=7),
        run("no outputs", Job("simulator", {}, {}, phases=["QUEUED", "SUCCEEDED"])),
        run("a job that fails", Job("simulator", {}, {}, phases=["RUNNING", "FAILED"])),
        run("a job that may be tried again", Job("simulator", {}, {}, phases=["RETRYABLE_FAILED"])),
        run("a job that was never made", Job("simulator", {}, {}, create="permanent")),
        run("a poll that fails once", Job("simulator", {}, {}, get=["transient", "ok"], phases=["SUCCEEDED"])),
        run("a call that fails", Call("sync_echo", {}, {}, do="permanent")),
        run("a call that is wrong", Call("sync_echo", {}, {}, do="invalid")),
        interrupted(jobs),
    ]
    json.dump({"steps": steps}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
