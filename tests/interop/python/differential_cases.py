"""The requests that both servers get, in one fixed order, for the differential test.

`drive.py differential` runs them against one server at a time. Apart from the job that a server itself has
just created, both servers get the same bytes. Which answers may differ is decided in Rust, not here.
"""

import datetime
import urllib.request
from typing import Dict, List, Tuple

import grpc
import task_requests
from flyteidl2.connector import connector_pb2, service_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from grpc_health.v1 import health_pb2
from prometheus_client.parser import text_string_to_metric_families
from transcript import Transcript

FINISHED = b'{"job_id": "00c0ffee", "created_at": 1700000000.25, "duration_seconds": 1.5}'
# A hundred years: it outlives this test.
RUNNING = b'{"job_id": "0badcafe", "created_at": 1700000000.25, "duration_seconds": 3155760000.0}'

# What resource_meta may hold when the job was created by another release, or by something else altogether.
ODD_METAS: Dict[str, bytes] = {
    "empty": b"",
    "not json": b"not json",
    "not utf-8": b'{"job_id": "\xff\xfe"}',
    "pickle": b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00}\x94.",
    "array": b'["00c0ffee", 1700000000.25, 1.5]',
    "missing key": b'{"created_at": 1700000000.25, "duration_seconds": 1.5}',
    "unknown key": FINISHED[:-1] + b', "surplus": null}',
    "defaulted key": b'{"job_id": "00c0ffee", "created_at": 1700000000.25}',
    "whole numbers": b'{"job_id": "00c0ffee", "created_at": 1700000000, "duration_seconds": 1}',
    "other order": b'{"duration_seconds":1.5,"job_id":"00c0ffee","created_at":1700000000.25}',
    "number for text": b'{"job_id": 7, "created_at": 1700000000.25, "duration_seconds": 1.5}',
}

ECHO_VALUES = {
    "whole": (int, -42),
    "real": (float, 1e22),
    "text": (str, "naïve 🚀"),
    "truth": (bool, False),
    "moment": (datetime.datetime, datetime.datetime(2024, 1, 2, 3, 4, 5, 678901, datetime.timezone.utc)),
    "took": (datetime.timedelta, datetime.timedelta(seconds=-1.5)),
    "nothing": (type(None), None),
}

# Categories that no server of this test has, and one task type in a version that does not exist.
ODD_CATEGORIES: Dict[str, connector_pb2.TaskCategory] = {
    "unknown type": connector_pb2.TaskCategory(name="no_such_type", version=0),
    "unknown version": connector_pb2.TaskCategory(name="batch_job", version=7),
}
BATCH_JOB = connector_pb2.TaskCategory(name="batch_job", version=0)
ECHO = connector_pb2.TaskCategory(name="echo", version=0)

# The labels that the official server has.
LABELS = ("task_type", "operation", "error_code")

Get = connector_pb2.GetTaskRequest
Delete = connector_pb2.DeleteTaskRequest
Logs = connector_pb2.GetTaskLogsRequest
Metrics = connector_pb2.GetTaskMetricsRequest


def run(transcript: Transcript, metrics_url: str) -> None:
    creates(transcript)
    gets(transcript)
    deletes(transcript)
    echoes(transcript)
    # Before the requests that the two servers are known to answer differently: the counts are compared.
    metrics_page(transcript, metrics_url)
    odd_metas(transcript)
    logs(transcript)
    metrics(transcript)
    metadata(transcript)
    wire(transcript)


def creates(transcript: Transcript) -> None:
    def create(case: str, settings=None, change=lambda request: None, values=None):
        request = task_requests.create_request(task_requests.batch_job(settings), run=case.replace(" ", "-"))
        change(request)
        transcript.call(case, "CreateTask", request)

    def unknown_type(request):
        request.template.type = "no_such_type"

    def unknown_version(request):
        request.template.task_type_version = 7

    def empty_type(request):
        request.template.type = ""

    def no_template(request):
        request.ClearField("template")

    create("create", {"duration_seconds": 0.25})
    create("create with a whole duration", {"duration_seconds": 3})
    create("create with the default duration", {"purpose": "interop"})
    create("create without custom")
    create("create with a negative duration", {"duration_seconds": -1})
    create("create of an unknown type", change=unknown_type)
    create("create of an unknown version", change=unknown_version)
    create("create of an empty type", change=empty_type)
    create("create without a template", change=no_template)


