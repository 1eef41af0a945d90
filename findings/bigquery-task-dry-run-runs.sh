#!/usr/bin/env bash
# A BigQuery task that is set to be a dry run, with a limit of bytes and a label, is a full run without either.
#
# Guess:   BigQueryConfig(QueryJobConfig=...) is what the job is created with.
# Happens: flyteplugins-bigquery 2.12.1 writes only the "query" part of that configuration into the template (dry_run,
#          labels and the job timeout stand beside it, so they are lost there), and its connector then reads none of
#          it. The job is inserted with the statement alone.
# Matters: a drop-in connector for this task type finds the query part merged into template.custom beside ProjectID,
#          Location and Domain, and can honour it; what stood beside it never arrives. Do not rely on a dry run.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte[connector]==2.12.1' 'flyteplugins-bigquery==2.12.1' \
  'google-cloud-bigquery==3.47.0' 'google-auth==2.63.0' 'cryptography==50.0.2'

cat > dry.py <<'PY'
import importlib.metadata
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

jobs = {}


class FakeBigQuery(BaseHTTPRequestHandler):
    """Tokens, jobs.insert and jobs.get, as far as one query needs them."""

    def log_message(self, *args):
        pass

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/token":
            return self.answer({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})
        job = json.loads(body)
        job["status"] = {"state": "DONE"}
        jobs[job["jobReference"]["jobId"]] = job
        self.answer(job)

    def do_GET(self):
        self.answer(jobs[self.path.split("?")[0].rsplit("/", 1)[1]])


server = ThreadingHTTPServer(("127.0.0.1", 0), FakeBigQuery)
threading.Thread(target=server.serve_forever, daemon=True).start()
here = f"http://127.0.0.1:{server.server_port}"
os.environ["BIGQUERY_EMULATOR_HOST"] = here
key = rsa.generate_private_key(65537, 2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
os.environ["GOOGLE_KEY"] = json.dumps({
    "type": "service_account", "project_id": "p", "client_email": "a@p.example", "private_key_id": "1",
    "private_key": key, "token_uri": here + "/token"})

import flyte
from flyteplugins.bigquery import BigQueryConfig, BigQueryTask
from google.cloud import bigquery

wanted = bigquery.QueryJobConfig(
    dry_run=True, maximum_bytes_billed=1000, priority="BATCH", labels={"team": "a"}, job_timeout_ms=60000)
config = BigQueryConfig(ProjectID="p", Location="EU", QueryJobConfig=wanted)
task = BigQueryTask("q", "SELECT 1", config, google_application_credentials="GOOGLE_KEY")
flyte.TaskEnvironment.from_task("env", task)
flyte.init()


class Where:
    domain = "development"


custom = task.custom_config(Where)
flyte.with_runcontext(mode="local").run(task)
inserted = [job["configuration"] for job in jobs.values()]
print("flyteplugins-bigquery", importlib.metadata.version("flyteplugins-bigquery"))
print("asked for:     ", wanted.to_api_repr())
print("in the template:", {k: v for k, v in custom.items() if k != "secrets"})
print("inserted:      ", inserted)
arrived = {"dryRun", "labels", "jobTimeoutMs"} & custom.keys()
alone = [{"query": {"query": "SELECT 1", "useLegacySql": False}}]
if arrived or custom["maximumBytesBilled"] != "1000" or inserted != alone:
    raise SystemExit("CHANGED: the configuration reaches the job now")
PY
HOME=$work venv/bin/python dry.py
