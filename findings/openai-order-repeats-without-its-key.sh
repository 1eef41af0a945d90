#!/usr/bin/env bash
# OpenAI's client makes an idempotency key for every order and sends it nowhere; a lost answer makes a second batch.
#
# Guess:   the client repeats a POST because the key that it makes for it lets the server see the repeat.
# Happens: openai 3.57.0 puts a fresh key into the options of every POST and keeps it through the repeats, but its client
#          names no header to carry it: neither request has one. An answer lost between (a broken connection, a proxy's
#          502) is two batches of one file; the caller gets the second and no error. A header given by hand reaches
#          both.
# Matters: who must have one batch turns the repeats off (`max_retries=0`) and looks for the lost one by metadata of
#          its own, in the list of batches.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'openai==3.57.0'

cat > order.py <<'PY'
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai

orders = []
lost_by = None


class FakeOpenAI(BaseHTTPRequestHandler):
    """Makes a batch of every order; the answer to the first is lost in one of two ways."""

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
        self.rfile.read(int(self.headers["content-length"]))
        orders.append({name.lower(): value for name, value in self.headers.items() if "idempoten" in name.lower()})
        if len(orders) == 1 and lost_by == "connection":
            self.close_connection = True
            return self.connection.shutdown(socket.SHUT_RDWR)
        if len(orders) == 1:
            return self.answer(502, {"error": {"message": "bad gateway"}})
        self.answer(200, {"id": f"batch_{len(orders)}", "object": "batch", "status": "validating"})


server = ThreadingHTTPServer(("127.0.0.1", 0), FakeOpenAI)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = openai.OpenAI(api_key="k", base_url=f"http://127.0.0.1:{server.server_port}/v1")
made = []
prepare = client._prepare_options


def watched(options):
    made.append(options.idempotency_key)
    return prepare(options)


client._prepare_options = watched


def order(**more):
    orders.clear()
    made.clear()
    return client.batches.create(
        input_file_id="file-1", endpoint="/v1/chat/completions", completion_window="24h", **more
    )


print("openai", openai.__version__)
seen = []
for lost_by in ("connection", "502"):
    batch = order()
    seen.append((len(orders), orders == [{}, {}], len(set(made)), all(made), batch.id))
    print(f"lost by {lost_by}: {len(orders)} batches, headers {orders}, keys made {len(set(made))}, the caller got {batch.id}")
batch = order(extra_headers={"Idempotency-Key": "attempt-0"})
print(f"with a header of one's own: {orders}")
by_hand = orders == [{"idempotency-key": "attempt-0"}] * 2
if seen != [(2, True, 1, True, "batch_2")] * 2 or not by_hand:
    raise SystemExit("CHANGED: the key is made, sent or repeated in another way now")
PY
venv/bin/python order.py
