#!/usr/bin/env bash
# CREATE INDEX CONCURRENTLY IF NOT EXISTS that is tried again succeeds at once, with an index that nothing uses.
#
# Guess:   a statement that was cancelled has left nothing; with IF NOT EXISTS it can be tried again until it succeeds.
# Happens: PostgreSQL 15 keeps the index of an attempt that was cancelled, marked as not valid. The second attempt finds
#          the name, says NOTICE "already exists, skipping", and ends well. No query uses the index, and each write
#          keeps it up to date.
# Matters: retries=2 makes of an attempt that timed out, or that a lock delayed, a task that is SUCCEEDED and has done
#          nothing. Put DROP INDEX CONCURRENTLY IF EXISTS before it, or look at pg_index.indisvalid behind it.
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

cat > index.py <<'PY'
import sys
import threading
import time

import psycopg

ADDRESS = f"postgres://finder@127.0.0.1:{sys.argv[1]}/postgres"
STATEMENT = "CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_day ON orders (day)"


def connected():
    for _ in range(300):
        try:
            return psycopg.connect(ADDRESS, autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise SystemExit("no PostgreSQL")


admin = connected()
admin.execute("CREATE TABLE orders AS SELECT n, n % 365 AS day FROM generate_series(1, 100000) AS n")
admin.execute("ANALYZE orders")


def attempt(session, told):
    session.add_notice_handler(lambda notice: told.append(notice.message_primary))
    try:
        session.execute(STATEMENT)
        told.append("OK")
    except psycopg.Error as error:
        told.append(type(error).__name__)


def plan():
    return admin.execute("EXPLAIN SELECT * FROM orders WHERE day = 7").fetchone()[0].split("  ")[0]


first, second = [], []
# Somebody's open transaction, for which the index has to wait.
writer = psycopg.connect(ADDRESS)
writer.execute("INSERT INTO orders VALUES (0, 0)")
session, another = (psycopg.connect(ADDRESS, autocommit=True) for _ in range(2))
attempting = threading.Thread(target=attempt, args=(session, first))
attempting.start()
while not admin.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'",
                        [session.info.backend_pid]).fetchone()[0]:
    time.sleep(0.1)
session.cancel_safe()
attempting.join()
writer.commit()
attempt(another, second)
valid = admin.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_day'::regclass").fetchone()[0]
used = plan()
print("PostgreSQL", admin.info.server_version)
print("first attempt:", "; ".join(first))
print("second attempt:", "; ".join(second))
print("the index is valid:", valid, "| a query by day:", used)
admin.execute("DROP INDEX orders_day")
admin.execute(STATEMENT)
print("without what was left of the first:", plan())
if (first, second[-1], valid) != (["QueryCanceled"], "OK", False) or not used.startswith("Seq Scan"):
    raise SystemExit("CHANGED: an index that is tried again is another now")
PY
timeout 120 venv/bin/python index.py $port
