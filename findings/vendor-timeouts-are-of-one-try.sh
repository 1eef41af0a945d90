#!/usr/bin/env bash
# A timeout of two seconds is seven with OpenAI's client, and more than twenty with Databricks' and BigQuery's.
#
# Guess:   get_job(timeout=2), OpenAI(timeout=2) and http_timeout_seconds=2 end a poll after about two seconds.
# Happens: of a vendor that takes the request and is silent, each is the time of one try. openai 3.57.0 makes three.
#          databricks-sdk 0.162.0 tries again for retry_timeout_seconds (300), google-cloud-bigquery 3.47.0 for the
#          deadline of its retry (600); here both still ask after 20 s.
# Matters: Flyte gives a poll ten seconds, and six that fail end a healthy job. Inside of an event loop such a call
#          stops all others for as long. Set both limits: max_retries=0, retry_timeout_seconds, get_job(retry=None,
#          timeout=…).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'openai==3.57.0' 'databricks-sdk==0.162.0' 'google-cloud-bigquery==3.47.0'

cat > poll.py <<'PY'
import logging
import os
import socket
import threading
import time
import warnings

import openai
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
PAGE = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
PATIENCE = 20


class Vendor:
    """Takes requests and answers none, but for the page that Databricks' client asks for while it is made."""

    def __init__(self):
        self.listener, self.asked, self.kept = socket.create_server(("127.0.0.1", 0)), 0, []
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            if b"/.well-known/" in connection.recv(65536):
                connection.sendall(PAGE)
                connection.close()
            else:
                self.asked += 1
                self.kept.append(connection)


def of_openai(url, **more):
    client = openai.OpenAI(api_key="k", base_url=url, timeout=2, **more)
    return lambda: client.batches.retrieve("b")


def of_databricks(url, **more):
    client = WorkspaceClient(config=Config(host=url, token="t", http_timeout_seconds=2, **more))
    return lambda: client.jobs.get_run(1)


def of_bigquery(url, **more):
    client = bigquery.Client(project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": url})
    return lambda: client.get_job("j", timeout=2, **more)


def poll(make, more):
    vendor, told = Vendor(), {}
    call = make(vendor.url, **more)

    def run():
        begun = time.monotonic()
        try:
            call()
        except Exception as error:
            told["end"] = (time.monotonic() - begun, type(error).__name__)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return vendor, told, thread


CASES = {
    "openai, timeout=2": (of_openai, {}, (6, PATIENCE)),
    "databricks, http_timeout_seconds=2": (of_databricks, {}, None),
    "bigquery, timeout=2": (of_bigquery, {}, None),
    "openai, and max_retries=0": (of_openai, {"max_retries": 0}, (1.5, 12)),
    "databricks, and retry_timeout_seconds=1": (of_databricks, {"retry_timeout_seconds": 1}, (1.5, 12)),
    "bigquery, and retry=None": (of_bigquery, {"retry": None}, (1.5, 12)),
}
polls = {case: poll(make, more) for case, (make, more, _) in CASES.items()}
time.sleep(PATIENCE)
wrong = False
for case, (vendor, told, _) in polls.items():
    seconds, error = told.get("end", (None, None))
    expected = CASES[case][2]
    ended = f"{error} after {seconds:.1f} s" if error else f"no end after {PATIENCE} s"
    print(f"{case}: {ended}, asked {vendor.asked} times")
    wrong |= (seconds is None) != (expected is None) or bool(expected and not expected[0] <= seconds <= expected[1])
if wrong:
    print("CHANGED: timeouts are of something else now")
os._exit(wrong)
PY
HOME="$work" venv/bin/python -u poll.py
