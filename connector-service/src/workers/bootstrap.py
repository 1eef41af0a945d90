"""One worker process of connector-server: official Python connectors, served on a unix socket.

Usage: bootstrap.py SOCKET REPORT [MODULE ...]

REPORT is written once calls are served: a JSON object with the modules that could not be imported and
the last lines of what Python said about each. Standard input is held open by the server and never
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
ANY_SIZE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def end_with_the_server():
    while os.read(0, 1):
        pass
    os._exit(0)


def load(modules):
    """Imports what `c0` imports, and the modules; says what could not be imported."""
    from flyte.connectors import utils

    # As the official service does: modules beside the working directory are found.
    here = os.getcwd()
    if here not in (os.path.realpath(path) for path in sys.path):
        sys.path.append(here)
    utils._load_connectors(None)
    failed = {}
    for module in modules:
        try:
            importlib.import_module(module)
        except BaseException:  # `sys.exit()` in a module is one, too
            failed[module] = last_lines(sys.exc_info()[1])
    return failed


def last_lines(error):
    """How Python tells of an error, without the places in which modules are imported."""
    told = traceback.TracebackException.from_exception(error)
    theirs = [frame for frame in told.stack if not is_machinery(frame.filename)]
    told.stack = traceback.StackSummary.from_list(theirs)
    lines = "".join(told.format()).rstrip().splitlines()
    return "\n".join(lines[-LINES_OF_A_FAILURE:])


def is_machinery(file):
    return file == __file__ or file.startswith("<frozen importlib") or file == importlib.__file__


async def serve(socket, report, failed):
    from flyte.connectors import _server as official
    from flyteidl2.connector import service_pb2_grpc as services
    from grpc import aio

    server = aio.server(futures.ThreadPoolExecutor(max_workers=THREADS), options=ANY_SIZE)
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
    threading.Thread(target=end_with_the_server, daemon=True).start()
    try:
        failed = load(modules)
    except ImportError as error:
        sys.exit(
            f"the official connector service cannot be imported: {error}; "
            'install it for this Python: pip install "flyte[connector]"'
        )
    asyncio.run(serve(socket, report, failed))


if __name__ == "__main__":
    main()
