#!/usr/bin/env bash
# Making Databricks' client asks the host, whatever was given to it, and a host that is silent holds it for minutes.
#
# Guess:   WorkspaceClient(host=…, token=…) keeps both; the first request is that of the first call.
# Happens: databricks-sdk 0.162.0 asks for /.well-known/databricks-config of the host while it is made, without the
#          token, each time; a 404 is well. From a host that takes connections and says nothing it waits for
#          http_timeout_seconds (60 by default), and tries again until retry_timeout_seconds (300) are over; then the
#          client is made after all.
# Matters: a client per task, which is what tasks with tokens of their own need, is a request more per task; and it is
#          made in a constructor, which nobody awaits or bounds: on an event loop everything stands still, and Flyte's
#          create has ten seconds. Make clients in a thread, keep them, and give both limits.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'databricks-sdk==0.162.0'

cat > make.py <<'PY'
import logging
import socket
import threading
import time

from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config

logging.disable(logging.CRITICAL)
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def host(answers):
    """A port, and the request lines that came to it."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked, kept = [], []

    def serve():
        while True:
            connection, _ = listener.accept()
            head = connection.recv(65536).decode()
            asked.append((head.splitlines()[0], "authorization:" in head.lower()))
            if answers:
                connection.sendall(NOT_FOUND)
                connection.close()
            kept.append(connection)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", asked


def make(answers, **limits):
    url, asked = host(answers)
    begun = time.monotonic()
    try:
        WorkspaceClient(config=Config(host=url, token="t", **limits))
        told = "made"
    except Exception as error:
        told = type(error).__name__
    return told, asked, time.monotonic() - begun


seen = {
    "a host without that page": make(True),
    "a silent host, 1 s a try, 5 s in all": make(False, http_timeout_seconds=1, retry_timeout_seconds=5),
}
for case, (told, asked, seconds) in seen.items():
    print(f"{case}: {told} after {seconds:.1f} s and {len(asked)} requests: {asked[:1]}")
(told, asked, _), (told_late, asked_late, seconds) = seen.values()
ASKED = ("GET /.well-known/databricks-config HTTP/1.1", False)
if (told, asked) != ("made", [ASKED]) or told_late != "made" or len(asked_late) < 2 or seconds < 3:
    raise SystemExit("CHANGED: a client is made otherwise now")
PY
HOME="$work" venv/bin/python make.py
