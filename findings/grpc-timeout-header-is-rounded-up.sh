#!/usr/bin/env bash
# A Python client tells the server that it waits longer than it does.
#
# Guess:   the grpc-timeout header carries the deadline to the microsecond, or at least never more than is left.
# Happens: grpcio 1.85.3 keeps about three digits and rounds up: 10 s is sent as 10.1 s, an hour as an hour and ten
#          seconds. The client itself still gives up at 10 s. grpc-go 1.85.0 sends what is left, a little under 10 s.
# Matters: a server that works until just before the announced end, in order to answer with what it has, answers a
#          Python client that has left. Keep two per cent of the time in hand. Flyte's executor is written in Go, so a
#          test with a Python client is the only place where this shows, as a flaky one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'grpcio==1.85.3' 'h2==4.4.1'
cat > go.mod <<'MOD'
module ask

go 1.25

require google.golang.org/grpc v1.85.0
MOD
cat > main.go <<'GO'
package main

import (
	"context"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	health "google.golang.org/grpc/health/grpc_health_v1"
)

func main() {
	connection, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		panic(err)
	}
	for _, arg := range os.Args[2:] {
		seconds, _ := strconv.Atoi(arg)
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(seconds)*time.Second)
		health.NewHealthClient(connection).Check(ctx, &health.HealthCheckRequest{})
		cancel()
	}
}
GO
go mod tidy >/dev/null 2>&1
go build -o ask .

cat > header.py <<'PY'
"""A server that refuses every call and keeps its grpc-timeout."""
import socket
import subprocess
import threading

import grpc
import h2.config
import h2.connection
import h2.events

UNIT = {"H": 3600, "M": 60, "S": 1, "m": 1e-3, "u": 1e-6, "n": 1e-9}
headers = []


def serve(peer):
    http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
    http.initiate_connection()
    peer.sendall(http.data_to_send())
    while data := peer.recv(65536):
        for event in http.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                headers.append(dict(event.headers)["grpc-timeout"])
                refusal = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "12")]
                http.send_headers(event.stream_id, refusal, end_stream=True)
        peer.sendall(http.data_to_send())


def accept(listener):
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, args=(listener,), daemon=True).start()
target = f"127.0.0.1:{listener.getsockname()[1]}"
timeouts = [10, 60, 3600]
with grpc.insecure_channel(target) as channel:
    for timeout in timeouts * 5:
        try:
            channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=timeout)
        except grpc.RpcError:
            pass


def seconds(header):
    return int(header[:-1]) * UNIT[header[-1]]


# The first call spends some of its time on connecting: of five, the one that promises most.
python = [max(headers[first::len(timeouts)], key=seconds) for first in range(len(timeouts))]
headers.clear()
subprocess.run(["./ask", target, *map(str, timeouts)], check=True)
for timeout, ours, theirs in zip(timeouts, python, headers):
    print(f"{timeout} s: grpcio {grpc.__version__} sends {ours} = {seconds(ours):.3f} s, "
          f"grpc-go 1.85.0 sends {theirs} = {seconds(theirs):.3f} s")
if not all(timeout < seconds(ours) <= 1.02 * timeout for timeout, ours in zip(timeouts, python)):
    raise SystemExit("CHANGED: grpcio does not announce more than it waits")
if not all(0.9 * timeout < seconds(theirs) <= timeout for timeout, theirs in zip(timeouts, headers)):
    raise SystemExit("CHANGED: grpc-go announces more than it waits")
PY
venv/bin/python header.py
