#!/usr/bin/env bash
# A webhook task of flytekit that GETs a URL with a query asks without that query.
#
# Guess:   the URL is called as the author wrote it, and `data`, if there is any, is added to its query.
# Happens: flytekit 1.16.31's webhook connector hands `data` to its HTTP client (httpx 0.28.1) as query parameters, which
#          replace the query of the URL, also where the task has no `data`. A POST's URL keeps its query.
# Matters: a GET of /builds?branch=main asks for all builds, or is refused for a key that stood in the URL, and where it
#          is answered the task succeeds with another answer. Put the whole query of a GET into `data`.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flytekit==1.16.31' 'httpx==0.28.1'

cat > webhook.py <<'PY'
import http.server
import importlib.metadata
import threading

from flytekit.extras.webhook import WebhookTask

seen = []


class Service(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        seen.append((self.command, self.path, body.decode()))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/builds?branch=main"

WebhookTask(name="asks", url=url, method="GET")()
WebhookTask(name="asks_more", url=url, method="GET", data={"build": "7"})()
WebhookTask(name="tells", url=url, method="POST", data={"build": "7"})()
print("flytekit", importlib.metadata.version("flytekit"), "| url: /builds?branch=main, data: none, then {'build': 7}")
for method, path, body in seen:
    print(f"{method} {path} {body}".rstrip())
if [path for _, path, _ in seen] != ["/builds", "/builds?build=7", "/builds?branch=main"]:
    raise SystemExit("CHANGED: the webhook is called otherwise now")
PY
HOME=$work venv/bin/python webhook.py
