#!/usr/bin/env bash
# A missing value in a text field of a dataclass arrives as the word "None".
#
# Guess:   the reader of Flyte's dataclasses refuses a value of the wrong kind, nil for str above all.
# Happens: mashumaro 3.23 calls the field's type on what it finds: nil for a str is "None", "false" for a bool is
#          True, 2.7 for an int is 2, "12" for a list[int] is [1, 2]. None of these is an error.
# Matters: a producer in Rust whose Option is nil makes a path of the name "None" in the Python task behind it. Check
#          what you write against the declared type; a reader of one's own should say which field is wrong.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'mashumaro==3.23' 'msgpack==1.2.4'

cat > read.py <<'PY'
import importlib.metadata
from dataclasses import dataclass

import msgpack
from mashumaro.codecs.msgpack import MessagePackDecoder


@dataclass
class Job:
    path: str
    overwrite: bool
    retries: int
    ranks: list[int]


sent = {"path": None, "overwrite": "false", "retries": 2.7, "ranks": "12"}
seen = MessagePackDecoder(Job).decode(msgpack.packb(sent))
print("mashumaro", importlib.metadata.version("mashumaro"))
print("in the bytes:", sent)
print("read as:     ", seen)
if seen != Job("None", True, 2, [1, 2]):
    raise SystemExit("CHANGED: values are read otherwise now")
PY
venv/bin/python read.py
