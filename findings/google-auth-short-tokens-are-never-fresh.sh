#!/usr/bin/env bash
# A Google access token that lives less than four minutes is fetched anew before every single call.
#
# Guess:   a token with expires_in 200 is used for about 200 seconds, or a bit less.
# Happens: google-auth 2.63.0 calls a token stale for its last 3 minutes and 45 seconds and refreshes it before the
#          next request, waiting for the answer. A token of 200 s is stale at birth: three calls, three token
#          requests. The assertion's audience is https://oauth2.googleapis.com/token in any case, also if token_uri,
#          to which it is sent, is another.
# Matters: a token service or a test double that hands out short tokens doubles the traffic of every poll. A double
#          that checks the audience against its own address refuses the official client.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'google-auth==2.63.0' 'requests==2.34.2' 'cryptography==50.0.2'

cat > tokens.py <<'PY'
import base64
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import google.auth
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.transport.requests import AuthorizedSession
from google.oauth2 import service_account

life = []
audiences = []


class TokenService(BaseHTTPRequestHandler):
    """Gives out tokens of the life last asked for, and answers every GET."""

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
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        claims = json.loads(base64.urlsafe_b64decode(form["assertion"][0].split(".")[1] + "=="))
        audiences.append(claims["aud"])
        self.answer({"access_token": "t", "expires_in": life[-1], "token_type": "Bearer"})

    def do_GET(self):
        self.answer({})


server = ThreadingHTTPServer(("127.0.0.1", 0), TokenService)
threading.Thread(target=server.serve_forever, daemon=True).start()
here = f"http://127.0.0.1:{server.server_port}"
key = rsa.generate_private_key(65537, 2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
account = {"type": "service_account", "project_id": "p", "client_email": "a@p.example", "private_key_id": "1",
           "private_key": key, "token_uri": here + "/token"}
print("google-auth", google.auth.__version__, "| token_uri is another address than Google's")
fetched = {}
for seconds in (3600, 200):
    life.append(seconds)
    audiences.clear()
    session = AuthorizedSession(service_account.Credentials.from_service_account_info(account, scopes=["s"]))
    for _ in range(3):
        session.get(here + "/poll")
    fetched[seconds] = len(audiences)
    print(f"tokens of {seconds} s: {len(audiences)} token requests for 3 calls, audience {set(audiences)}")
if fetched != {3600: 1, 200: 3} or set(audiences) != {"https://oauth2.googleapis.com/token"}:
    raise SystemExit("CHANGED: tokens are kept otherwise now")
PY
venv/bin/python tokens.py
