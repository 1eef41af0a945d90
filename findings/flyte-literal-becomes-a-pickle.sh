#!/usr/bin/env bash
# `Literal["day", "hour"]` as a task's input is text for one Flyte SDK and a Python pickle for the other.
#
# Guess:   a Literal of texts is a string on the wire in both SDKs, or an enum; a dataclass may hold one as well.
# Happens: flytekit 1.16.31 sends a string. flyte 2.12.1 does not know the type and pickles it: bytes without a
#          tag, that only Python can read. It says so in a warning when the task is called, and the call
#          goes on. Inside of a dataclass the same annotation is plain text in both.
# Matters: a task that moves to Flyte 2 with its annotations as they are hands its connector a pickle, where a service in
#          another language had a string. A reader says which input it is and what to declare in its place: str, an Enum,
#          or a dataclass around it. Never unpickle what a request brings.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv two
two/bin/pip install --quiet --disable-pip-version-check 'flyte==2.12.1' 'flyteidl2==2.0.51' 'mashumaro==3.23' 'msgpack==1.2.4'
python3 -m venv one
one/bin/pip install --quiet --disable-pip-version-check 'flytekit==1.16.31' 'mashumaro==3.23' 'msgpack==1.2.4'

cat > wire.py <<'PY'
import asyncio
import json
import logging
import sys
from dataclasses import dataclass
from typing import Literal

import msgpack

logging.disable(logging.CRITICAL)
Grain = Literal["day", "hour"]


@dataclass
class Report:
    grain: Grain


if sys.argv[1] == "2":
    from flyte.types import TypeEngine

    def literal(value, kind):
        return asyncio.run(TypeEngine.to_literal(value, kind, TypeEngine.to_literal_type(kind)))
else:
    from flytekit import FlyteContextManager
    from flytekit.core.type_engine import TypeEngine

    def literal(value, kind):
        context = FlyteContextManager.current_context()
        return TypeEngine.to_literal(context, value, kind, TypeEngine.to_literal_type(kind)).to_flyte_idl()


def shown(of):
    scalar = of.scalar
    if scalar.HasField("primitive"):
        return f"text {scalar.primitive.string_value}"
    if scalar.binary.tag == "msgpack":
        return f"object {msgpack.unpackb(scalar.binary.value)}"
    is_pickle = not scalar.binary.tag and scalar.binary.value.startswith(b"\x80") and scalar.binary.value.endswith(b".")
    return "pickle" if is_pickle else "something else"


print(json.dumps({"alone": shown(literal("day", Grain)), "in a dataclass": shown(literal(Report("day"), Report))}))
PY
cat > compare.py <<'PY'
import json
import os
import subprocess

seen = {}
for package, python, flyte in (("flytekit 1.16.31", "one/bin/python", "1"), ("flyte 2.12.1", "two/bin/python", "2")):
    out = subprocess.run([python, "wire.py", flyte], check=True, text=True, stdout=subprocess.PIPE,
                         env={**os.environ, "HOME": os.getcwd()}).stdout
    seen[flyte] = json.loads(out.splitlines()[-1])
    print(f"{package}: {seen[flyte]}")
inside = "object {'grain': 'day'}"
if seen != {"1": {"alone": "text day", "in a dataclass": inside}, "2": {"alone": "pickle", "in a dataclass": inside}}:
    raise SystemExit("CHANGED: a Literal travels otherwise now")
PY
python3 compare.py
