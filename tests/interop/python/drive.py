"""Drives a running connector server as Flyte's executor does, with the official SDK, and prints what it saw.

Usage: python drive.py sequence ADDRESS | python drive.py differential ADDRESS METRICS_URL
One JSON document goes to stdout: {"steps": [...]}. Nothing is asserted here; the Rust tests judge the steps.
"""

import json
import sys
import time
import traceback
from typing import List

import differential_cases
import echo_values
import task_requests
from flyteidl2.connector import connector_pb2, service_pb2
from flyteidl2.core.execution_pb2 import TaskExecution
from flyteidl2.core.literals_pb2 import Literal, LiteralOffloadedMetadata
from flyteidl2.core.types_pb2 import LiteralType, SimpleType
from flyteidl2.task.common_pb2 import NamedLiteral
from google.protobuf.duration_pb2 import Duration
from grpc_health.v1 import health_pb2
from reflection import VERSIONS, Reflection, methods_of
from transcript import Transcript, base64_of

BATCH_JOB = connector_pb2.TaskCategory(name="batch_job", version=0)
ECHO = connector_pb2.TaskCategory(name="echo", version=0)
JOB_SECONDS = 2.0
POLL_SECONDS = 0.1
POLL_LIMIT_SECONDS = 30
# Tools ask for the file of options, too, and go on after a name that is not there.
REFLECTED = [
    {"file_containing_symbol": "no.such.Symbol"},
    {"file_by_filename": "google/protobuf/descriptor.proto"},
    {"file_containing_symbol": "google.protobuf.FieldOptions"},
    # Protobuf's rule: the values of an enum stand beside it.
    {"file_containing_symbol": "flyteidl2.core.TaskExecution.RETRYABLE_FAILED"},
    {"file_by_filename": "no/such.proto"},
    {"file_containing_symbol": "flyteidl2.connector.CreateTaskRequest.inputs"},
]


def sequence(transcript: Transcript) -> None:
    """The life of one job, then every question that does not need a job."""
    batch_job(transcript)
    hopeless(transcript)
    echo(transcript)
    metadata(transcript)
    for version in VERSIONS:
        reflection(transcript, version)


def batch_job(transcript: Transcript) -> None:
    request = task_requests.create_request(task_requests.batch_job({"duration_seconds": JOB_SECONDS}))
    created = transcript.call("create", "CreateTask", request)
    meta = created[0].resource_meta if created else b""

    poll(transcript, meta, request.output_prefix)
    logs(transcript, meta)
    transcript.call(
        "metrics",
        "GetTaskMetrics",
        connector_pb2.GetTaskMetricsRequest(
            resource_meta=meta,
            task_category=BATCH_JOB,
            queries=["cpu_usage", "memory_bytes"],
            step=Duration(seconds=1),
        ),
    )
    delete = connector_pb2.DeleteTaskRequest(resource_meta=meta, task_category=BATCH_JOB)
    transcript.call("delete", "DeleteTask", delete)
    transcript.call("delete again", "DeleteTask", delete)


def hopeless(transcript: Transcript) -> None:
    """A task that no attempt could ever run, followed as any other job is."""
    task = task_requests.batch_job({"duration_seconds": -1})
    created = transcript.call("hopeless create", "CreateTask", task_requests.create_request(task, run="hopeless"))
    meta = created[0].resource_meta if created else b""
    get = connector_pb2.GetTaskRequest(resource_meta=meta, task_category=BATCH_JOB)
    transcript.call("hopeless get", "GetTask", get)
    delete = connector_pb2.DeleteTaskRequest(resource_meta=meta, task_category=BATCH_JOB)
    transcript.call("hopeless delete", "DeleteTask", delete)


def poll(transcript: Transcript, meta: bytes, output_prefix: str) -> None:
    """Asks until the job is no longer running, as a client with more patience than need would."""
    request = connector_pb2.GetTaskRequest(
        resource_meta=meta, task_category=BATCH_JOB, output_prefix=output_prefix
    )
    give_up = time.monotonic() + POLL_LIMIT_SECONDS
    while True:
        answer = transcript.call("get", "GetTask", request)
        if not answer or answer[0].resource.phase != TaskExecution.RUNNING or time.monotonic() > give_up:
            return
        time.sleep(POLL_SECONDS)


