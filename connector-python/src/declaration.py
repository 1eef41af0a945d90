"""What a generated task declares and carries. Every generated module carries it.

The generator takes the imports from here and everything below the marked line.
"""

import dataclasses
import datetime
import enum
import inspect
from collections.abc import Mapping
from typing import Any

from flyte.models import NativeInterface

# --- below: generated modules carry this


def _plain(value: Any) -> Any:
    """A setting as JSON has it, which is what a task can carry."""
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _named(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value


def _named(settings: Any) -> dict[str, Any]:
    """The fields of a dataclass under the connector's names, without those not set."""
    fields = ((f, getattr(settings, f.name)) for f in dataclasses.fields(settings))
    return {
        field.metadata.get("name", field.name): _plain(value)
        for field, value in fields
        if value is not None
    }


def _connected(connection: Any) -> tuple[dict[str, str], dict[str, str]]:
    """The names of the secrets, and the settings of the connection as text."""
    secrets: dict[str, str] = {}
    configs: dict[str, str] = {}
    for field in dataclasses.fields(connection):
        value = getattr(connection, field.name)
        if value is None:
            continue
        name = field.metadata.get("name", field.name)
        if field.metadata.get("secret"):
            secrets[name] = value
        else:
            configs[name] = (
                str(value).lower() if isinstance(value, bool) else str(value)
            )
    return secrets, configs


def _custom(
    task_type: str,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    configs: Mapping[str, str],
) -> dict[str, Any]:
    """What the task carries. Flyte drops an empty one and then refuses the task."""
    custom = {
        key: _plain(value) for key, value in settings.items() if value is not None
    }
    if secrets:
        custom["secrets"] = {**custom.get("secrets", {}), **secrets}
    if configs:
        custom["configs"] = {**custom.get("configs", {}), **configs}
    return custom or {"connector": task_type}


def _interface(
    inputs: Mapping[str, Any], outputs: Mapping[str, Any]
) -> NativeInterface:
    """What a task takes and gives: types, and pairs of a type and a default."""
    parameters = {
        name: kind if isinstance(kind, tuple) else (kind, inspect.Parameter.empty)
        for name, kind in inputs.items()
    }
    return NativeInterface(parameters, dict(outputs))
