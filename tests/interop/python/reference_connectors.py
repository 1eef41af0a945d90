"""The `batch_job` and `echo` connectors, written on the official Python SDK.

`c0 --modules reference_connectors` serves them, and the differential test sends the same requests to
that server and to the binary of this project. Nothing else imports this file; test cases stay out of it.
"""

import datetime
import math
import secrets
import time
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Dict, List, Optional, Sequence, Tuple

from flyte.connectors import AsyncConnector, ConnectorRegistry, Resource, ResourceMeta
from flyteidl2.connector.connector_pb2 import (
    GetTaskLogsResponse,
    GetTaskLogsResponseBody,
    GetTaskLogsResponseHeader,
    GetTaskMetricsResponse,
    TaskExecutionMetadata,
)
from flyteidl2.core.execution_pb2 import TaskExecution, TaskLog
from flyteidl2.core.metrics_pb2 import ExecutionMetricResult
from flyteidl2.core.tasks_pb2 import TaskTemplate
from flyteidl2.logs.dataplane.payload_pb2 import USER, LogLine
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

# A job has six log lines on three pages; its life is cut into five equal steps between them.
LIFE_STEPS = 5
LOG_PAGES: Dict[str, Tuple[List[str], Optional[str]]] = {
    "": (["job {id} submitted", "job {id} started"], "page-2"),
    "page-2": (["job {id} is working", "job {id} is halfway"], "page-3"),
    "page-3": (["job {id} wrote its output", "job {id} finished"], None),
}


@dataclass
class BatchJobMeta(ResourceMeta):
    """Everything a later call needs: the job is a function of these three values and the clock."""

    job_id: str
    created_at: float
    duration_seconds: float = 5.0


