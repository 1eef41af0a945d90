#!/usr/bin/env bash
# The error of a cancelled BigQuery job has the code 200, and that of a lack of rights is the one of a used-up quota.
#
# Guess:   the exception of a failed job can be judged by its code: 4xx is for good, 429 and 5xx may be tried again.
# Happens: google-cloud-bigquery 3.47.0 has a table from reasons to codes. "stopped", a job that was cancelled, is a
#          bare GoogleAPICallError of code 200. quotaExceeded and accessDenied are both Forbidden, 403; tableUnavailable
#          is BadRequest, 400, as bad SQL is. Reasons that are not in the table are 500, among them
#          jobRateLimitExceeded, which is a 429 without the "job", and "timeout".
# Matters: `code < 400` calls a cancelled job a success; `code == 403` gives up a job that the next day would run. Judge
#          by error_result["reason"], which the exception carries in errors[0], and by cancelled(), which does see it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'google-cloud-bigquery==3.47.0'

cat > judge.py <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

EXPECTED = {
    "stopped": (200, "GoogleAPICallError"),
    "accessDenied": (403, "Forbidden"),
    "quotaExceeded": (403, "Forbidden"),
    "invalidQuery": (400, "BadRequest"),
    "tableUnavailable": (400, "BadRequest"),
    "rateLimitExceeded": (429, "TooManyRequests"),
    "jobRateLimitExceeded": (500, "InternalServerError"),
    "timeout": (500, "InternalServerError"),
}


class BigQuery(BaseHTTPRequestHandler):
    """A job, named for its reason, that has failed."""

    def log_message(self, *args):
        pass

    def do_GET(self):
        reason = self.path.split("?")[0].rsplit("/", 1)[-1]
        body = json.dumps({
            "jobReference": {"projectId": "p", "jobId": reason, "location": "US"},
            "configuration": {"query": {"query": "SELECT 1"}},
            "status": {"state": "DONE", "errorResult": {"reason": reason, "message": "so it is"}},
        }).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", 0), BigQuery)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = bigquery.Client(project="p", credentials=AnonymousCredentials(),
                         client_options={"api_endpoint": f"http://127.0.0.1:{server.server_port}"})
print("google-cloud-bigquery", bigquery.__version__)
for reason, expected in EXPECTED.items():
    job = client.get_job(reason)
    error = job.exception(timeout=10)
    seen = (int(error.code), type(error).__name__)
    print(f"{reason}: {seen[0]} {seen[1]}, cancelled() is {job.cancelled()}")
    if seen != expected or job.cancelled() != (reason == "stopped") or error.errors[0]["reason"] != reason:
        raise SystemExit("CHANGED: reasons have other codes now")
PY
HOME="$work" venv/bin/python judge.py
