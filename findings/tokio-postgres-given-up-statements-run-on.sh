#!/usr/bin/env bash
# A statement that a Rust program gave up after a second runs on and commits, and the next call waits for its end.
#
# Guess:   whoever stops waiting for a statement stops the statement, or at least has the connection again.
# Happens: tokio-postgres 0.7.18 forgets the future and nothing else: PostgreSQL works to the end and keeps the row, and
#          the next statement of that client is answered when the first is done, two seconds later. psycopg 3.3.9 and
#          asyncpg 0.32.0 cancel the statement on the server when the task that waits is cancelled: no row, and the
#          connection is free at once.
# Matters: timeout(), select! and the end of a gRPC call drop futures. A create that ran into its deadline has done its
#          work all the same, and is done again by the next attempt; a poll that was given up keeps a pooled connection
#          from all others. Give the server the limit (statement_timeout), or send client.cancel_token() its cancel
#          before the future is dropped.
set -euo pipefail
work=$(mktemp -d)
stop() { kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap stop EXIT
cd "$work"
chmod 755 .
apt-get download -qq postgresql-15 libpq5 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" root; done
bin=$work/root/usr/lib/postgresql/15/bin
port=$((20000 + RANDOM % 10000))
mkdir own
user=()
# PostgreSQL refuses to be root.
if [ "$(id -u)" = 0 ]; then chown nobody own && user=(setpriv --reuid=nobody --clear-groups); fi
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu LC_ALL=C
"${user[@]}" "$bin/initdb" -D own/data -A trust -E UTF8 -U finder > initdb.log 2>&1
"${user[@]}" "$bin/postgres" -D own/data -p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= 2> postgres.log &
unset LD_LIBRARY_PATH
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'psycopg[binary]==3.3.9' 'asyncpg==0.32.0'
mkdir -p finder/src
cat > finder/Cargo.toml <<'TOML'
[package]
name = "finder"
version = "0.0.0"
edition = "2021"

[dependencies]
tokio = { version = "=1.54.1", features = ["rt", "macros", "time"] }
tokio-postgres = "=0.7.18"

[profile.dev]
debug = false
TOML
cat > finder/src/main.rs <<'RUST'
//! Waits a second for a statement of three, and asks something small then.
use std::time::{Duration, Instant};

use tokio_postgres::{connect, Error, NoTls};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (client, connection) = connect(&std::env::args().nth(1).unwrap(), NoTls).await?;
    tokio::spawn(connection);
    let work = client.execute("INSERT INTO runs SELECT 'tokio-postgres' FROM pg_sleep(3)", &[]);
    assert!(tokio::time::timeout(Duration::from_secs(1), work).await.is_err(), "it was given up");
    let given_up = Instant::now();
    client.query_one("SELECT 1", &[]).await?;
    println!("{:.1}", given_up.elapsed().as_secs_f32());
    Ok(())
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet --manifest-path finder/Cargo.toml

cat > give_up.py <<'PY'
import asyncio
import subprocess
import sys
import time

import asyncpg
import psycopg

ADDRESS = f"postgres://finder@127.0.0.1:{sys.argv[1]}/postgres"
WORK = "INSERT INTO runs SELECT '{}' FROM pg_sleep(3)"


async def with_psycopg():
    connection = await psycopg.AsyncConnection.connect(ADDRESS, autocommit=True)
    return connection, connection.execute(WORK.format("psycopg"))


async def with_asyncpg():
    connection = await asyncpg.connect(ADDRESS)
    return connection, connection.execute(WORK.format("asyncpg"))


async def in_python(begin):
    connection, work = await begin()
    try:
        await asyncio.wait_for(work, 1)
    except asyncio.TimeoutError:
        given_up = time.monotonic()
        await connection.execute("SELECT 1")
        return time.monotonic() - given_up


def connected():
    for _ in range(300):
        try:
            return psycopg.connect(ADDRESS, autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise SystemExit("no PostgreSQL")


admin = connected()
admin.execute("CREATE TABLE runs (who text)")
waited = {
    "tokio-postgres": float(subprocess.run(["target/debug/finder", ADDRESS], check=True, stdout=subprocess.PIPE).stdout),
    "psycopg": asyncio.run(in_python(with_psycopg)),
    "asyncpg": asyncio.run(in_python(with_asyncpg)),
}
while admin.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT%' AND state = 'active'").fetchone()[0]:
    time.sleep(0.1)
kept = {who for who, in admin.execute("SELECT who FROM runs")}
print("PostgreSQL", admin.info.server_version, "| a statement of 3 s, given up after 1 s")
for driver, seconds in waited.items():
    print(f"{driver}: the next statement waited {seconds:.1f} s; the first one {'has committed' if driver in kept else 'left nothing'}")
if kept != {"tokio-postgres"} or waited["tokio-postgres"] < 1 or max(waited["psycopg"], waited["asyncpg"]) > 1:
    raise SystemExit("CHANGED: statements that were given up end otherwise now")
PY
timeout 120 venv/bin/python give_up.py $port
