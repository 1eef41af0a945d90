#!/usr/bin/env bash
# Behind PgBouncer a query of tokio-postgres runs what another process has prepared, and says nothing.
#
# Guess:   a pooler that hands connections on after every transaction breaks prepared statements with an error: the
#          statement is not there, or is there already.
# Happens: every process of tokio-postgres 0.7.18 calls its statements s0, s1 and so on. Where PgBouncer 1.18.0 sends
#          an execution to the connection on which another process has prepared its own s0, that one is run, with our
#          values, if number and sizes of the values fit. A SELECT of one process is a DELETE of the other.
# Matters: two replicas of one service, which is what a pooler is for, prepare the same statements in another order.
#          Send statements without a name (`query_typed`) wherever a pooler may stand.
set -euo pipefail
work=$(mktemp -d)
stop() { kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap stop EXIT
cd "$work"
chmod 755 .
apt-get download -qq postgresql-15 pgbouncer=1.18.0-1+deb12u1 libevent-2.1-7 libc-ares2 libpq5 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu PGTZ=UTC LC_ALL=C
port=$((20000 + RANDOM % 10000))
mkdir own
user=()
# Both refuse to be root.
if [ "$(id -u)" = 0 ]; then chown nobody own && user=(setpriv --reuid=nobody --clear-groups); fi
cat > pgbouncer.ini <<INI
[databases]
postgres = host=127.0.0.1 port=$port user=finder
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $((port + 1))
unix_socket_dir =
auth_type = any
auth_file = $work/users
pool_mode = transaction
default_pool_size = 2
INI
echo '"finder" ""' > users
bin=$work/root/usr/lib/postgresql/15/bin
"${user[@]}" "$bin/initdb" -D own/data -A trust -U finder > initdb.log 2>&1
"${user[@]}" "$bin/postgres" -D own/data -p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c jit=off 2> postgres.log &
"${user[@]}" root/usr/sbin/pgbouncer pgbouncer.ini 2> pgbouncer.log &

mkdir -p finder/src
cat > finder/Cargo.toml <<'TOML'
[package]
name = "finder"
edition = "2021"
[dependencies]
tokio = { version = "1", features = ["rt", "macros", "time"] }
tokio-postgres = "=0.7.18"
TOML
cat > finder/src/main.rs <<'RS'
//! One process prepares a DELETE within a transaction, another meanwhile a SELECT, which it runs afterwards.
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio_postgres::{connect, Client, NoTls};

async fn open(port: &str) -> Client {
    let address = format!("postgres://finder@127.0.0.1:{port}/postgres");
    for _ in 0..100 {
        if let Ok((client, connection)) = connect(&address, NoTls).await {
            tokio::spawn(connection);
            return client;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no PostgreSQL at {port}")
}

/// Says that it is so far, and waits to be told to go on.
fn told() {
    println!("ready");
    std::io::stdin().read_exact(&mut [0]).unwrap();
}

async fn removes(port: &str) {
    let client = open(port).await;
    client.batch_execute("BEGIN").await.unwrap();
    let delete = "DELETE FROM jobs WHERE id = $1::bigint RETURNING name";
    let _prepared = client.prepare(delete).await.unwrap();
    told();
    client.batch_execute("COMMIT").await.unwrap();
    told();
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (direct, pooled) = (&arguments[1], &arguments[2]);
    if arguments.len() > 3 {
        return removes(pooled).await;
    }
    let admin = open(direct).await;
    let jobs = "CREATE TABLE jobs (id bigint, name text); INSERT INTO jobs VALUES (7, 'nightly')";
    admin.batch_execute(jobs).await.unwrap();
    let mut other = Command::new(&arguments[0])
        .args([direct, pooled, "removes"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    let mut tell = other.stdin.take().unwrap();
    lines.next().unwrap().unwrap();
    let client = open(pooled).await;
    let select = client.prepare("SELECT name FROM jobs WHERE id = $1::bigint").await.unwrap();
    tell.write_all(b".").unwrap();
    lines.next().unwrap().unwrap();
    let rows = client.query(&select, &[&7_i64]).await.unwrap();
    let name: String = rows[0].get(0);
    let left: i64 = admin.query_one("SELECT count(*) FROM jobs", &[]).await.unwrap().get(0);
    println!("tokio-postgres 0.7.18, PgBouncer 1.18.0 | a SELECT answered {name:?}; rows before: 1, after: {left}");
    tell.write_all(b".").unwrap();
    other.wait().unwrap();
    assert_eq!(left, 0, "CHANGED: the SELECT was a SELECT");
}
RS
cd finder
unset LD_LIBRARY_PATH
cargo run --quiet -- $port $((port + 1))
