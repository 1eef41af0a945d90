"""A connector that takes the place of one that is registered already; `odd_workers.rs` asks who answers."""

from flyte.connectors import ConnectorRegistry
from odd_connectors import OddConnector


class ReplacingConnector(OddConnector):
    name = "Replacing Connector"
    task_type_name = "command"

    async def seen(self) -> str:
        return "replaced"


ConnectorRegistry.register(ReplacingConnector(), override=True)
