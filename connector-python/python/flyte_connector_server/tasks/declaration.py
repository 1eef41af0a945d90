"""What a generated task declares and carries. Generated modules carry it, or import it.

For those that carry it the generator takes the imports from here and everything below the
marked line.
"""

import dataclasses
import datetime
import enum
import hashlib
import inspect
import json
import math
from collections.abc import Mapping
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from flyte._cache import Cache, FunctionBodyPolicy
from flyte._cache.cache import VersionParameters, cache_from_request
from flyte.extend import TaskTemplate
from flyte.models import NativeInterface, SerializationContext

# --- below: generated modules carry this

# From here on neighbouring whole numbers share one float, and a task carries floats.
_INEXACT = 2**53


def _plain(value: Any, name: str, kind: Any = object) -> Any:
    """A setting as JSON has it, which is what a task can carry.

    `kind` is its declared type; `object` says that the connector declares none.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, int):
        return value if abs(value) < _INEXACT else _large(value, name, kind)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise ValueError(f"the setting {name!r} is {value}, which no task can carry")
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return _seconds(value)
    if hasattr(value, "model_dump"):
        return _plain(value.model_dump(mode="json"), name, type(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _named(value, f"{name}.")
    if isinstance(value, Mapping):
        kinds, other = _kinds_of_fields(kind), _part_of(kind, dict, 1)
        return {
            _key(key, name): _plain(item, f"{name}.{key}", kinds.get(str(key), other))
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        of_items = [_part_of(kind, type(value), at) for at in range(len(value))]
        return [
            _plain(item, f"{name}[{at}]", of_items[at]) for at, item in enumerate(value)
        ]
    told = type(value).__name__
    raise TypeError(
        f"the setting {name!r} is of the type {told}, which no task can carry"
    )


def _large(value: int, name: str, kind: Any) -> Any:
    """A number that a float may round to another: its digits, where a connector reads them."""
    kinds = _alternatives(kind)
    if int in kinds or object in kinds:
        return str(value)
    if float in kinds:
        return float(value)
    raise ValueError(
        f"the setting {name!r} is {value}: a task carries whole numbers below 2**53 only "
        "where the connector declares no int; give the digits as text"
    )


def _seconds(value: datetime.timedelta) -> float | str:
    seconds = value.total_seconds()
    if abs(seconds) < 1e14 and datetime.timedelta(seconds=seconds) == value:
        return seconds
    # A float of so many seconds has no microseconds.
    sign, value = ("-", -value) if value.days < 0 else ("", value)
    whole = value.days * 86400 + value.seconds
    return f"{sign}PT{whole}.{value.microseconds:06}S"


def _key(key: Any, name: str) -> str:
    if isinstance(key, bool):
        return str(key).lower()
    if isinstance(key, enum.Enum):
        return key.name
    if isinstance(key, int | str):
        return str(key)
    raise TypeError(f"the setting {name!r} has the key {key!r}, which is no text")


def _alternatives(kind: Any) -> tuple[Any, ...]:
    """The types of a union, or the one that is none."""
    if get_origin(kind) in (Union, UnionType):
        return tuple(one for each in get_args(kind) for one in _alternatives(each))
    return (kind,)


def _part_of(kind: Any, container: type, at: int) -> Any:
    """The declared type of what is at a place of a list, a tuple, or a dict."""
    for one in _alternatives(kind):
        parts = get_args(one)
        if get_origin(one) is container and parts:
            return parts[min(at, len(parts) - 1)]
    return object if kind is object else Any


def _kinds_of_fields(kind: Any) -> dict[str, Any]:
    """The declared types of a model's fields, by the names they travel under."""
    for one in _alternatives(kind):
        fields = getattr(one, "model_fields", None)
        if fields is not None:
            return {
                field.serialization_alias or name: field.annotation
                for name, field in fields.items()
            }
        if isinstance(one, type) and dataclasses.is_dataclass(one):
            hints = get_type_hints(one)
            return {
                field.metadata.get("alias", field.name): hints[field.name]
                for field in dataclasses.fields(one)
            }
        if hasattr(one, "__required_keys__"):
            return get_type_hints(one)
    return {}


def _named(settings: Any, prefix: str = "") -> dict[str, Any]:
    """The fields of a dataclass under the connector's names, without those not set."""
    kinds = _kinds_of_fields(type(settings))
    values = {
        field.metadata.get("alias", field.name): getattr(settings, field.name)
        for field in dataclasses.fields(settings)
    }
    return {
        name: _plain(value, prefix + name, kinds[name])
        for name, value in values.items()
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
        name = field.metadata.get("alias", field.name)
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
        key: _plain(value, key) for key, value in settings.items() if value is not None
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


class _TaskVersion:
    """The cache version of a task whose job is done elsewhere.

    Flyte makes it of a function's text, and such a task has no function: what it does is
    in its type, its settings and its connection.
    """

    def __init__(self, task: "TaskTemplate[..., Any, Any]") -> None:
        self._task = task

    def get_version(self, salt: str, params: VersionParameters[..., Any]) -> str:
        task = self._task
        custom = task.custom_config(SerializationContext(version=""))
        told = [task.task_type, task.task_type_version, custom, salt]
        text = json.dumps(told, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def _cached(task: "TaskTemplate[..., Any, Any]") -> Cache:
    """The task's caching, by a version of its own unless it was given one."""
    cache = cache_from_request(task.cache)
    policies = cache.policies
    if not cache.is_enabled() or cache.version_override is not None or not policies:
        return cache
    given = policies if isinstance(policies, list) else [policies]
    others = [
        policy
        for policy in given
        if not isinstance(policy, FunctionBodyPolicy | _TaskVersion)
    ]
    version = cast("Any", _TaskVersion(task))
    return dataclasses.replace(cache, policies=[*others, version])
