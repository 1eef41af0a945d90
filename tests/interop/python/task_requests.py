"""CreateTask requests whose template and inputs come out of the official SDK's own serialisation.

`drive.py` and `differential_cases.py` build their requests here. Execution metadata is filled as Flyte's
executor fills it. No call is made from this file, and no literal or template is put together by hand.
"""

import asyncio
import inspect
from pathlib import Path
from typing import Any, Dict, Optional

import flyte
from flyte._internal.runtime.convert import convert_from_native_to_inputs
from flyte._internal.runtime.task_serde import get_proto_task
from flyte.connectors import AsyncConnectorExecutorMixin
from flyte.extend import TaskTemplate
from flyte.models import NativeInterface, SerializationContext
from flyteidl2.connector.connector_pb2 import CreateTaskRequest, TaskExecutionMetadata
from flyteidl2.core import identifier_pb2
from flyteidl2.core.security_pb2 import Connection, Identity

PROJECT = "interop"
DOMAIN = "development"
ORGANISATION = "local"
VERSION = "2"
# Functions of tasks are found below this folder.
TESTS = Path(__file__).resolve().parents[2]


class ConnectorTask(AsyncConnectorExecutorMixin, TaskTemplate):
    """A task as a user of a connector declares it: no image and no function, only settings."""

    def __init__(
        self,
        name: str,
        task_type: str,
        settings: Dict[str, Any],
        inputs: Optional[Dict[str, type]] = None,
        outputs: Optional[Dict[str, type]] = None,
    ):
        super().__init__(
            name=name,
            interface=NativeInterface(
                {key: (kind, inspect.Parameter.empty) for key, kind in (inputs or {}).items()}, outputs or {}
            ),
            task_type=task_type,
            image=None,
        )
        self.settings = settings

    def custom_config(self, sctx: SerializationContext) -> Dict[str, Any]:
        return self.settings


def batch_job(settings: Optional[Dict[str, Any]] = None) -> ConnectorTask:
    return ConnectorTask("nightly_report", "batch_job", settings or {}, outputs={"result": str})


def echo(inputs: Dict[str, type]) -> ConnectorTask:
    # Flyte drops an empty custom struct and then refuses the task, so there is always one key.
    return ConnectorTask("mirror", "echo", {"purpose": "interop"}, inputs=inputs, outputs=inputs)


def create_request(task: ConnectorTask, values: Optional[Dict[str, Any]] = None, run: str = "r1") -> CreateTaskRequest:
    """The request that the executor would send for the first attempt of `task` in the run `run`."""
    if task.parent_env is None:  # A function's task has an environment already.
        flyte.TaskEnvironment.from_task(f"env_{task.name}", task)
    context = SerializationContext(
        version=VERSION, project=PROJECT, domain=DOMAIN, org=ORGANISATION, root_dir=TESTS
    )
    inputs = asyncio.run(convert_from_native_to_inputs(task.native_interface, **(values or {})))
    return CreateTaskRequest(
        template=get_proto_task(task, context),
        inputs=inputs.proto_inputs,
        output_prefix=f"s3://interop-bucket/ab/{run}/a0/0",
        task_execution_metadata=execution_metadata(task.name, run),
        connection=Connection(),
    )


def execution_metadata(task_name: str, run: str) -> TaskExecutionMetadata:
    return TaskExecutionMetadata(
        task_execution_id=identifier_pb2.TaskExecutionIdentifier(
            task_id=identifier_pb2.Identifier(
                resource_type=identifier_pb2.TASK,
                project=PROJECT,
                domain=DOMAIN,
                name=task_name,
                version=VERSION,
                org=ORGANISATION,
            ),
            node_execution_id=identifier_pb2.NodeExecutionIdentifier(
                node_id="a0",
                execution_id=identifier_pb2.WorkflowExecutionIdentifier(
                    project=PROJECT, domain=DOMAIN, name=run, org=ORGANISATION
                ),
            ),
            retry_attempt=0,
        ),
        namespace=f"{PROJECT}-{DOMAIN}",
        labels={"project": PROJECT, "domain": DOMAIN, "run": run, "action": "a0", "attempt": "1"},
        k8s_service_account="default",
        environment_variables={"ACTION_NAME": "a0", "RUN_NAME": run, "_U_ORG_NAME": ORGANISATION},
        identity=Identity(k8s_service_account="default"),
    )
