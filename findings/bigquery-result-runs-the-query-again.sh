#!/usr/bin/env bash
# Waiting for a BigQuery job can start a second one, and the job object then is that second job.
#
# Guess:   QueryJob.result() waits for the job whose id was handed out, and raises if that job failed.
# Happens: google-cloud-bigquery 3.47.0: if the job fails for a reason that may be retried (jobBackendError here), the
#          client inserts the query anew under another id, waits for that one and returns its rows. job.job_id has
#          changed by then; the first id is a failed job. It does not do so for a job id of one's own choice.
# Matters: a connector that stored the first id reports FAILED for work that succeeded, its cancel misses the running
#          query, and a statement that writes may run twice. Choose the job id, and wait by jobs.get, not result().
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  'google-cloud-bigquery==3.47.0' 'google-api-core==2.44.0' 'google-auth==2.63.0'

cat > again.py <<'PY'
import json
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

jobs = {}
REASON = {"reason": "jobBackendError", "message": "try again"}


class FakeBigQuery(BaseHTTPRequestHandler):
    """The first job of a test fails for a reason that may be retried, all later ones succeed."""

    def log_message(self, *args):
        pass

    def answer(self, code, value):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        job = json.loads(self.rfile.read(int(self.headers["content-length"])))
        job["status"], job["fails"] = {"state": "RUNNING"}, not jobs
        jobs[job["jobReference"]["jobId"]] = job
        self.answer(200, job)

    def do_GET(self):
        path = self.path.split("?")[0]
        job = jobs[path.rsplit("/", 1)[1]]
        if "/queries/" not in path:
            return self.answer(200, job)
        if job["fails"]:
            job["status"] = {"state": "DONE", "errorResult": REASON, "errors": [REASON]}
            return self.answer(400, {"error": {"code": 400, "message": "try again", "errors": [REASON]}})
        job["status"] = {"state": "DONE"}
        self.answer(200, {"jobComplete": True, "jobReference": job["jobReference"], "totalRows": "1",
                          "schema": {"fields": [{"name": "x", "type": "INTEGER"}]}, "rows": [{"f": [{"v": "1"}]}]})


server = ThreadingHTTPServer(("127.0.0.1", 0), FakeBigQuery)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = bigquery.Client(project="p", location="EU", credentials=AnonymousCredentials(),
                         client_options={"api_endpoint": f"http://127.0.0.1:{server.server_port}"})
print("google-cloud-bigquery", bigquery.__version__)

job = client.query("SELECT 1 AS x")
first = job.job_id
rows = [dict(row) for row in job.result()]
print(f"no id given:  {rows}, inserts: {len(jobs)}, job_id still the first: {job.job_id == first}")
print(f"              state of the first job at the vendor: {jobs[first]['status']['errorResult']['reason']}")
changed = len(jobs) != 2 or job.job_id == first

jobs.clear()
warnings.simplefilter("ignore", FutureWarning)  # The library warns that this call will need job_retry=None one day.
job = client.query("SELECT 1 AS x", job_id="chosen-1")
try:
    outcome = [dict(row) for row in job.result()]
except GoogleAPICallError as error:
    outcome = type(error).__name__
print(f"id chosen:    {outcome}, inserts: {len(jobs)}, job_id still the first: {job.job_id == 'chosen-1'}")
if changed or len(jobs) != 1 or outcome != "BadRequest":
    raise SystemExit("CHANGED: result() behaves otherwise now")
PY
venv/bin/python again.py
