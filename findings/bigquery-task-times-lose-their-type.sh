#!/usr/bin/env bash
# A time with a zone and a date reach BigQuery as DATETIME, which is neither.
#
# Guess:   a datetime with a zone is a TIMESTAMP, one without is a DATETIME, a date is a DATE: Google's own client
#          (its DB-API) chooses so for the same three values. And a task that works locally works on a server.
# Happens: flyteplugins-bigquery 2.12.1 on a server sends DATETIME for all three. 09:00 in UTC-5 is 14:00 without any
#          zone: beside a TIMESTAMP column it is another type, beside a DATETIME column of local times it is five hours
#          off. A date is a midnight. In a local run the date is a TypeError before anything is sent.
# Matters: a service that sends TIMESTAMP because it is right gives the same task another meaning. Keep DATETIME for
#          such tasks and say so; authors write TIMESTAMP(@at, 'UTC') and DATE(@day) in the statement.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte[connector]==2.12.1' 'flyteidl2==2.0.51' \
  'flyteplugins-bigquery==2.12.1' 'google-cloud-bigquery==3.47.0' 'google-auth==2.63.0' 'grpcio==1.85.3' \
  'cryptography==50.0.2'

cat > times.py <<'PY'
import asyncio
import datetime
import importlib.metadata
import json
import logging
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

received = []


class FakeBigQuery(BaseHTTPRequestHandler):
    """Tokens, jobs.insert, jobs.get and jobs.query, as far as one query needs them."""

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/token":
            return self.answer({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})
        request = json.loads(body)
        received.extend(request.get("configuration", {}).get("query", request)["queryParameters"])
        self.answer(DONE)

    def do_GET(self):
        self.answer(DONE)

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


DONE = {"jobReference": {"projectId": "p", "jobId": "j", "location": "EU"}, "status": {"state": "DONE"},
        "configuration": {"query": {"query": "SELECT 1"}}, "jobComplete": True, "totalRows": "0", "rows": [],
        "schema": {"fields": [{"name": "x", "type": "INTEGER"}]}}
server = ThreadingHTTPServer(("127.0.0.1", 0), FakeBigQuery)
threading.Thread(target=server.serve_forever, daemon=True).start()
here = f"http://127.0.0.1:{server.server_port}"
os.environ["BIGQUERY_EMULATOR_HOST"] = here
key = rsa.generate_private_key(65537, 2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
with open("key.json", "w") as file:
    json.dump({"type": "service_account", "project_id": "p", "client_email": "a@p.example", "private_key_id": "1",
               "private_key": key, "token_uri": here + "/token"}, file)
os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = os.path.abspath("key.json")

import flyte
import grpc
from flyte.connectors._server import AsyncConnectorService
from flyte.types import TypeEngine
from flyteidl2.connector import connector_pb2, service_pb2_grpc
from flyteidl2.core import interface_pb2
from flyteidl2.task import common_pb2
from flyteplugins.bigquery import BigQueryConfig, BigQueryTask
from google.cloud import bigquery
from google.cloud.bigquery import dbapi


async def create(value):
    """One CreateTask of the official service, with the value as the official SDK writes it."""
    request = connector_pb2.CreateTaskRequest()
    request.template.type = "bigquery_query_job_task"
    request.template.sql.statement = "SELECT @x"
    request.template.custom.update({"ProjectID": "p", "Location": "EU"})
    declared = TypeEngine.to_literal_type(type(value))
    request.template.interface.inputs.variables.append(
        interface_pb2.VariableEntry(key="x", value=interface_pb2.Variable(type=declared)))
    literal = await TypeEngine.to_literal(value, type(value), declared)
    request.inputs.literals.append(common_pb2.NamedLiteral(name="x", value=literal))
    service = grpc.aio.server()
    service_pb2_grpc.add_AsyncConnectorServiceServicer_to_server(AsyncConnectorService(), service)
    port = service.add_insecure_port("127.0.0.1:0")
    await service.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await service_pb2_grpc.AsyncConnectorServiceStub(channel).CreateTask(request)
    await service.stop(None)


def on_a_server(value):
    asyncio.run(create(value))


def in_a_local_run(value):
    task = BigQueryTask("q", "SELECT @x", BigQueryConfig(ProjectID="p", Location="EU"), inputs={"x": type(value)})
    flyte.TaskEnvironment.from_task(f"env{id(value)}", task)
    flyte.with_runcontext(mode="local").run(task, x=value)


def by_google(value):
    dbapi.connect(bigquery.Client(project="p")).cursor().execute("SELECT %(x)s", {"x": value})


def sent(way, value):
    received.clear()
    try:
        way(value)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return f"{received[0]['parameterType']['type']} {received[0]['parameterValue']['value']}"


logging.disable(logging.CRITICAL)
flyte.init()
print("flyteplugins-bigquery", importlib.metadata.version("flyteplugins-bigquery"))
new_york = datetime.timezone(datetime.timedelta(hours=-5))
values = [datetime.datetime(2024, 1, 2, 9, tzinfo=new_york), datetime.datetime(2024, 1, 2, 9),
          datetime.date(2024, 1, 2)]
table = [[sent(way, value) for way in (by_google, on_a_server, in_a_local_run)] for value in values]
for value, (google_sends, server_sends, local_sends) in zip(values, table):
    print(f"{value!s:25} | Google's client: {google_sends} | server: {server_sends} | local run: {local_sends}")
wall = "DATETIME 2024-01-02T09:00:00.000000"
moved = "DATETIME 2024-01-02T14:00:00.000000"
expected = [["TIMESTAMP 2024-01-02 14:00:00+00:00", moved, moved], [wall, wall, wall],
            ["DATE 2024-01-02", "DATETIME 2024-01-02T00:00:00.000000"]]
if [*table[:2], table[2][:2]] != expected or "not JSON serializable" not in table[2][2]:
    raise SystemExit("CHANGED: times are sent otherwise now")
PY
HOME=$work venv/bin/python times.py
