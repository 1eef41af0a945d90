"""Makes calls to a connector server over grpcio and notes each one as plain JSON.

`drive.py` and `differential_cases.py` make every call through `Transcript.call`. What an answer ought to be
is never decided here: the Rust tests judge the transcript.
"""

import base64
from typing import Any, Callable, Dict, Iterable, List, Type

import grpc
from flyteidl2.connector.connector_pb2 import CreateTaskResponse
from flyteidl2.connector.service_pb2_grpc import AsyncConnectorServiceStub, ConnectorMetadataServiceStub
from google.protobuf.json_format import MessageToDict, SerializeToJsonError
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc

# The executor's own default for its calls.
DEADLINE_SECONDS = 10
START_SECONDS = 60


class Transcript:
    """One connection to one server, and the calls made on it so far."""

    def __init__(self, address: str):
        # A proxy of the surroundings must not stand between two processes of one machine.
        self.channel = grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)])
        self.steps: List[Dict[str, Any]] = []
        task = AsyncConnectorServiceStub(self.channel)
        metadata = ConnectorMetadataServiceStub(self.channel)
        self.health = health_pb2_grpc.HealthStub(self.channel)
        self.unary = {
            "CreateTask": task.CreateTask,
            "GetTask": task.GetTask,
            "DeleteTask": task.DeleteTask,
            "GetTaskMetrics": task.GetTaskMetrics,
            "ListConnectors": metadata.ListConnectors,
            "GetConnector": metadata.GetConnector,
            "Check": self.health.Check,
        }
        self.streaming = {"GetTaskLogs": task.GetTaskLogs}

    def wait_until_serving(self) -> None:
        """Returns once the server says of itself that it serves; a server that never does is an error."""
        request = health_pb2.HealthCheckRequest(service="")
        answer = self.health.Check(request, timeout=START_SECONDS, wait_for_ready=True)
        if answer.status != health_pb2.HealthCheckResponse.SERVING:
            raise RuntimeError(f"the server reports {answer}")

    def call(self, case: str, rpc: str, request: Message, **options: Any) -> List[Message]:
        """Makes one call, notes what came back, and returns the messages (none after an error)."""
        options.setdefault("timeout", DEADLINE_SECONDS)
        if rpc in self.streaming:
            return self.record(case, rpc, lambda: self.streaming[rpc](request, **options))
        return self.record(case, rpc, lambda: [self.unary[rpc](request, **options)])

    def raw(self, case: str, path: str, request: bytes, response: Type[Message]) -> List[Message]:
        """Makes one unary call with bytes of the caller's own."""
        method = self.channel.unary_unary(path, response_deserializer=response.FromString)
        return self.record(case, path, lambda: [method(request, timeout=DEADLINE_SECONDS)])

    def record(self, case: str, rpc: str, make: Callable[[], Iterable[Message]]) -> List[Message]:
        messages: List[Message] = []
        code, details = "OK", ""
        try:
            for message in make():
                messages.append(message)
        except grpc.RpcError as error:
            code, details = error.code().name, error.details() or ""
        facts = {
            "rpc": rpc,
            "code": code,
            "details": details,
            "messages": [as_json(message) for message in messages],
            "bytes": [base64_of(message.SerializeToString(deterministic=True)) for message in messages],
        }
        for message in messages:
            if isinstance(message, CreateTaskResponse):
                facts["meta"] = message.resource_meta.decode("utf-8", errors="backslashreplace")
        self.note(case, **facts)
        return messages

    def note(self, case: str, **facts: Any) -> None:
        self.steps.append({"case": case, **facts})


def as_json(message: Message) -> Any:
    """The message with its proto field names; bytes come out in base64."""
    try:
        return MessageToDict(message, preserving_proto_field_name=True)
    except SerializeToJsonError:
        # The SDK writes durations that protobuf's JSON has no words for.
        return {"text": str(message)}


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