def gets(transcript: Transcript) -> None:
    def get(case: str, request: Get) -> None:
        transcript.call(f"get {case}", "GetTask", request)

    get("running", Get(resource_meta=RUNNING, task_category=BATCH_JOB))
    get("finished", Get(resource_meta=FINISHED, task_category=BATCH_JOB, output_prefix="s3://interop-bucket/ab"))
    for name, category in ODD_CATEGORIES.items():
        get(f"of an {name}", Get(resource_meta=FINISHED, task_category=category))
    get("without a category", Get(resource_meta=FINISHED))


def deletes(transcript: Transcript) -> None:
    def delete(case: str, request: Delete) -> None:
        transcript.call(f"delete {case}", "DeleteTask", request)

    delete("running", Delete(resource_meta=RUNNING, task_category=BATCH_JOB))
    delete("finished", Delete(resource_meta=FINISHED, task_category=BATCH_JOB))
    delete("finished again", Delete(resource_meta=FINISHED, task_category=BATCH_JOB))
    for name, category in ODD_CATEGORIES.items():
        delete(f"of an {name}", Delete(resource_meta=FINISHED, task_category=category))
    delete("without a category", Delete(resource_meta=FINISHED))


def odd_metas(transcript: Transcript) -> None:
    for name, meta in ODD_METAS.items():
        transcript.call(f"get with meta: {name}", "GetTask", Get(resource_meta=meta, task_category=BATCH_JOB))
        transcript.call(f"delete with meta: {name}", "DeleteTask", Delete(resource_meta=meta, task_category=BATCH_JOB))


def logs(transcript: Transcript) -> None:
    def read(case: str, request: Logs) -> None:
        transcript.call(f"logs {case}", "GetTaskLogs", request)

    for token in ("", "page-2", "page-3", "no-such-page"):
        read(f"page {token!r}", Logs(resource_meta=FINISHED, task_category=BATCH_JOB, token=token))
    for name, category in ODD_CATEGORIES.items():
        read(f"of an {name}", Logs(resource_meta=FINISHED, task_category=category))
    read("without a category", Logs(resource_meta=FINISHED))
    read("with meta: not json", Logs(resource_meta=b"not json", task_category=BATCH_JOB))


def metrics(transcript: Transcript) -> None:
    def read(case: str, request: Metrics) -> None:
        transcript.call(f"metrics {case}", "GetTaskMetrics", request)

    read("of the whole run", Metrics(resource_meta=FINISHED, task_category=BATCH_JOB))
    span = {
        "start_time": Timestamp(seconds=1700000000),
        "end_time": Timestamp(seconds=1700000002),
        "step": Duration(nanos=300_000_000),
    }
    read("of a span", Metrics(resource_meta=FINISHED, task_category=BATCH_JOB, queries=["cpu_usage"], **span))
    read("of an unknown name", Metrics(resource_meta=FINISHED, task_category=BATCH_JOB, queries=["no_such_metric"]))
    for name, category in ODD_CATEGORIES.items():
        read(f"of an {name}", Metrics(resource_meta=FINISHED, task_category=category))
    read("with meta: not json", Metrics(resource_meta=b"not json", task_category=BATCH_JOB))


def echoes(transcript: Transcript) -> None:
    def echo(case: str, values: Dict[str, Tuple[type, object]]) -> bytes:
        task = task_requests.echo({name: kind for name, (kind, _) in values.items()})
        request = task_requests.create_request(
            task, {name: value for name, (_, value) in values.items()}, run=case.replace(" ", "-")
        )
        created = transcript.call(f"{case}: create", "CreateTask", request)
        meta = created[0].resource_meta if created else b""
        transcript.call(f"{case}: get", "GetTask", Get(resource_meta=meta, task_category=ECHO))
        transcript.call(f"{case}: delete", "DeleteTask", Delete(resource_meta=meta, task_category=ECHO))
        return meta

    for name, value in ECHO_VALUES.items():
        echo(f"echo {name}", {name: value})
    echo("echo all", ECHO_VALUES)
    name_twice(transcript)
    meta = echo("echo of no inputs", {})
    # The connector has neither of these methods.
    transcript.call("logs of echo", "GetTaskLogs", Logs(resource_meta=meta, task_category=ECHO))
    transcript.call("metrics of echo", "GetTaskMetrics", Metrics(resource_meta=meta, task_category=ECHO))


