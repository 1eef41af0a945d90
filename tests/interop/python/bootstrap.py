"""A module with the name of the program that workers run; `odd_workers.rs` has it served."""

from flyte.connectors import ConnectorRegistry
from odd_connectors import OddConnector


class NamesakeConnector(OddConnector):
    name = "Namesake Connector"
    task_type_name = "namesake"


ConnectorRegistry.register(NamesakeConnector())
