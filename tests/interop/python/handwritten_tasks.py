"""Task classes as a Python author writes them by hand for connectors that nobody wrote a class for.

`generated_tasks.py` compares what they serialise to with what the generated classes do.
"""

import datetime
import inspect
from typing import Any, Dict, List, Optional

from flyte.connectors import AsyncConnectorExecutorMixin
from flyte.extend import TaskTemplate
from flyte.io import DataFrame, Dir, File
from flyte.models import NativeInterface, SerializationContext
from typed_classes import Mode, Point

REQUIRED = inspect.Parameter.empty
VALUES: Dict[str, Any] = {
    "i": int,
    "f": float,
    "s": str,
    "b": bool,
    "at": datetime.datetime,
    "took": datetime.timedelta,
    "xs": List[int],
    "m": Dict[str, float],
    "opt": Optional[int],
    "mode": Mode,
    "point": Point,
    "points": List[Point],
    "file": File,
    "dir": Dir,
    "df": DataFrame,
}


class BatchJobTask(AsyncConnectorExecutorMixin, TaskTemplate):
    def __init__(self, name: str, duration_seconds: float, **kwargs: Any):
        interface = NativeInterface({}, {"result": str})
        super().__init__(name=name, interface=interface, task_type="batch_job", image=None, **kwargs)
        self.duration_seconds = duration_seconds

    def custom_config(self, sctx: SerializationContext) -> Dict[str, Any]:
        return {"duration_seconds": self.duration_seconds}


class TypedEchoTask(AsyncConnectorExecutorMixin, TaskTemplate):
    def __init__(self, name: str, **kwargs: Any):
        inputs = {key: (kind, None if key == "opt" else REQUIRED) for key, kind in VALUES.items()}
        interface = NativeInterface(inputs, VALUES)
        super().__init__(
            name=name, interface=interface, task_type="typed_echo", task_type_version=1, image=None, **kwargs
        )

    def custom_config(self, sctx: SerializationContext) -> Dict[str, Any]:
        return {"connector": "typed_echo"}


class SimulatorTask(AsyncConnectorExecutorMixin, TaskTemplate):
    def __init__(self, name: str, tag: str, phases: List[str], key: str, **kwargs: Any):
        interface = NativeInterface({}, {"rows": int})
        super().__init__(name=name, interface=interface, task_type="simulator", image=None, **kwargs)
        self.tag, self.phases, self.key = tag, phases, key

    def custom_config(self, sctx: SerializationContext) -> Dict[str, Any]:
        return {
            "tag": self.tag,
            "create": "OK",
            "create_delay_ms": 0,
            "phases": self.phases,
            "get": [],
            "get_delay_ms": 0,
            "block_ms": 0,
            "get_min_interval_ms": 0,
            "delete": "OK",
            "outputs": {"rows": 3},
            "leak_secret": False,
            "secrets": {"api_key": self.key},
        }
