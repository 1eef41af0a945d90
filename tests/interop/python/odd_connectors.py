"""Connectors that the official service takes, and that a worker could get wrong; `odd_workers.rs` drives them.

One opens what needs a running loop while it is imported, one runs a command that reads standard input; all have a log
to follow.
"""

import asyncio
import os
import subprocess
from dataclasses import dataclass
from typing import Any, AsyncIterator, Dict, Optional

from flyte.connectors import AsyncConnector, ConnectorRegistry, Resource, ResourceMeta
from flyteidl2.connector.connector_pb2 import GetTaskLogsResponse
from flyteidl2.core.execution_pb2 import TaskExecution

# Longer than `cat` takes with nothing to read, and no end if somebody might write.
COMMAND_SECONDS = 10
# Longer than one call may take in the test.
QUIET_SECONDS = 4


@dataclass
class OddJob(ResourceMeta):
    job_id: str


class OddConnector(AsyncConnector[OddJob]):
    metadata_type = OddJob

    async def create(self, task_template, output_prefix, inputs: Optional[Dict[str, Any]] = None, **kwargs: Any):
        return OddJob("made")

    async def get(self, resource_meta: OddJob, **kwargs: Any) -> Resource:
        return Resource(phase=TaskExecution.RUNNING, message=await self.seen())

    async def delete(self, resource_meta: OddJob, **kwargs: Any) -> None:
        pass

    async def get_logs(self, resource_meta: OddJob, **kwargs: Any) -> AsyncIterator[GetTaskLogsResponse]:
        for number in range(2):
            page = GetTaskLogsResponse()
            page.body.lines.add().message = f"line {number}"
            yield page
            await asyncio.sleep(QUIET_SECONDS)

    async def seen(self) -> str:
        return "well"


class LoopConnector(OddConnector):
    """As one does that has an `aiohttp.ClientSession`."""

    name = "Loop Connector"
    task_type_name = "loop"

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.opened = self.loop.create_task(asyncio.sleep(0, "opened"))

    async def seen(self) -> str:
        return f"{await self.opened} {self.loop is asyncio.get_running_loop()}"


class CommandConnector(OddConnector):
    name = "Command Connector"
    task_type_name = "command"

    async def seen(self) -> str:
        command = await asyncio.create_subprocess_exec("cat", stdout=asyncio.subprocess.PIPE)
        try:
            said, _ = await asyncio.wait_for(command.communicate(), COMMAND_SECONDS)
        except asyncio.TimeoutError:
            command.kill()
            return "the command waits for words"
        return f"the command said {said!r}"


if "ODD_COMPANY" in os.environ:
    # Somebody who holds what this process prints to, and outlives it until the server is gone.
    subprocess.Popen(["tail", f"--pid={os.getppid()}", "-f", os.devnull])
ConnectorRegistry.register(LoopConnector())
ConnectorRegistry.register(CommandConnector())
