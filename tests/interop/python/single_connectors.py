"""A module that only one process can import, as one that opens a port of its own; `odd_workers.rs` drives it."""

import os

from flyte.connectors import ConnectorRegistry
from odd_connectors import OddConnector


class SingleConnector(OddConnector):
    name = "Single Connector"
    task_type_name = "single"

    async def seen(self) -> str:
        return str(os.getpid())


with open(os.environ["SINGLE_PLACE"], "x") as place:
    place.write(str(os.getpid()))
ConnectorRegistry.register(SingleConnector())
