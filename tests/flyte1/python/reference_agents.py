"""Connectors of flytekit that behave like the examples of the same task types.

`pyflyte serve connector --modules reference_agents` serves them for the differential test.
"""

from dataclasses import dataclass
from typing import Optional

from flyteidl.core.execution_pb2 import TaskExecution
from flyteidl.core.literals_pb2 import LiteralMap as LiteralMapMessage
from flytekit.extend.backend.base_connector import (
    AsyncConnectorBase,
    ConnectorRegistry,
    Resource,
    ResourceMeta,
    SyncConnectorBase,
)
from flytekit.models.literals import LiteralMap
from flytekit.models.task import TaskTemplate


@dataclass
class Echoed(ResourceMeta):
    """The inputs themselves."""

    inputs: bytes

    def encode(self) -> bytes:
        return self.inputs

    @classmethod
    def decode(cls, data: bytes) -> "Echoed":
        return cls(data)


class EchoConnector(AsyncConnectorBase):
    """Succeeds at once and gives every input back."""

    name = "Echo Connector"

    def __init__(self):
        super().__init__(task_type_name="echo", metadata_type=Echoed)

    def create(self, task_template: TaskTemplate, inputs: Optional[LiteralMap] = None, **kwargs) -> Echoed:
        return Echoed(inputs.to_flyte_idl().SerializeToString(deterministic=True) if inputs else b"")

    def get(self, resource_meta: Echoed, **kwargs) -> Resource:
        literals = LiteralMap.from_flyte_idl(LiteralMapMessage.FromString(resource_meta.inputs))
        return Resource(phase=TaskExecution.SUCCEEDED, outputs=literals)

    def delete(self, resource_meta: Echoed, **kwargs):
        pass


class SyncEchoConnector(SyncConnectorBase):
    """Gives every input back within the call."""

    name = "Sync Echo Connector"

    def __init__(self):
        super().__init__(task_type_name="sync_echo")

    def do(self, task_template: TaskTemplate, output_prefix: str, inputs: Optional[LiteralMap] = None, **kwargs) -> Resource:
        custom = task_template.custom or {}
        if custom.get("do"):
            raise ValueError("the task was told to fail")
        given = inputs.literals if inputs else {}
        outputs = {"none": None, "empty": {}}.get(custom.get("outputs"), inputs)
        phase = TaskExecution.Phase.Value(custom.get("phase", "SUCCEEDED"))
        return Resource(phase=phase, message=f"{len(given)} inputs came in", outputs=outputs)


ConnectorRegistry.register(EchoConnector())
ConnectorRegistry.register(SyncEchoConnector())
