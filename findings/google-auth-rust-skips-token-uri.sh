#!/usr/bin/env bash
# Google's Rust client never asks the token_uri of a service account's key: it signs its own bearer token.
#
# Guess:   a key file with a token_uri is exchanged there for an access token, as Google's Python client does it with
#          the same file and the same scope.
# Happens: google-cloud-auth 1.19.0 makes a JWT with the key and sends that as the bearer token, also when asked for an
#          "access token" by name. No request is made. The token holds the scope, the account as iss and sub, and
#          an aud that is null; it lives 3,620 seconds.
# Matters: a test double or a company's token service at token_uri is never asked, and a vendor double that knows only
#          the tokens it gave out refuses each call. A wrong or revoked key is not noticed before the first real call.
#          Where token_uri has to be honoured, make the exchange oneself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'google-auth==2.63.0' 'requests==2.34.2' 'cryptography==50.0.2'
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "bearer"
version = "0.0.0"
edition = "2021"

[dependencies]
google-cloud-auth = { version = "=1.19.0", default-features = false }
http = "1"
rustls = { version = "=0.23.46", default-features = false, features = ["ring"] }
serde_json = "1"
tokio = { version = "1", features = ["macros", "rt"] }

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RUST'
use google_cloud_auth::credentials::service_account::{AccessSpecifier, Builder};

/// Prints the two tokens that the client makes of the key file in $GOOGLE_APPLICATION_CREDENTIALS.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let path = std::env::var("GOOGLE_APPLICATION_CREDENTIALS").unwrap();
    let key: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let scope = AccessSpecifier::from_scopes(["https://www.googleapis.com/auth/bigquery"]);
    let builder = || Builder::new(key.clone()).with_access_specifier(scope.clone());

    let headers = builder().build().unwrap().headers(http::Extensions::new()).await.unwrap();
    let google_cloud_auth::credentials::CacheableResource::New { data, .. } = headers else {
        panic!("nothing was cached before")
    };
    println!("{}", data["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap());
    let access = builder().build_access_token_credentials().unwrap().access_token().await.unwrap();
    println!("{}", access.token);
}
RUST

cat > compare.py <<'PY'
import base64
import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import google.auth
import google.auth.transport.requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

asked = []


class TokenService(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_POST(self):
        asked.append(self.path)
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps({"access_token": "exchanged", "expires_in": 3600, "token_type": "Bearer"}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def part(token, index):
    text = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


server = ThreadingHTTPServer(("127.0.0.1", 0), TokenService)
threading.Thread(target=server.serve_forever, daemon=True).start()
key = rsa.generate_private_key(65537, 2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
with open("key.json", "w") as file:
    json.dump({"type": "service_account", "project_id": "p", "client_email": "a@p.example", "client_id": "1",
               "private_key_id": "k1", "private_key": key,
               "token_uri": f"http://127.0.0.1:{server.server_port}/token"}, file)
os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = os.path.abspath("key.json")

credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/bigquery"])
credentials.refresh(google.auth.transport.requests.Request())
print(f"Python, google-auth {google.auth.__version__}: token {credentials.token!r}, token_uri asked {len(asked)} time")
python = (credentials.token, len(asked))

asked.clear()
tokens = subprocess.run(["cargo", "run", "--quiet"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
claims = [part(token, 1) for token in tokens]
print(f"Rust, google-cloud-auth 1.19.0: token_uri asked {len(asked)} times")
for call, token, claim in zip(("headers()", "access_token()"), tokens, claims):
    claim["exp"] -= claim.pop("iat")
    print(f"  {call}: header {part(token, 0)}, claims (exp from iat on) {claim}")
expected = {"iss": "a@p.example", "sub": "a@p.example", "aud": None, "exp": 3620,
            "scope": "https://www.googleapis.com/auth/bigquery"}
if python != ("exchanged", 1) or asked or claims != [expected, expected]:
    raise SystemExit("CHANGED: the Rust client asks token_uri, or its token is another")
PY
CARGO_TARGET_DIR=target venv/bin/python compare.py
