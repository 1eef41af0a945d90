"""Task classes as a Python author writes them by hand for connectors that nobody wrote a class for.

`generated_tasks.py` compares what they serialise to with what the generated classes do.
"""

import inspect
from typing import Any, Dict, List

from flyte.connectors import AsyncConnectorExecutorMixin
from flyte.extend import TaskTemplate
from flyte.models import NativeInterface, SerializationContext
from typed_classes import TYPED_ECHO

REQUIRED = inspect.Parameter.empty


class BatchJobTask(AsyncConnectorExecutorMixin, TaskTemplate):
    def __init__(self, name: str, duration_seconds: float, **kwargs: Any):
        interface = NativeInterface({}, {"result": str})
        super().__init__(name=name, interface=interface, task_type="batch_job", image=None, **kwargs)
        self.duration_seconds = duration_seconds

    def custom_config(self, sctx: SerializationContext) -> Dict[str, Any]:
        return {"duration_seconds": self.duration_seconds}


class TypedEchoTask(AsyncConnectorExecutorMixin, TaskTemplate):
    def __init__(self, name: str, **kwargs: Any):
        inputs = {key: (kind, None if key == "opt" else REQUIRED) for key, kind in TYPED_ECHO.items()}
        interface = NativeInterface(inputs, TYPED_ECHO)
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
