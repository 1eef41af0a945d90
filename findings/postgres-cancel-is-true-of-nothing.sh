#!/usr/bin/env bash
# pg_cancel_backend() is true for a session between two statements, cancels nothing, and the next statement runs.
#
# Guess:   true means that something was cancelled; of a session that runs nothing it is false, or ends its transaction.
# Happens: PostgreSQL 15 answers true when the signal was sent. A session that is "idle in transaction", because its
#          client is between two statements of a job, throws it away: its locks stay, the second statement runs and is
#          committed. psycopg 3.3.9's cancel_safe() ends without an error just so.
# Matters: a job of several statements is cancelled, the caller is told that it is, and it goes on to its commit. A
#          cancel is done when the session shows it: look at pg_stat_activity afterwards, ask again while it has a
#          transaction, and end it with pg_terminate_backend() when it is idle in one.
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
venv/bin/pip install --quiet --disable-pip-version-check 'psycopg[binary]==3.3.9'

cat > cancel.py <<'PY'
import sys
import time

import psycopg

ADDRESS = f"postgres://finder@127.0.0.1:{sys.argv[1]}/postgres"


def connected():
    for _ in range(300):
        try:
            return psycopg.connect(ADDRESS, autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise SystemExit("no PostgreSQL")


def state(pid):
    return admin.execute("SELECT state FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone()[0]


admin = connected()
admin.execute("CREATE TABLE steps (job text, step int)")


def job(name, cancel):
    """Two statements of one transaction, with a cancel between them."""
    session = psycopg.connect(ADDRESS)
    session.execute("INSERT INTO steps VALUES (%s, 1)", [name])
    before = state(session.info.backend_pid)
    told = cancel(session)
    # What was sent has arrived by then.
    time.sleep(1)
    session.execute("INSERT INTO steps VALUES (%s, 2)", [name])
    session.commit()
    session.close()
    steps = [step for step, in admin.execute("SELECT step FROM steps WHERE job = %s ORDER BY 1", [name])]
    print(f"{name}, while the session is {before!r}: {told}; committed steps: {steps}")
    return told, steps


print("PostgreSQL", admin.info.server_version)
seen = [
    job("pg_cancel_backend()", lambda session: admin.execute(
        "SELECT pg_cancel_backend(%s)", [session.info.backend_pid]).fetchone()[0]),
    job("cancel_safe()", lambda session: session.cancel_safe()),
]
if seen != [(True, [1, 2]), (None, [1, 2])]:
    raise SystemExit("CHANGED: a cancel between two statements does something now")
PY
timeout 120 venv/bin/python cancel.py $port
