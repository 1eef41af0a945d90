#!/usr/bin/env bash
# One enum has two spellings within one Flyte SDK: it depends on what the member stands in.
#
# Guess:   FAST = "fast" is written alike wherever it stands: as the value in Flyte 1, as the name in Flyte 2.
# Happens: flyte 2.12.1 writes the name where it stands alone, in lists and maps, and in pydantic models; in a dataclass
#          it writes the value. A dataclass and a model with the same field are different bytes: the model reads both, the
#          dataclass refuses the model's (InvalidFieldValue). flytekit 1.16.31 writes the value in all of these places.
# Matters: a connector that compares text ("if mode is fast") is right for one holder and wrong for the other, and a test
#          with one of them does not show it. Read names and values everywhere; write by the holder and by the Flyte that
#          asks. Authors who want peace let every name be its value.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv two
two/bin/pip install --quiet --disable-pip-version-check 'flyte==2.12.1' 'flyteidl2==2.0.51' 'pydantic==2.14.4' 'mashumaro==3.23' 'msgpack==1.2.4'
python3 -m venv one
one/bin/pip install --quiet --disable-pip-version-check 'flytekit==1.16.31' 'pydantic==2.14.4' 'mashumaro==3.23' 'msgpack==1.2.4'

cat > held.py <<'PY'
import asyncio
import enum
import json
import logging
import sys
from dataclasses import dataclass

import msgpack
from pydantic import BaseModel

logging.disable(logging.CRITICAL)
if sys.argv[1] == "2":
    from flyte.types import TypeEngine

    def literal(value, kind):
        return asyncio.run(TypeEngine.to_literal(value, kind, TypeEngine.to_literal_type(kind)))

    def value(of, kind):
        return asyncio.run(TypeEngine.to_python_value(of, kind))
else:
    from flytekit import FlyteContextManager
    from flytekit.core.type_engine import TypeEngine

    def literal(value, kind):
        context = FlyteContextManager.current_context()
        return TypeEngine.to_literal(context, value, kind, TypeEngine.to_literal_type(kind))

    def value(of, kind):
        return TypeEngine.to_python_value(FlyteContextManager.current_context(), of, kind)


class Mode(enum.Enum):
    FAST = "fast"


@dataclass
class Plain:
    mode: Mode


class Model(BaseModel):
    mode: Mode


def text(of):
    return of.scalar.primitive.string_value


def field(of):
    return msgpack.unpackb(of.scalar.binary.value)["mode"]


def read(of, kind):
    try:
        return value(of, kind).mode.name
    except Exception as error:
        return f"{type(error).__name__}"


plain, model = literal(Plain(Mode.FAST), Plain), literal(Model(mode=Mode.FAST), Model)
print(json.dumps({
    "alone": text(literal(Mode.FAST, Mode)),
    "in a list": text(literal([Mode.FAST], list[Mode]).collection.literals[0]),
    "in a map": text(literal({"a": Mode.FAST}, dict[str, Mode]).map.literals["a"]),
    "in a model": field(model),
    "in a dataclass": field(plain),
    "the model's bytes read as the dataclass": read(model, Plain),
    "the dataclass's bytes read as the model": read(plain, Model),
}))
PY
cat > compare.py <<'PY'
import json
import os
import subprocess

seen = {}
for flyte, package in (("1", "flytekit 1.16.31"), ("2", "flyte 2.12.1")):
    python = "one/bin/python" if flyte == "1" else "two/bin/python"
    told = subprocess.run([python, "held.py", flyte], check=True, text=True, stdout=subprocess.PIPE,
                          env={**os.environ, "HOME": os.getcwd()}).stdout
    seen[flyte] = json.loads(told.splitlines()[-1])
    print(package)
    for where, spelled in seen[flyte].items():
        print(f"  {where}: {spelled}")
*places, as_plain, as_model = seen["2"]
if {place: seen["2"][place] for place in places} != {
        "alone": "FAST", "in a list": "FAST", "in a map": "FAST", "in a model": "FAST", "in a dataclass": "fast"}:
    raise SystemExit("CHANGED: flyte spells the member otherwise now")
if (seen["2"][as_plain], seen["2"][as_model]) != ("InvalidFieldValue", "FAST"):
    raise SystemExit("CHANGED: flyte reads the spellings otherwise now")
if {seen["1"][place] for place in places} != {"fast"}:
    raise SystemExit("CHANGED: flytekit spells the member otherwise now")
PY
python3 compare.py