def logs(transcript: Transcript, meta: bytes) -> None:
    """Follows the tokens from page to page until a page names no further one."""
    token, seen = "", set()
    while token not in seen:
        seen.add(token)
        messages = transcript.call(
            "logs",
            "GetTaskLogs",
            connector_pb2.GetTaskLogsRequest(resource_meta=meta, task_category=BATCH_JOB, token=token),
        )
        token = next((message.header.token for message in messages if message.header.token), "")


def echo(transcript: Transcript) -> None:
    """Every kind of literal there and back, told as the bytes that went out and the bytes that came in."""
    request = task_requests.create_request(
        task_requests.echo(echo_values.types()), echo_values.values(), run="echo"
    )
    # The one kind that the SDK makes only while it talks to a cluster.
    stored = LiteralOffloadedMetadata(
        uri="s3://interop-bucket/offloaded/big.pb",
        size_bytes=1 << 33,
        inferred_type=LiteralType(simple=SimpleType.STRING),
    )
    offloaded = Literal(offloaded_metadata=stored, hash="deadbeef", metadata={"origin": "interop"})
    request.inputs.literals.append(NamedLiteral(name="offloaded", value=offloaded))

    created = transcript.call("echo create", "CreateTask", request)
    meta = created[0].resource_meta if created else b""
    answer = transcript.call(
        "echo get", "GetTask", connector_pb2.GetTaskRequest(resource_meta=meta, task_category=ECHO)
    )
    received = answer[0].resource.outputs.literals if answer else []
    transcript.note("echo literals", sent=literals(request.inputs.literals), received=literals(received))
    transcript.call(
        "echo delete", "DeleteTask", connector_pb2.DeleteTaskRequest(resource_meta=meta, task_category=ECHO)
    )


def literals(named: List[NamedLiteral]) -> dict:
    return {entry.name: base64_of(entry.value.SerializeToString(deterministic=True)) for entry in named}


def metadata(transcript: Transcript) -> None:
    listed = transcript.call("list", "ListConnectors", connector_pb2.ListConnectorsRequest())
    for connector in listed[0].connectors if listed else []:
        transcript.call(
            f"connector {connector.name}", "GetConnector", connector_pb2.GetConnectorRequest(name=connector.name)
        )
    for service in ["", *official_services(), "no.such.Service"]:
        transcript.call(f"health {service}", "Check", health_pb2.HealthCheckRequest(service=service))


def official_services() -> List[str]:
    return sorted(service.full_name for service in service_pb2.DESCRIPTOR.services_by_name.values())


def reflection(transcript: Transcript, version: str) -> None:
    """Reads the services from the server alone, and makes one call with nothing but what it read."""
    client = Reflection(transcript.channel, version)
    for service in official_services():
        client.load(service)
    request = client.message_class("flyteidl2.connector.ListConnectorsRequest")
    response = client.message_class("flyteidl2.connector.ListConnectorsResponse")
    listed = transcript.channel.unary_unary(
        "/flyteidl2.connector.ConnectorMetadataService/ListConnectors",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )(request(), timeout=10)
    transcript.note(
        f"reflection {version}",
        services=client.services(),
        methods={service: client.methods(service) for service in official_services()},
        official_methods={
            service.full_name: methods_of(service) for service in service_pb2.DESCRIPTOR.services_by_name.values()
        },
        listed=sorted(connector.name for connector in listed.connectors),
        unknown_symbol=client.refusal("no.such.Symbol"),
        on_one_stream=client.on_one_stream(REFLECTED),
    )


def main(arguments: List[str]) -> int:
    plans = {"sequence": sequence, "differential": differential_cases.run}
    if len(arguments) < 2 or arguments[0] not in plans:
        print(__doc__, file=sys.stderr)
        return 2
    plan, address, *others = arguments
    transcript = Transcript(address)
    try:
        transcript.wait_until_serving()
        plans[plan](transcript, *others)
    except Exception:
        traceback.print_exc()
        # What was seen right before is often the explanation.
        for step in transcript.steps[-3:]:
            print(json.dumps(step), file=sys.stderr)
        return 1
    json.dump({"steps": transcript.steps}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
