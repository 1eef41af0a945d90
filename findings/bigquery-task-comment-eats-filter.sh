#!/usr/bin/env bash
# A comment in the SQL of a BigQuery task switches off the lines below it.
#
# Guess:   the statement reaches BigQuery as it was written; folding blanks would at most change its looks.
# Happens: flyteplugins-bigquery 2.12.1 folds every run of blanks and line breaks into one blank before the template
#          exists. A "--" comment then runs to the end of the whole statement: the filter below it is gone, the query
#          is valid and gives another number. Text literals lose their blanks too.
# Matters: the job SUCCEEDS. Nothing downstream can restore the text: a task class must not touch statements, and a
#          service can only warn about a "--" outside a literal with more text behind it. Task authors: use /* */.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  'flyte[connector]==2.12.1' 'flyteplugins-bigquery==2.12.1' 'google-cloud-bigquery==3.47.0'

cat > orders.py <<'PY'
import importlib.metadata
import sqlite3

from flyteplugins.bigquery import BigQueryConfig, BigQueryTask

written = """
SELECT count(*), '[a  b]'
FROM orders  -- only what was paid
WHERE paid = 1
"""
task = BigQueryTask("orders", written, BigQueryConfig(ProjectID="p"))
arrives = task.sql(None).statement

db = sqlite3.connect(":memory:")
db.execute("CREATE TABLE orders (paid)")
db.executemany("INSERT INTO orders VALUES (?)", [(0,), (0,), (1,)])
before, after = db.execute(written).fetchone(), db.execute(arrives).fetchone()
print("flyteplugins-bigquery", importlib.metadata.version("flyteplugins-bigquery"))
print("in the template:", arrives)
print("SQLite on what was written:", before)
print("SQLite on what arrives:    ", after)
if before != (1, "[a  b]") or after != (3, "[a b]"):
    raise SystemExit("CHANGED: the statement keeps its meaning now")
PY
HOME=$work venv/bin/python orders.py