class BatchJobConnector(AsyncConnector[BatchJobMeta]):
    """A job that only takes time."""

    name = "Batch Job Connector"
    task_type_name = "batch_job"
    metadata_type = BatchJobMeta

    async def create(
        self,
        task_template: TaskTemplate,
        output_prefix: str,
        inputs: Optional[Dict[str, Any]] = None,
        task_execution_metadata: Optional[TaskExecutionMetadata] = None,
        **kwargs: Any,
    ) -> BatchJobMeta:
        fields = task_template.custom.fields
        duration = fields["duration_seconds"].number_value if "duration_seconds" in fields else 5.0
        if not (math.isfinite(duration) and duration >= 0.0):
            raise ValueError(f"`custom.duration_seconds` must be 0 or more, not {plain(duration)}")
        return BatchJobMeta(secrets.token_hex(4), time.time(), duration)

    async def get(self, resource_meta: BatchJobMeta, **kwargs: Any) -> Resource:
        job = resource_meta
        finished = time.time() - job.created_at >= job.duration_seconds
        return Resource(
            phase=TaskExecution.SUCCEEDED if finished else TaskExecution.RUNNING,
            message=f"job {job.job_id} {'succeeded' if finished else 'is running'}",
            log_links=[
                TaskLog(
                    name=f"Batch job {job.job_id}",
                    uri=f"https://batch.example.com/jobs/{job.job_id}",
                    ready=True,
                )
            ],
            outputs={"result": f"output-from-{job.job_id}"} if finished else None,
            custom_info={"job_id": job.job_id, "duration_seconds": job.duration_seconds},
        )

    async def delete(self, resource_meta: BatchJobMeta, **kwargs: Any) -> None:
        """Nothing runs anywhere, so every cancel succeeds."""

    async def get_logs(self, resource_meta: BatchJobMeta, token: str = "", **kwargs: Any):
        job = resource_meta
        texts, following = LOG_PAGES[token]
        first = 2 * list(LOG_PAGES).index(token)
        yield GetTaskLogsResponse(
            body=GetTaskLogsResponseBody(
                lines=[
                    LogLine(
                        timestamp=timestamp(job.created_at + job.duration_seconds * (step / LIFE_STEPS)),
                        message=text.format(id=job.job_id),
                        originator=USER,
                    )
                    for step, text in enumerate(texts, start=first)
                ]
            )
        )
        if following is not None:
            yield GetTaskLogsResponse(header=GetTaskLogsResponseHeader(token=following))

    async def get_metrics(self, resource_meta: BatchJobMeta, **kwargs: Any) -> GetTaskMetricsResponse:
        # The SDK hands over neither the names nor the range that were asked for: it is always the whole run.
        created, finished = (
            nanoseconds(resource_meta.created_at),
            nanoseconds(resource_meta.created_at + resource_meta.duration_seconds),
        )
        times = range(created, finished + 1, (finished - created) // LIFE_STEPS)
        progress = [(time - created) / 1e9 / resource_meta.duration_seconds for time in times]
        values = {
            "cpu_usage": [0.25 + 0.5 * share for share in progress],
            "memory_bytes": [float(round(64 * 1024 * 1024 * (1.0 + share))) for share in progress],
        }
        return GetTaskMetricsResponse(
            results=[
                ExecutionMetricResult(metric=name, data=series(resource_meta.job_id, times, points))
                for name, points in values.items()
            ]
        )


def nanoseconds(seconds: float) -> int:
    """The moment in whole nanoseconds, rounded once: a float times a billion would be rounded twice."""
    return round(Fraction(seconds) * 1_000_000_000)


def timestamp(moment: float) -> Timestamp:
    seconds, nanos = divmod(nanoseconds(moment), 1_000_000_000)
    return Timestamp(seconds=seconds, nanos=nanos)


def plain(number: float) -> str:
    """The shortest text that reads back as the number, without the `.0` of whole ones."""
    return repr(number).removesuffix(".0")


def series(job_id: str, times: Sequence[int], values: Sequence[float]) -> Struct:
    """One metric in the shape of a Prometheus range query: pairs of a time and a value as text."""
    points = [
        [time // 1_000_000_000 + time % 1_000_000_000 / 1e9, plain(value)] for time, value in zip(times, values)
    ]
    return ParseDict({"resultType": "matrix", "result": [{"metric": {"job_id": job_id}, "values": points}]}, Struct())


@dataclass
class EchoMeta(ResourceMeta):
    """The inputs as (name, kind, value) triples, since JSON has no datetime."""

    inputs: List[List[Any]] = field(default_factory=list)


class EchoConnector(AsyncConnector[EchoMeta]):
    """Gives each input back as the output of the same name."""

    name = "Echo Connector"
    task_type_name = "echo"
    metadata_type = EchoMeta

    async def create(
        self,
        task_template: TaskTemplate,
        output_prefix: str,
        inputs: Optional[Dict[str, Any]] = None,
        task_execution_metadata: Optional[TaskExecutionMetadata] = None,
        **kwargs: Any,
    ) -> EchoMeta:
        return EchoMeta([[name, *pack(value)] for name, value in (inputs or {}).items()])

    async def get(self, resource_meta: EchoMeta, **kwargs: Any) -> Resource:
        return Resource(
            phase=TaskExecution.SUCCEEDED,
            outputs={name: unpack(kind, value) for name, kind, value in resource_meta.inputs},
        )

    async def delete(self, resource_meta: EchoMeta, **kwargs: Any) -> None:
        """There is nothing to cancel: an echo is finished before it is asked for."""


def pack(value: Any) -> Tuple[str, Any]:
    if isinstance(value, datetime.datetime):
        return "datetime", value.isoformat()
    if isinstance(value, datetime.timedelta):
        return "timedelta", [value.days, value.seconds, value.microseconds]
    return "json", value


def unpack(kind: str, value: Any) -> Any:
    if kind == "datetime":
        return datetime.datetime.fromisoformat(value)
    if kind == "timedelta":
        return datetime.timedelta(*value)
    return value


ConnectorRegistry.register(BatchJobConnector())
ConnectorRegistry.register(EchoConnector())
