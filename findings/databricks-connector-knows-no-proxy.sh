#!/usr/bin/env bash
# Of the official connectors in one pod BigQuery's reaches its vendor through HTTPS_PROXY, and Databricks' does not try.
#
# Guess:   HTTPS_PROXY holds for a process; connectors of one image reach all vendors through it, or none.
# Happens: BigQuery's client asks the proxy, as does Databricks' own SDK. The connector of flyteplugins-databricks 2.12.1
#          calls by aiohttp without trust_env, and aiohttp reads no variables by itself: it opens its own connection.
# Matters: where the proxy is the only way out, BigQuery tasks run and Databricks tasks fail at each create and poll with
#          "Cannot connect to host", as if the workspace were down. Where both ways are open, calls with the token leave
#          past the proxy that should see them. Whoever moves to a service that heeds the variable moves this traffic.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte[connector]==2.12.1' 'flyteidl2==2.0.51' \
  'aiohttp==3.14.5' 'cryptography==50.0.2' 'google-cloud-bigquery==3.47.0' 'databricks-sdk==0.162.0'
# They ask for pyspark, for its names only: its client has them, without 450 MB of Spark.
venv/bin/pip install --quiet --disable-pip-version-check --no-deps \
  'flyteplugins-databricks==2.12.1' 'flyteplugins-spark==2.12.1' 'pyspark-client==4.2.0' 'py4j==0.10.9.9'

cat > ask.py <<'PY'
import asyncio
import logging
import os
import socket
import threading
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
asked = []


def refuse(listener):
    """A proxy that is asked and leads nowhere."""
    while True:
        client, _ = listener.accept()
        asked.append(client.recv(65536).split(b"\r\n")[0].decode())
        client.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        client.close()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=refuse, args=(listener,), daemon=True).start()
for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[name]
os.environ["HTTPS_PROXY"] = os.environ["https_proxy"] = f"http://127.0.0.1:{listener.getsockname()[1]}"

from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from flyteplugins.databricks.connector import DatabricksConnector, DatabricksJobMetadata
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery


def databricks():
    job = DatabricksJobMetadata(databricks_instance="workspace.invalid", run_id="1")
    asyncio.run(DatabricksConnector().get(job, databricks_token="t"))


def databricks_sdk():
    config = Config(host="https://workspace.invalid", token="t", retry_timeout_seconds=1)
    WorkspaceClient(config=config).jobs.get_run(1)


def bigquery_client():
    options = {"api_endpoint": "https://bigquery.invalid"}
    bigquery.Client(project="p", credentials=AnonymousCredentials(), client_options=options).get_job("j", retry=None)


seen = {}
for name, call in (("the BigQuery connector's client", bigquery_client),
                   ("Databricks' own SDK", databricks_sdk),
                   ("the Databricks connector", databricks)):
    asked.clear()
    try:
        call()
        told = "answered"
    except Exception as error:
        told = f"{type(error).__name__}: {error}"[:100]
    seen[name] = any(".invalid:443" in line for line in asked)
    print(f"{name}: {'asks' if seen[name] else 'does not ask'} the proxy ({told})")
if list(seen.values()) != [True, True, False]:
    raise SystemExit("CHANGED: others ask the proxy now")
PY
HOME="$work" timeout 120 venv/bin/python ask.py
