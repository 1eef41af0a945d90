"""Runs generated task classes locally, as a user would, against running services, and prints what came of it.

Usage: python generated_tasks.py ADDRESS RENDER_ADDRESS, with the generated modules on the module path.
One JSON document goes to stdout: {"steps": [...]}. Nothing is asserted here; the Rust test judges the steps.
"""

import datetime
import json
import logging
import os
import pathlib
import signal
import subprocess
import sys
import time
from typing import Any, Callable, Dict, List

import batch_job_task
import echo_task
import flyte
import grpc
import handwritten_tasks
import render_task
import simulator_task
import typed_classes
import typed_echo_task
from flyte._internal.runtime.task_serde import get_proto_task
from flyte.models import SerializationContext
from flyteidl2.connector import connector_pb2
from flyteidl2.connector.service_pb2_grpc import AsyncConnectorServiceStub
from generated_values import AT, values
from google.protobuf.json_format import MessageToDict
from simulator_task import CreateOutcome, SimulatorConfig, SimulatorConnection, SimulatorTask
from typed_echo_task import TypedEchoOutputs, TypedEchoTask

ADDRESS = "FLYTE_CONNECTOR_ADDRESS"
LIMIT_SECONDS = 60

env = flyte.TaskEnvironment("generated")
batch_job = batch_job_task.BatchJobTask(name="batch", settings={"duration_seconds": 0.2}, outputs={"result": str})
typed_echo = TypedEchoTask(name="typed")


@env.task
async def pipeline(i: int) -> str:
    """A workflow that awaits generated tasks."""
    result = await batch_job()
    echoed = TypedEchoOutputs(*await typed_echo(**{**values(), "i": i}))
    return f"{result[:12]} {echoed.i} {echoed.point.mode.name}"


def run(task: Any, **inputs: Any) -> Dict[str, Any]:
    """The outputs of a local run, or its error, as text and types."""
    try:
        outputs = tuple(flyte.with_runcontext(mode="local").run(task, **inputs).outputs())
    except Exception as error:
        return {"error": getattr(error, "code", type(error).__name__), "text": str(error)}
    return {"outputs": [repr(value) for value in outputs], "types": [type(value).__name__ for value in outputs]}


def typed() -> Dict[str, Any]:
    given = {**values(), "opt": 7}
    run = flyte.with_runcontext(mode="local").run(typed_echo, **given)
    named = TypedEchoOutputs(*run.outputs())._asdict()

    def seen(value: Any) -> Any:
        # References are equal if they point to the same place.
        return getattr(value, "path", None) or getattr(value, "uri", None) or value

    return {
        "names": list(named),
        "different": [name for name in named if seen(named[name]) != seen(given[name])],
        "types": {name: type(value).__module__ + "." + type(value).__name__ for name, value in named.items()},
        "without opt": repr(typed_echo.by_name(flyte.with_runcontext(mode="local").run(typed_echo, **values()).outputs())["opt"]),
    }


def simulated(tag: str, retries: int = 0, **settings: Any) -> SimulatorTask:
    outputs = {"rows": int, "share": float, "name": str, "done": bool}
    return SimulatorTask(
        name="simulated",
        settings=SimulatorConfig(
            tag=tag, outputs={"name": "x", "rows": 3, "share": 0.5, "done": True}, **settings
        ),
        outputs=outputs,
        retries=retries,
    )


class Counters:
    """What the simulator counted under a tag, read from a job that is finished at once."""

    def __init__(self, address: str):
        channel = grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)])
        self.service = AsyncConnectorServiceStub(channel)

    def of(self, tag: str) -> Dict[str, Any]:
        request = connector_pb2.CreateTaskRequest()
        request.template.type = "simulator"
        request.template.custom.update({"tag": tag, "phases": ["SUCCEEDED"]})
        job = self.service.CreateTask(request, timeout=10).resource_meta
        category = connector_pb2.TaskCategory(name="simulator")
        get = connector_pb2.GetTaskRequest(resource_meta=job, task_category=category)
        return MessageToDict(self.service.GetTask(get, timeout=10).resource.custom_info)


