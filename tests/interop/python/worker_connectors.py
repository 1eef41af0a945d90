"""A connector for the tests of workers: it says which process answers, dawdles, works, and blocks its process.

`workers.rs` has it served behind a server of this project; nothing else imports it.
"""

import asyncio
import json
import os
import stat
import sys
import time
from dataclasses import dataclass
from typing import Any, Dict, Optional, Set

from flyte.connectors import AsyncConnector, ConnectorRegistry, Resource, ResourceMeta
from flyteidl2.core.execution_pb2 import TaskExecution

DAWDLES = 1.0
BLOCKS = 4.0
# Longer than the ten seconds between two looks at a service, and the five that one may take.
STUCK = 18.0
WORKS = 0.001
LISTENS = "0A"


@dataclass
class BehindJob(ResourceMeta):
    job_id: str


def sockets_that_listen() -> Set[str]:
    """The inodes of all network sockets of this machine that listen."""
    rows = []
    for table in ("tcp", "tcp6"):
        with open(f"/proc/net/{table}") as file:
            rows += [line.split() for line in file.readlines()[1:]]
    return {row[9] for row in rows if row[3] == LISTENS}


def surroundings() -> Dict[str, Any]:
    """What others could learn of this process, and how they could reach it."""
    socket = sys.argv[1]
    mine = set()
    for handle in os.listdir("/proc/self/fd"):
        try:
            mine.add(os.readlink(f"/proc/self/fd/{handle}"))
        except OSError:
            pass  # the one with which they are listed
    with open("/proc/self/cmdline") as file:
        command_line = file.read()
    return {
        "told": json.dumps(dict(os.environ)) + command_line,
        "place": os.path.dirname(socket),
        "folder": oct(stat.S_IMODE(os.stat(os.path.dirname(socket)).st_mode)),
        "listens": sum(f"socket:[{inode}]" in mine for inode in sockets_that_listen()),
    }


class BehindConnector(AsyncConnector[BehindJob]):
    name = "Behind Connector"
    task_type_name = "behind"
    metadata_type = BehindJob

    async def create(self, task_template, output_prefix, inputs: Optional[Dict[str, Any]] = None, **kwargs: Any):
        return BehindJob("made")

    async def get(self, resource_meta: BehindJob, **kwargs: Any) -> Resource:
        job = resource_meta.job_id
        if job.startswith("dawdle"):
            await asyncio.sleep(DAWDLES)
        if job.startswith("block"):
            time.sleep(BLOCKS)
        if job.startswith("stuck"):
            time.sleep(STUCK)
        if job.startswith("work"):
            until = time.process_time() + WORKS
            while time.process_time() < until:
                pass
        seen = surroundings() if job.startswith("look") else None
        return Resource(phase=TaskExecution.RUNNING, message=str(os.getpid()), custom_info=seen)

    async def delete(self, resource_meta: BehindJob, **kwargs: Any) -> None:
        pass


ConnectorRegistry.register(BehindConnector())
