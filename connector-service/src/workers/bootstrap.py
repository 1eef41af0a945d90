"""One worker process of connector-server: official Python connectors, served on a unix socket.

Usage: bootstrap.py SOCKET REPORT [MODULE ...]

REPORT is written once calls are served: a JSON object with the modules that give no connector, and why:
the last lines of what Python said about one that could not be imported. Standard input is held open by the server and never
written to; when it closes, this process ends, whatever it is doing.
"""

import asyncio
import importlib
import json
import os
import sys
import threading
import traceback
from concurrent import futures

LINES_OF_A_FAILURE = 12
THREADS = 10
OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # The server asks whether a quiet connection is there, and gRPC ends one on which that is asked too often.
    ("grpc.http2.max_ping_strikes", 0),
]


def hold_on_to_the_server():
    """Keeps standard input for this process alone: a command that a connector starts would wait for words on it."""
    held = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=end_with_the_server, args=[held], daemon=True).start()


def end_with_the_server(held):
    while os.read(held, 1):
        pass
    os._exit(0)


def load(modules):
    """Imports what `c0` imports, and the modules; says what is wrong with those that are of no use."""
    from flyte.connectors import ConnectorRegistry, utils

    # As the official service does: modules beside the working directory are found.
    here = os.getcwd()
    if here not in (os.path.realpath(path) for path in sys.path):
        sys.path.append(here)
    utils._load_connectors(None)
    failed = {}
    for module in modules:
        was_there, known = module in sys.modules, dict(ConnectorRegistry._REGISTRY)
        try:
            importlib.import_module(module)
        except BaseException:  # `sys.exit()` in a module is one, too
            error = sys.exc_info()[1]
            failed[module] = "it cannot be imported:\n" + last_lines(error) + where_looked(module, error)
            continue
        # One that takes the place of another is new as well.
        if not was_there and ConnectorRegistry._REGISTRY == known:
            failed[module] = "it registers no connector: ConnectorRegistry.register(...) was not called"
    return failed


def where_looked(module, error):
    """For a module that was not found itself."""
    if not isinstance(error, ModuleNotFoundError) or not f"{module}.".startswith(f"{error.name}."):
        return ""
    if module.endswith(".py") or "/" in module:
        return "\ngive the name of a module as Python's import has it, not that of a file"
    return (
        f"\nit is looked for in {os.getcwd()}, in the folders of PYTHONPATH, and in what is installed for "
        f"{sys.executable}"
    )


def last_lines(error):
    """How Python tells of an error, without the places in which modules are imported."""
    told = traceback.TracebackException.from_exception(error)
    theirs = [frame for frame in told.stack if not is_machinery(frame.filename)]
    told.stack = traceback.StackSummary.from_list(theirs)
    lines = "".join(told.format()).rstrip().splitlines()
    return "\n".join(lines[-LINES_OF_A_FAILURE:])


def is_machinery(file):
    return file == __file__ or file.startswith("<frozen importlib") or file == importlib.__file__


async def serve(socket, report, modules):
    from flyte.connectors import _server as official
    from flyteidl2.connector import service_pb2_grpc as services
    from grpc import aio

    # On the running loop, as the official service does: a connector may open its client while it is imported.
    failed = load(modules)
    server = aio.server(futures.ThreadPoolExecutor(max_workers=THREADS), options=OPTIONS)
    services.add_AsyncConnectorServiceServicer_to_server(official.AsyncConnectorService(), server)
    services.add_ConnectorMetadataServiceServicer_to_server(official.ConnectorMetadataService(), server)
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    # Complete or not there at all, for whoever waits for it.
    with open(report + ".part", "w") as file:
        json.dump(failed, file)
    os.rename(report + ".part", report)
    await server.wait_for_termination()


def main():
    socket, report, *modules = sys.argv[1:]
    hold_on_to_the_server()
    # Modules are those of the user: none is to be found beside this file.
    own = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.realpath(path) != own]
    try:
        importlib.import_module("flyte.connectors")
    except ImportError as error:
        sys.exit(
            f"the official connector service cannot be imported: {error}; name the Python that has it with "
            f'--python, or install it for this one: {sys.executable} -m pip install "flyte[connector]"'
        )
    asyncio.run(serve(socket, report, modules))


if __name__ == "__main__":
    main()
