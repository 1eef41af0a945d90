"""Prints the CreateTask requests of a module's tasks as Flyte 1 makes them: one JSON object, names to requests in base64.

`vendor_tests::requests` calls it with the name of a module beside it, whose TASKS map a name to a task and the values of
its inputs. Templates and literals are flytekit's own. Nothing is called from here.
"""

import base64
import collections
import importlib
import json
import sys

from flyteidl.admin import agent_pb2
from flytekit.configuration import Image, ImageConfig, SerializationSettings
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
from flytekit.tools.translator import get_serializable


def request_of(task, values):
    settings = SerializationSettings(
        image_config=ImageConfig(default_image=Image("default", "ghcr.io/acme/app", "1")),
        project="films", domain="production", version="v1",
    )
    template = get_serializable(collections.OrderedDict(), settings, task).template.to_flyte_idl()
    context = FlyteContextManager.current_context()
    literals = TypeEngine.dict_to_literal_map(context, values, task.python_interface.inputs)
    request = agent_pb2.CreateTaskRequest(template=template, inputs=literals.to_flyte_idl())
    execution = request.task_execution_metadata.task_execution_id
    execution.task_id.CopyFrom(template.id)
    execution.node_execution_id.node_id = "n0"
    run = execution.node_execution_id.execution_id
    run.project, run.domain, run.name = "films", "production", "r"
    return request


def main(module):
    made = {
        name: request_of(task, values).SerializeToString()
        for name, (task, values) in importlib.import_module(module).TASKS.items()
    }
    json.dump({name: base64.b64encode(request).decode("ascii") for name, request in made.items()}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
