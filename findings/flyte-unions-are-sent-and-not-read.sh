#!/usr/bin/env bash
# Flyte 2 sends a value of `list[int] | list[float]`, says which of the two it is, and cannot read it again.
#
# Guess:   a union that the sender takes can be read, for the type that was chosen stands beside the value; Flyte 1 reads
#          the same annotation.
# Happens: flyte 2.12.1 sends the list with its type and then tries every member of the union that has the same kind of
#          transformer on the value: a list of floats reads as one of ints (losing fractions), so "Ambiguous choice of
#          variant". So it is with dict[str, int] | dict[str, float], two enums that share a member, and two models of
#          which one has only fields with defaults more. flytekit 1.16.31 reads the list and the dict, and refuses to
#          send the model and the enum. list[int] | list[str] works in both.
# Matters: the caller, or the connector whose output it is, has done its work by then, and the task behind it fails. Who
#          writes task classes can say so when the class is written. Authors: one type that holds both (list[float]), or
#          the union inside a model.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv two
two/bin/pip install --quiet --disable-pip-version-check 'flyte==2.12.1' 'flyteidl2==2.0.51' 'pydantic==2.14.4' 'mashumaro==3.23' 'msgpack==1.2.4'
python3 -m venv one
one/bin/pip install --quiet --disable-pip-version-check 'flytekit==1.16.31' 'pydantic==2.14.4' 'mashumaro==3.23' 'msgpack==1.2.4'

cat > unions.py <<'PY'
import asyncio
import enum
import json
import logging
import sys

from pydantic import BaseModel

logging.disable(logging.CRITICAL)
if sys.argv[1] == "2":
    from flyte.types import TypeEngine

    def write(value, kind):
        return asyncio.run(TypeEngine.to_literal(value, kind, TypeEngine.to_literal_type(kind)))

    def read(literal, kind):
        return asyncio.run(TypeEngine.to_python_value(literal, kind))
else:
    from flytekit import FlyteContextManager
    from flytekit.core.type_engine import TypeEngine

    def write(value, kind):
        context = FlyteContextManager.current_context()
        return TypeEngine.to_literal(context, value, kind, TypeEngine.to_literal_type(kind))

    def read(literal, kind):
        return TypeEngine.to_python_value(FlyteContextManager.current_context(), literal, kind)


class Short(BaseModel):
    x: int


class Long(BaseModel):
    x: int
    y: int = 0


class Speed(enum.Enum):
    FAST = "fast"


class Lane(enum.Enum):
    FAST = "fast"


CASES = {
    "list[int] | list[str]": (list[int] | list[str], ["a"]),
    "list[int] | list[float]": (list[int] | list[float], [1.5]),
    "dict[str, int] | dict[str, float]": (dict[str, int] | dict[str, float], {"a": 1.5}),
    "two models": (Short | Long, Long(x=1, y=2)),
    "two enums": (Speed | Lane, Lane.FAST),
}


def outcome(kind, value):
    try:
        literal = write(value, kind)
    except TypeError as error:
        return "not sent, ambiguous" if "Ambiguous" in str(error) else f"not sent: {error}"
    try:
        return "read well" if read(literal, kind) == value else "read as another value"
    except TypeError as error:
        return "sent, not read, ambiguous" if "Ambiguous" in str(error) else f"not read: {error}"


print(json.dumps({name: outcome(*case) for name, case in CASES.items()}))
PY
cat > compare.py <<'PY'
import json
import os
import subprocess

seen = {}
for package, python, flyte in (("flytekit 1.16.31", "one/bin/python", "1"), ("flyte 2.12.1", "two/bin/python", "2")):
    out = subprocess.run([python, "unions.py", flyte], check=True, text=True, stdout=subprocess.PIPE,
                         env={**os.environ, "HOME": os.getcwd()}).stdout
    seen[flyte] = json.loads(out.splitlines()[-1])
    print(package)
    for union, outcome in seen[flyte].items():
        print(f"  {union}: {outcome}")
first, *others = seen["2"]
if seen["2"][first] != "read well" or {seen["2"][union] for union in others} != {"sent, not read, ambiguous"}:
    raise SystemExit("CHANGED: flyte reads such unions otherwise now")
*containers, models, enums = seen["1"]
if {seen["1"][union] for union in containers} != {"read well"}:
    raise SystemExit("CHANGED: flytekit reads such unions otherwise now")
if {seen["1"][models], seen["1"][enums]} != {"not sent, ambiguous"}:
    raise SystemExit("CHANGED: flytekit sends such unions now")
PY
python3 compare.py
