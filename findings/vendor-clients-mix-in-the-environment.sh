#!/usr/bin/env bash
# A task's own credential meets the operator's environment: Databricks' client refuses both, OpenAI's sends both.
#
# Guess:   who hands host and token, or a key, to the client has said all; variables stand in for what was left out.
# Happens: databricks-sdk 0.162.0 counts ways to sign in, those of the environment too: with DATABRICKS_CLIENT_ID and
#          _SECRET of the operator a client with an explicit token is a ValueError, "more than one authorization
#          method", unless it says auth_type="pat". openai 3.57.0 takes the explicit key, and adds OPENAI_ORG_ID and
#          OPENAI_PROJECT_ID of the environment as headers; organization=None does not keep them away, an empty text
#          makes empty headers.
# Matters: a service that runs many teams' tasks has credentials of its own in its environment. A team's token fails
#          where it worked on the author's machine; a team's key is sent with the organization of another, which is
#          refused, or billed elsewhere. Name the way to sign in and each field, or clear the variables.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'openai==3.57.0' 'databricks-sdk==0.162.0'

cat > sign_in.py <<'PY'
import logging
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai
from databricks.sdk import WorkspaceClient

logging.disable(logging.CRITICAL)
os.environ |= {"DATABRICKS_CLIENT_ID": "the-operators", "DATABRICKS_CLIENT_SECRET": "secret",
               "OPENAI_ORG_ID": "org-of-the-operator", "OPENAI_PROJECT_ID": "proj-of-the-operator"}
asked = []


class Vendor(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        asked.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


server = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"


def databricks(**more):
    try:
        WorkspaceClient(host=base, token="the-teams", **more).jobs.get_run(1)
    except ValueError as error:
        return f"ValueError: {str(error).split('.')[0]}"
    return asked[-1]["authorization"]


def openai_(**more):
    openai.OpenAI(api_key="the-teams", base_url=base, **more).batches.retrieve("b")
    return ", ".join(f"{name} {asked[-1][name]!r}" for name in ("authorization", "openai-organization", "openai-project")
                     if name in asked[-1])


BOTH = "authorization 'Bearer the-teams', openai-organization 'org-of-the-operator', openai-project 'proj-of-the-operator'"
CASES = {
    "databricks, host and token": (
        databricks(), "ValueError: validate: more than one authorization method configured: oauth and pat"),
    "databricks, and auth_type='pat'": (databricks(auth_type="pat"), "Bearer the-teams"),
    "openai, key": (openai_(), BOTH),
    "openai, and organization=None": (openai_(organization=None, project=None), BOTH),
    "openai, and organization=''": (openai_(organization="", project=""),
                                    "authorization 'Bearer the-teams', openai-organization '', openai-project ''"),
}
for case, (seen, expected) in CASES.items():
    print(f"{case}: {seen}")
    if seen != expected:
        raise SystemExit("CHANGED: the environment counts otherwise now")
PY
HOME="$work" venv/bin/python sign_in.py
