"""The connector `chaos`, written on the official Python SDK, with the same calls as `src/connector.rs`.

`c0 --modules chaos_connector` serves it; `beside-python` drives it. It does what an ordinary author would
do, and no more: the vendor gets a key of the attempt, and a failed create is tried again with it.
"""

import asyncio
import json
import os
from dataclasses import dataclass
from typing import Any, Dict, Optional

from flyte.connectors import AsyncConnector, ConnectorRegistry, Resource, ResourceMeta
from flyteidl2.connector.connector_pb2 import TaskExecutionMetadata
from flyteidl2.core.execution_pb2 import TaskExecution
from flyteidl2.core.tasks_pb2 import TaskTemplate
from google.protobuf.json_format import MessageToDict

TRIES = 5
PAUSE = 0.01
# Behind a server of this project: its parent is the server.
IS_WORKER = "CHAOS_WORKER" in os.environ


@dataclass
class ChaosJob(ResourceMeta):
    job_id: str


async def call(request: Dict[str, Any]) -> Dict[str, Any]:
    host, port = os.environ["CONNECTOR__CHAOS__VENDOR"].rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write((json.dumps(request) + "\n").encode())
        await writer.drain()
        line = await reader.readline()
    finally:
        writer.close()
    if not line:
        raise ConnectionError("the vendor's answer was lost")
    answer = json.loads(line)
    if answer["answer"] == "unavailable":
        raise ConnectionError("the vendor answered 503")
    if answer["answer"] == "panic":
        raise RuntimeError("the vendor's answer was too much")
    return answer


class ChaosConnector(AsyncConnector[ChaosJob]):
    name = "Chaos Connector"
    task_type_name = "chaos"
    metadata_type = ChaosJob

    async def create(
        self,
        task_template: TaskTemplate,
        output_prefix: str,
        inputs: Optional[Dict[str, Any]] = None,
        task_execution_metadata: Optional[TaskExecutionMetadata] = None,
        **kwargs: Any,
    ) -> ChaosJob:
        job = MessageToDict(task_template.custom)
        job["polls"] = int(job["polls"])
        execution = task_execution_metadata.task_execution_id
        node = execution.node_execution_id
        run, attempt = node.execution_id.name, execution.retry_attempt
        request = {
            "op": "create",
            "key": f"{run}/{node.node_id}/{attempt}",
            "run": run,
            "attempt": attempt,
            "job": job,
            "by": {"process": os.getpid(), "server": os.getppid() if IS_WORKER else os.getpid()},
        }
        for number in range(TRIES):
            try:
                return ChaosJob(job_id=(await call(request))["id"])
            except ConnectionError:
                if number + 1 == TRIES:
                    raise
                await asyncio.sleep(PAUSE)
        raise AssertionError("unreachable")

    async def get(self, resource_meta: ChaosJob, **kwargs: Any) -> Resource:
        answer = await call({"op": "status", "id": resource_meta.job_id})
        state = answer.get("state", "failed")
        if state == "running":
            return Resource(phase=TaskExecution.RUNNING)
        if state == "succeeded":
            return Resource(phase=TaskExecution.SUCCEEDED, outputs={"job": resource_meta.job_id})
        if state == "retry":
            return Resource(phase=TaskExecution.RETRYABLE_FAILED, message="node lost")
        if state == "cancelled":
            return Resource(phase=TaskExecution.RETRYABLE_FAILED, message="somebody cancelled it")
        return Resource(phase=TaskExecution.FAILED, message="it could not work")

    async def delete(self, resource_meta: ChaosJob, **kwargs: Any) -> None:
        await call({"op": "cancel", "id": resource_meta.job_id})


ConnectorRegistry.register(ChaosConnector())
