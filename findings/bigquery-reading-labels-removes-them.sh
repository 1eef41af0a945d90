#!/usr/bin/env bash
# Looking at the labels of a BigQuery job configuration takes the labels off the job.
#
# Guess:   reading job_config.labels changes nothing, and the labels of a client's default_query_job_config are added
#          to every job.
# Happens: google-cloud-bigquery 3.47.0: reading stores an empty map in the configuration; the empty map then replaces
#          the client's default labels, as any map would (they are not merged). A log line that prints the labels is
#          enough. Setting maximum_bytes_billed to None sends the TEXT "None" instead of leaving the limit out.
# Matters: labels pay the bill: cost reports lose exactly the jobs that somebody debugged. Build the REST object from
#          values of one's own, or merge labels first, and set only what is there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  'google-cloud-bigquery==3.47.0' 'google-api-core==2.44.0' 'google-auth==2.63.0'

cat > labels.py <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

inserted = []


class FakeBigQuery(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_POST(self):
        job = json.loads(self.rfile.read(int(self.headers["content-length"])))
        inserted.append(job["configuration"])
        body = json.dumps({**job, "status": {"state": "DONE"}}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", 0), FakeBigQuery)
threading.Thread(target=server.serve_forever, daemon=True).start()
Config = bigquery.QueryJobConfig
client = bigquery.Client(
    project="p", credentials=AnonymousCredentials(), default_query_job_config=Config(labels={"team": "sales"}),
    client_options={"api_endpoint": f"http://127.0.0.1:{server.server_port}"})
print("google-cloud-bigquery", bigquery.__version__, "| default labels {'team': 'sales'}")

untouched, read, own, unlimited = Config(), Config(), Config(labels={"run": "r1"}), Config()
_ = read.labels
unlimited.maximum_bytes_billed = None
for name, config in (("untouched", untouched), ("labels read", read), ("own label", own), ("no limit", unlimited)):
    client.query("SELECT 1", job_config=config)
    print(f"{name}: labels {inserted[-1].get('labels')}, "
          f"maximumBytesBilled {inserted[-1]['query'].get('maximumBytesBilled', '(absent)')!r}")
if [job.get("labels") for job in inserted] != [{"team": "sales"}, {}, {"run": "r1"}, {"team": "sales"}]:
    raise SystemExit("CHANGED: labels are kept now")
if inserted[3]["query"].get("maximumBytesBilled") != "None":
    raise SystemExit("CHANGED: None is no text now")
PY
venv/bin/python labels.py
