"""The connector `typed_echo`, written on the official Python SDK, as the twin of `examples/src/typed_echo.rs`.

`behind.rs` has it served by `c0` and behind a server of this project. It knows its types, as a connector of an
ordinary author does, reads what it gets into them, and gives it back, written anew. Two things are more than an
ordinary author would do: metadata are literals, since JSON has no NaN; and outputs are written here, since the
official service asks every value for its class, and a list does not know what it holds.
"""

import datetime
from typing import Any, Dict, Optional, Type

from flyte.connectors import AsyncConnector, ConnectorRegistry, Resource, ResourceMeta
from flyte.types import TypeEngine
from flyte.types._type_engine import TypeTransformer
from flyteidl2.connector.connector_pb2 import TaskExecutionMetadata
from flyteidl2.core.execution_pb2 import TaskExecution
from flyteidl2.core.literals_pb2 import Literal
from flyteidl2.core.tasks_pb2 import TaskTemplate
from flyteidl2.core.types_pb2 import LiteralType, SimpleType
from flyteidl2.task.common_pb2 import NamedLiteral, Outputs
from typed_classes import TYPED_ECHO, Mode, Point, PointModel


class Written:
    """A value that is a literal already."""

    def __init__(self, literal: Literal):
        self.literal = literal


class WrittenTransformer(TypeTransformer[Written]):
    def __init__(self) -> None:
        super().__init__("written", Written)

    def get_literal_type(self, t: Optional[Type[Written]] = None) -> LiteralType:
        return LiteralType(simple=SimpleType.NONE)

    async def to_literal(self, python_val: Written, python_type: Type[Written], expected: LiteralType) -> Literal:
        return python_val.literal

    async def to_python_value(self, lv: Literal, expected_python_type: Type[Written]) -> Written:
        return Written(lv)


TypeEngine.register(WrittenTransformer())


class Values(ResourceMeta):
    """The job is nothing but its values, as literals by name."""

    def __init__(self, literals: Dict[str, Literal]):
        self.literals = literals

    def encode(self) -> bytes:
        named = [NamedLiteral(name=name, value=value) for name, value in self.literals.items()]
        return Outputs(literals=named).SerializeToString(deterministic=True)

    @classmethod
    def decode(cls, data: bytes) -> "Values":
        return cls({entry.name: entry.value for entry in Outputs.FromString(data).literals})


def mode(value: Any) -> Mode:
    """The service guesses a class of its own from the declared type; inside objects it leaves the text."""
    name = getattr(value, "name", value)
    return Mode[name] if name in Mode.__members__ else Mode(name)


def point(value: Any) -> Point:
    """Times and spans are texts and numbers in the class that the service guesses; pydantic knows all of these."""
    read = PointModel.model_validate({**vars(value), "mode": mode(value.mode)})
    return Point(**{**vars(read), "at": with_zone(read.at)})


def with_zone(moment: datetime.datetime) -> datetime.datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)


def declared(name: str, value: Any) -> Any:
    """The value in the class that this connector declares."""
    if name == "mode":
        return mode(value)
    if name == "point":
        return point(value)
    if name == "points":
        return [point(item) for item in value]
    return with_zone(value) if name == "at" else value


class TypedEchoConnector(AsyncConnector[Values]):
    name = "Typed Echo Connector"
    task_type_name = "typed_echo"
    task_type_version = 1
    metadata_type = Values

    async def create(
        self,
        task_template: TaskTemplate,
        output_prefix: str,
        inputs: Optional[Dict[str, Any]] = None,
        task_execution_metadata: Optional[TaskExecutionMetadata] = None,
        **kwargs: Any,
    ) -> Values:
        given = {"opt": None, **(inputs or {})}
        literals = {}
        for name, kind in TYPED_ECHO.items():
            if name not in given:
                raise ValueError(f"the task's inputs do not fit: `{name}` is missing")
            value = declared(name, given[name])
            literals[name] = await TypeEngine.to_literal(value, kind, TypeEngine.to_literal_type(kind))
        return Values(literals)

    async def get(self, resource_meta: Values, **kwargs: Any) -> Resource:
        outputs = {name: Written(literal) for name, literal in resource_meta.literals.items()}
        return Resource(phase=TaskExecution.SUCCEEDED, outputs=outputs)

    async def delete(self, resource_meta: Values, **kwargs: Any) -> None:
        """There is nothing to cancel."""


ConnectorRegistry.register(TypedEchoConnector())
