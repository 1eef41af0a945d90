"""Runs the generated class of `examples/odd_names.rs` with the official SDK and prints what came of it.

Usage: python odd_names.py ADDRESS, with `odd_task` and the shipped modules on the module path.
One JSON document goes to stdout: {"steps": [...]}. Nothing is asserted here; the Rust test judges the steps.
"""

import asyncio
import datetime
import json
import logging
import os
import sys
from typing import Any, Callable, Dict, List

import batch_job_task
import flyte
import typed_echo_task
from flyte._internal.runtime import convert
from flyte._internal.runtime.task_serde import get_proto_task
from flyte.models import SerializationContext
from flyte.remote._action import ActionOutputs
from flyte.types import TypeEngine, guess_interface
from flyteidl2.task import common_pb2
from odd_task import (
    Choices,
    Circle,
    Exception2,
    Level,
    None_,
    OddConfig,
    OddConnection,
    OddOutputs,
    OddTask,
    Options,
    Point,
    Point2,
    Row,
    Square,
)

UTC = datetime.timezone.utc
LAST = datetime.datetime.max.replace(tzinfo=UTC)
CONTEXT = SerializationContext(version="2", project="interop", domain="development", org="local")

env = flyte.TaskEnvironment("odd")
odd = OddTask(name="odd")


def inputs() -> Dict[str, Any]:
    """Every input, in the order of their declaration."""
    outer = Point2(value=1.0, class_=None_["a-b"], inner=Point(from_=2**60, field_none=None))
    when = datetime.datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    return {
        "self": 2**62,
        "settings": "text",
        "interface": 4,
        "custom_context": None,
        "from": Point(from_=7, field_none=8),
        "point": outer,
        "mode": None_["None"],
        "level": Level.HIGH,
        "json": {"a": 1.0, "b": [1, None, {"c": "x"}], "big": 2**63},
        "maybe": None,
        "many": [{}, {"x": -0.0}],
        "row": Row(number=1, level=Level.LOW),
        "options": Options(**{"a-b": "x", "row": Row(number=2, level=Level.HIGH), "label": "l"}),
        "exception": Exception2(json_="j", took=datetime.timedelta(days=800, seconds=1.5), level=Level.LOW, when=when),
        "choices": Choices(when=when, said=when, shape=Square(2.5), row=Row(number=3, level=Level.HIGH)),
        "shape": Circle(1.5),
        "at": LAST,
        "day": datetime.date.max,
        "took": datetime.timedelta.max,
    }


@env.task
async def pipeline(number: int) -> str:
    """A workflow that awaits the task, and names every input, also the one called `self`."""
    outputs = OddOutputs(*await odd(**{**inputs(), "self": number}))
    return f"{outputs.self} {outputs.mode.name} {outputs.at.isoformat()}"


def run(task: Any, *args: Any) -> Any:
    return flyte.with_runcontext(mode="local").run(task, *args).outputs()


def echoed() -> Dict[str, Any]:
    """By place, as `run` has a `self` and a `task` of its own."""
    given = inputs()
    outputs = run(odd, *given.values())
    named = OddOutputs(*outputs)._asdict()
    renamed = {"from_": "from", "count_": "count"}
    read = {renamed.get(name, name): value for name, value in named.items()}
    by_name = odd.by_name(outputs)
    return {
        "names": list(named),
        "by_name": sorted(name for name in read if by_name[name] is not read[name]),
        "different": [name for name in given if name in read and read[name] != given[name]],
        "repr": {name: repr(value) for name, value in read.items()},
        "seen": json.loads(read["seen"]),
    }


def in_a_cluster() -> Dict[str, Any]:
    """What the SDK makes of the outputs of a run in a cluster, whose types it guesses from the template."""
    task = typed_echo_task.TypedEchoTask(name="typed")
    values = {name: value for name, value in typed_values().items()}
    types = task.interface.outputs
    literals = asyncio.run(TypeEngine.dict_to_literal_map(values, types)).literals
    named = [common_pb2.NamedLiteral(name=name, value=literals[name]) for name in values]
    sent = common_pb2.Outputs(literals=named)
    guessed = guess_interface(template(task).interface)
    data = asyncio.run(convert.convert_outputs_to_native(guessed, convert.Outputs(sent)))
    outputs = ActionOutputs(pb2=sent, data=data)
    read = typed_echo_task.TypedEchoOutputs(*outputs)._asdict()
    plain = [name for name in values if name not in ("mode", "point", "points", "file", "dir", "df")]
    return {
        "order": list(guessed.outputs),
        "declared": list(types),
        "different": [name for name in plain if read[name] != values[name]],
        "by_name": [name for name in plain if task.by_name(outputs)[name] != values[name]],
        # Of a task whose outputs its user declares, in an order of his own.
        "untyped": untyped_in_a_cluster(),
    }


