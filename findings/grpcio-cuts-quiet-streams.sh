#!/usr/bin/env bash
# A Python server cuts the connection of a Go client that pings as often as Flyte's executor does.
#
# Guess:   keepalive pings keep a connection alive.
# Happens: a server of grpcio 1.85.3 with its defaults allows a ping every five minutes while it sends nothing. The
#          third one too early ends the connection, "Too many pings", with every call on it. With pings after 30 s,
#          the executor's setting, a stream without news lived 90 s; here, with the shortest time grpc-go 1.85.0 takes
#          (10 s), 30 s.
# Matters: a log stream that waits for lines, or a call without deadline that takes minutes, is lost, and others with
#          it. A connector service in Python sets grpc.http2.min_ping_recv_interval_without_data_ms (and the strikes);
#          one in another language checks what its HTTP/2 does with pings.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'grpcio==1.85.3' 'grpcio-health-checking==1.85.1'
cat > go.mod <<'MOD'
module quiet

go 1.25

require google.golang.org/grpc v1.85.0
MOD
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

func main() {
	pings := keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 10 * time.Second}
	connection, err := grpc.NewClient(os.Args[1],
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithKeepaliveParams(pings))
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	begin := time.Now()
	stream, err := health.NewHealthClient(connection).Watch(ctx, &health.HealthCheckRequest{})
	for err == nil {
		_, err = stream.Recv()
	}
	fmt.Printf("%.0f %s %s\n", time.Since(begin).Seconds(), status.Code(err), status.Convert(err).Message())
}
GO
go mod tidy >/dev/null 2>&1
go build -o quiet .

cat > serve.py <<'PY'
import subprocess
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2_grpc


def live(options):
    server = grpc.server(ThreadPoolExecutor(2), options=options)
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    line = subprocess.run(["./quiet", f"127.0.0.1:{port}"], check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout.strip()
    server.stop(None).wait()
    return line.split(" ", 2)


default = live([])
lenient = live([("grpc.http2.min_ping_recv_interval_without_data_ms", 5000), ("grpc.http2.max_ping_strikes", 0)])
print("grpcio", grpc.__version__, "and grpc-go 1.85.0 with a ping every 10 s on a stream without news")
print(f"server with its defaults: {default[1]} {default[2]!r} after {default[0]} s")
print(f"server that allows pings: {lenient[1]} {lenient[2]!r} after {lenient[0]} s, the client's own deadline")
if default[1] != "Unavailable" or "pings" not in default[2].lower() or int(default[0]) > 50:
    raise SystemExit("CHANGED: the defaults allow such pings now")
if lenient[1] != "DeadlineExceeded":
    raise SystemExit("CHANGED: the settings do not help any more")
PY
venv/bin/python serve.py
