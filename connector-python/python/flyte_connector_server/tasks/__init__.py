"""What the modules that `connector-server python --runtime import` writes have in common.

They need Flyte's SDK: `pip install 'flyte-connector-server[tasks]'`. The names with an
underscore are for them alone: they go with the version that wrote them.
"""

from .declaration import _connected, _custom, _interface, _named
from .service import ADDRESS_VARIABLE, _RunsOnService

__all__ = [
    "ADDRESS_VARIABLE",
    "_RunsOnService",
    "_connected",
    "_custom",
    "_interface",
    "_named",
]