def name_twice(transcript: Transcript) -> None:
    """An input whose name comes three times. Nobody sends that on purpose; the wire allows it."""
    request = task_requests.create_request(task_requests.echo({"a": int, "b": int}), {"a": 1, "b": 2}, run="twice")
    for value in (3, 4):
        again = request.inputs.literals.add(name="a")
        again.value.scalar.primitive.integer = value
    created = transcript.call("echo a name twice: create", "CreateTask", request)
    meta = created[0].resource_meta if created else b""
    transcript.call("echo a name twice: get", "GetTask", Get(resource_meta=meta, task_category=ECHO))


def metadata(transcript: Transcript) -> None:
    transcript.call("list", "ListConnectors", connector_pb2.ListConnectorsRequest())
    for name in ("Batch Job Connector", "Echo Connector", "No Such Connector", ""):
        transcript.call(f"connector {name!r}", "GetConnector", connector_pb2.GetConnectorRequest(name=name))
    services = [service.full_name for service in service_pb2.DESCRIPTOR.services_by_name.values()]
    for service in ["", *sorted(services), "grpc.health.v1.Health", "Echo Connector", "no.such.Service"]:
        transcript.call(f"health {service!r}", "Check", health_pb2.HealthCheckRequest(service=service))


def wire(transcript: Transcript) -> None:
    """What a peer of another release, or a broken one, might send."""
    service = "/flyteidl2.connector.AsyncConnectorService"
    response = connector_pb2.GetTaskResponse
    transcript.raw("unknown method", f"{service}/NoSuchMethod", b"", response)
    transcript.raw("unknown service", "/no.such.Service/GetTask", b"", response)
    transcript.raw("undecodable request", f"{service}/GetTask", b"\x12\xff", response)
    # Field 15 does not exist; a newer client may have one.
    newer = Get(resource_meta=FINISHED, task_category=BATCH_JOB).SerializeToString() + b"\x7a\x01x"
    transcript.raw("request with an unknown field", f"{service}/GetTask", newer, response)
    compressed(transcript)


def compressed(transcript: Transcript) -> None:
    """What a channel with a compression of its own sends, or a mesh in between."""
    for encoding in (grpc.Compression.Gzip, grpc.Compression.Deflate):
        case = encoding.name.lower()

        def call(rpc: str, request) -> list:
            return transcript.call(f"{rpc} in {case}", rpc, request, compression=encoding)

        # Long enough that it is sent compressed, and is not smaller as it is.
        prefix = "s3://interop-bucket/" + "compressible/" * 1000
        call("GetTask", Get(resource_meta=FINISHED, task_category=BATCH_JOB, output_prefix=prefix))
        call("DeleteTask", Delete(resource_meta=FINISHED, task_category=BATCH_JOB))
        call("GetTaskLogs", Logs(resource_meta=FINISHED, task_category=BATCH_JOB, token="page-2"))
        call("GetConnector", connector_pb2.GetConnectorRequest(name="Echo Connector"))
        call("Check", health_pb2.HealthCheckRequest(service=""))
        too_large = Get(resource_meta=FINISHED, task_category=BATCH_JOB, output_prefix="x" * (17 << 20))
        transcript.call(f"too large in {case}", "GetTask", too_large, compression=encoding)


def metrics_page(transcript: Transcript, url: str) -> None:
    """The samples of the Prometheus page, without what every Python process adds about itself."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        content_type = answer.headers["Content-Type"].split(";")[0]
        text = answer.read().decode("utf-8")
    kinds: Dict[str, str] = {}
    labels: Dict[str, List[str]] = {}
    samples: Dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        if family.name.startswith("flyte_connector_"):
            kinds[family.name] = family.type
            for sample in family.samples:
                labels[sample.name] = sorted(sample.labels)
                # Summed over further labels, so that a server which has one more can still be compared.
                key = ",".join(f"{name}={sample.labels[name]}" for name in LABELS if name in sample.labels)
                samples[f"{sample.name}{{{key}}}"] = samples.get(f"{sample.name}{{{key}}}", 0.0) + sample.value
    transcript.note("metrics page", content_type=content_type, kinds=kinds, labels=labels, samples=samples)
