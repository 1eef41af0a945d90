"""A small client of gRPC server reflection, for both versions of that service.

`drive.py` uses it. The messages of `v1` and `v1alpha` have the same numbers and types, so the one set of
classes that grpcio-reflection ships serves for both; only the path of the method differs.
"""

from typing import Any, Dict, List

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_reflection.v1alpha import reflection_pb2 as pb

VERSIONS = ("v1", "v1alpha")


class Reflection:
    """What a server tells about itself through one version of the reflection service."""

    def __init__(self, channel: grpc.Channel, version: str):
        self.ask_stream = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=pb.ServerReflectionRequest.SerializeToString,
            response_deserializer=pb.ServerReflectionResponse.FromString,
        )
        self.pool = descriptor_pool.DescriptorPool()
        self.known: Dict[str, descriptor_pb2.FileDescriptorProto] = {}
        self.added: List[str] = []

    def ask(self, **question: str) -> pb.ServerReflectionResponse:
        return next(self.ask_stream(iter([pb.ServerReflectionRequest(**question)]), timeout=10))

    def services(self) -> List[str]:
        answer = self.ask(list_services="")
        return sorted(service.name for service in answer.list_services_response.service)

    def refusal(self, symbol: str) -> str:
        """The name of the code that a question about `symbol` is refused with; OK if it was answered."""
        try:
            number = self.ask(file_containing_symbol=symbol).error_response.error_code
        except grpc.RpcError as error:
            # Some servers refuse inside the stream, as the protocol has it, and some end the stream.
            return error.code().name
        return next(code.name for code in grpc.StatusCode if code.value[0] == number)

    def on_one_stream(self, questions: List[Dict[str, str]]) -> List[str]:
        """What each of the questions, asked on one stream, is answered with: a file's name, or a code's."""
        asked = iter([pb.ServerReflectionRequest(**question) for question in questions])
        told = []
        for answer in self.ask_stream(asked, timeout=10):
            if answer.HasField("error_response"):
                number = answer.error_response.error_code
                told.append(next(code.name for code in grpc.StatusCode if code.value[0] == number))
            else:
                [data] = answer.file_descriptor_response.file_descriptor_proto
                told.append(descriptor_pb2.FileDescriptorProto.FromString(data).name)
        return told

    def load(self, symbol: str) -> None:
        """Fetches the file that declares `symbol` and everything which that file imports."""
        names = self.keep(self.ask(file_containing_symbol=symbol))
        for name in names:
            self.add(name)

    def keep(self, answer: pb.ServerReflectionResponse) -> List[str]:
        if answer.HasField("error_response"):
            raise RuntimeError(f"reflection refused: {answer.error_response}")
        names = []
        for data in answer.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(data)
            self.known[file.name] = file
            names.append(file.name)
        return names

    def add(self, name: str) -> None:
        if name in self.added:
            return
        if name not in self.known:
            self.keep(self.ask(file_by_filename=name))
        for dependency in self.known[name].dependency:
            self.add(dependency)
        self.pool.AddSerializedFile(self.known[name].SerializeToString())
        self.added.append(name)

    def methods(self, service: str) -> List[Dict[str, Any]]:
        return methods_of(self.pool.FindServiceByName(service))

    def message_class(self, name: str) -> Any:
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))


def methods_of(service: Any) -> List[Dict[str, Any]]:
    """The methods of a service descriptor, wherever it comes from, as plain JSON."""
    return [
        {
            "name": method.name,
            "input": method.input_type.full_name,
            "output": method.output_type.full_name,
            "client_streaming": method.client_streaming,
            "server_streaming": method.server_streaming,
        }
        for method in service.methods
    ]