def interrupted(counters: Counters) -> Dict[str, Any]:
    """Ctrl-C in a program that waits for a job."""
    script = pathlib.Path(__file__).with_name("generated_interrupted.py")
    process = subprocess.Popen([sys.executable, str(script), "interrupted"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    limit = time.monotonic() + LIMIT_SECONDS
    while counters.of("interrupted")["live_jobs"] == 0 and time.monotonic() < limit:
        try:
            process.wait(timeout=0.2)
            break
        except subprocess.TimeoutExpired:
            pass
    before = counters.of("interrupted")["live_jobs"]
    process.send_signal(signal.SIGINT)
    status = process.wait(timeout=LIMIT_SECONDS)
    after = counters.of("interrupted")
    return {"before": before, "after": after["live_jobs"], "deletes": after["deletes"], "status": status}


def template(task: Any) -> Any:
    flyte.TaskEnvironment.from_task("templates", task)
    context = SerializationContext(version="2", project="interop", domain="development", org="local")
    return get_proto_task(task, context)


def templates() -> List[Dict[str, Any]]:
    phases = ["RUNNING", "SUCCEEDED"]
    pairs = [
        (
            "batch_job",
            batch_job_task.BatchJobTask(name="t", settings={"duration_seconds": 1.5}, outputs={"result": str}),
            handwritten_tasks.BatchJobTask("t", 1.5),
        ),
        ("typed_echo", TypedEchoTask(name="t", retries=2), handwritten_tasks.TypedEchoTask("t", retries=2)),
        (
            "simulator",
            SimulatorTask(
                name="t",
                settings=SimulatorConfig(tag="x", phases=phases, outputs={"rows": 3}),
                connection=SimulatorConnection(secrets={"api_key": "vendor-key"}),
                outputs={"rows": int},
            ),
            handwritten_tasks.SimulatorTask("t", "x", phases, "vendor-key"),
        ),
    ]
    return [
        {"type": name, "generated": MessageToDict(template(one)), "handwritten": MessageToDict(template(other))}
        for name, one, other in pairs
    ]


def render() -> Dict[str, Any]:
    os.environ["FARM_KEY"] = "hunter2"
    task = render_task.RenderTask(
        name="render",
        settings=render_task.RenderConfig(
            scale=0.5,
            limit=datetime.timedelta(seconds=61),
            quality=render_task.Quality.FINE,
            from_=4,
            lamp=render_task.Lamp(power=60.0, label="l"),
        ),
        connection=render_task.RenderConnection(api_key="farm-key", endpoint="e", verify=False, api_key_="main"),
    )
    shot = render_task.Shot(took=datetime.timedelta(minutes=2), quality=render_task.Quality.DRAFT)
    thing = render_task.Thing
    found = run(task, root=thing("a", [thing("b"), thing("c")]), shot=shot, frames=[1, 2])
    custom = task.custom_config(SerializationContext(version="2"))
    del os.environ["FARM_KEY"]
    return {"found": found, "custom": custom, "without the secret": run(task, root=thing("a"), shot=shot, frames=[])}


def leaking() -> Dict[str, Any]:
    os.environ["VENDOR_KEY"] = "correct horse battery"
    task = simulated("leak", phases=["FAILED"], leak_secret=True)
    task.connection = SimulatorConnection(secrets={"api_key": "VENDOR_KEY"})
    return run(task)


def echo() -> Dict[str, Any]:
    declared = {"a": int, "b": Dict[str, List[str]], "c": typed_classes.Point}
    task = echo_task.EchoTask(name="echo", inputs={**declared, "d": (str, "dee")}, outputs={**declared, "d": str})
    point = typed_classes.Point(1.0, 2.0, None, [], AT, datetime.timedelta(1), typed_classes.Mode.SLOW)
    return {**run(task, a=1, b={"x": ["y"]}, c=point), "custom": task.custom_config(SerializationContext(version="2"))}


def main(address: str, render_address: str) -> None:
    # Flyte logs what fails, at length; the errors are in the steps.
    logging.getLogger("flyte").setLevel(logging.CRITICAL)
    counters = Counters(address)
    steps: List[Dict[str, Any]] = []

    def note(case: str, make: Callable[[], Any], at: str = address) -> None:
        os.environ[ADDRESS] = at
        steps.append({"case": case, "seen": make()})

    note("typed", typed)
    note("batch", lambda: run(batch_job))
    note("awaited", lambda: run(pipeline, i=5))
    note("simulated", lambda: run(simulated("simulated")))
    note("echo", echo)
    note("failed", lambda: run(simulated("failed", retries=2, phases=["RUNNING", "FAILED"])))
    note("failed jobs", lambda: counters.of("failed"))
    note("retryable", lambda: run(simulated("retryable", retries=1, phases=["RETRYABLE_FAILED"])))
    note("retryable jobs", lambda: counters.of("retryable"))
    note("permanent create", lambda: run(simulated("permanent", retries=2, create=CreateOutcome.PERMANENT)))
    note("missing output", lambda: run(batch_job_task.BatchJobTask(
        name="b", settings={"duration_seconds": 0}, outputs={"result": str, "other": int}
    )))
    note("leaking", leaking)
    note("interrupted", lambda: interrupted(counters))
    note("render", render, at=render_address)
    note("not served", lambda: run(batch_job), at=render_address)
    note("no address", lambda: run(batch_job), at="")
    note("unreachable", lambda: run(batch_job), at="127.0.0.1:1")
    note("templates", templates)
    json.dump({"steps": steps}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