def untyped_in_a_cluster() -> Dict[str, Any]:
    task = batch_job_task.BatchJobTask(name="b", outputs={"z": int, "a": str})
    sent = common_pb2.Outputs(literals=[
        common_pb2.NamedLiteral(name=name, value=asyncio.run(TypeEngine.to_literal(value, type(value), TypeEngine.to_literal_type(type(value)))))
        for name, value in [("z", 1), ("a", "x")]
    ])  # fmt: skip
    guessed = guess_interface(template(task).interface)
    data = asyncio.run(convert.convert_outputs_to_native(guessed, convert.Outputs(sent)))
    local = ActionOutputs(pb2=common_pb2.Outputs(), data=(1, "x"))
    return {"cluster": task.by_name(ActionOutputs(pb2=sent, data=data)), "local": task.by_name(local)}


def typed_values() -> Dict[str, Any]:
    import generated_values

    return {**generated_values.values(), "opt": 7}


def template(task: Any) -> Any:
    flyte.TaskEnvironment.from_task("templates", task)
    return get_proto_task(task, CONTEXT)


def settings() -> Dict[str, Any]:
    config = OddConfig(
        large=-(2**53) - 1,
        larger=[2**53, 2**64 - 1, 1],
        ratio=2**60,
        free={"n": 2**53 - 1, "x": 1.5, "l": [True, None]},
        import_=None_["a-b"],
        took=datetime.timedelta(days=300000, microseconds=7),
        keyed={-(2**60): 2**60, 1: 2},
        inner=Point(from_=2**55, field_none=None),
    )
    task = OddTask(name="settings", settings=config, connection=OddConnection(endpoint="e"))
    given = inputs()
    seen = json.loads(OddOutputs(*run(task, *given.values())).seen)
    return {"custom": task.custom_config(CONTEXT), "seen": seen}


def refused() -> Dict[str, str]:
    found = {}
    for case, config in {
        "nan": OddConfig(ratio=float("nan")),
        "free": OddConfig(free={"a": [{"n": 2**53}]}),
        "bytes": OddConfig(free=b"x"),
        "key": OddConfig(free={"a": {1.5: 1}}),
    }.items():
        try:
            found[case] = str(OddTask(name="refused", settings=config).custom_config(CONTEXT))
        except (TypeError, ValueError) as error:
            found[case] = str(error)
    return found


def versions() -> Dict[str, Any]:
    """The cache versions of tasks that differ in one thing each from the first."""

    def version(task: Any) -> str:
        return template(task).metadata.discovery_version

    def odd_task(**given: Any) -> Any:
        return OddTask(**{"name": "v", "cache": "auto", "settings": OddConfig(large=1), **given})

    changed = odd_task()
    changed.settings = OddConfig(large=3)
    tasks = {
        "first": odd_task(),
        "same": odd_task(name="other"),
        "settings": odd_task(settings=OddConfig(large=2)),
        "changed": changed,
        "connection": odd_task(connection=OddConnection(endpoint="e")),
        "class version": odd_task(task_type_version=4),
        "task type": odd_task(task_type="even"),
        "salt": odd_task(cache=flyte.Cache("auto", salt="s")),
        "given": odd_task(cache=flyte.Cache("override", version_override="mine")),
        "overridden": odd_task().override(cache="auto"),
        "untyped": batch_job_task.BatchJobTask(name="v", cache="auto", settings={"duration_seconds": 1}),
        "untyped settings": batch_job_task.BatchJobTask(name="v", cache="auto", settings={"duration_seconds": 2}),
    }
    return {
        "versions": {name: version(task) for name, task in tasks.items()},
        "off": template(OddTask(name="off")).metadata.discoverable,
    }


def cached() -> List[int]:
    """Which job answers: a task like an earlier one is answered by that one's."""
    jobs = []
    for large in [1, 1, 2, 1]:
        task = OddTask(name="cached", cache="auto", settings=OddConfig(large=large))
        jobs.append(json.loads(OddOutputs(*run(task, *inputs().values())).seen)["job"])
    return [job - jobs[0] for job in jobs]


def main(address: str) -> None:
    # Flyte logs what fails, at length; the errors are in the steps.
    logging.getLogger("flyte").setLevel(logging.CRITICAL)
    os.environ["FLYTE_CONNECTOR_ADDRESS"] = address
    steps: List[Dict[str, Any]] = []

    def note(case: str, make: Callable[[], Any]) -> None:
        steps.append({"case": case, "seen": make()})

    note("echoed", echoed)
    note("awaited", lambda: list(run(pipeline, 5)))
    note("in a cluster", in_a_cluster)
    note("settings", settings)
    note("refused", refused)
    note("versions", versions)
    note("cached", cached)
    json.dump({"steps": steps}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
