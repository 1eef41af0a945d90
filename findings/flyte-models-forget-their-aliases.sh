#!/usr/bin/env bash
# A model whose fields have aliases is sent by its fields' names and read by the aliases: a default takes the value's place.
#
# Guess:   an alias is used in both directions, or in none; where it is not, an error says that a field is missing.
# Happens: flyte 2.12.1 and flytekit 1.16.31 write a pydantic model by the names of its fields and read it by their
#          aliases, which is also what the schema says. A required field is missing then; one with a default has the
#          default, without a word. A dataclass with mashumaro's alias does the same. With populate_by_name (pydantic) or
#          allow_deserialization_not_by_alias (mashumaro) both read what they wrote.
# Matters: models of a vendor's JSON (jobId, maxRetries) have aliases in nearly every field, and the job runs with other
#          settings than its caller gave. A connector in another language finds names on the wire that the schema does
#          not have, and has to send those that it has. Authors: populate_by_name, or no aliases at the border of a task.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv two
two/bin/pip install --quiet --disable-pip-version-check 'flyte==2.12.1' 'flyteidl2==2.0.51' 'pydantic==2.14.4' 'mashumaro==3.23' 'msgpack==1.2.4'
python3 -m venv one
one/bin/pip install --quiet --disable-pip-version-check 'flytekit==1.16.31' 'pydantic==2.14.4' 'mashumaro==3.23' 'msgpack==1.2.4'

cat > aliases.py <<'PY'
import asyncio
import json
import logging
import sys
from dataclasses import dataclass, field

import msgpack
from mashumaro.config import BaseConfig
from pydantic import BaseModel, ConfigDict, Field

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


class Job(BaseModel):
    max_retries: int = Field(alias="maxRetries")


class JobWithDefault(BaseModel):
    max_retries: int = Field(default=0, alias="maxRetries")


class JobByBoth(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    max_retries: int = Field(default=0, alias="maxRetries")


@dataclass
class JobClass:
    max_retries: int = field(default=0, metadata={"alias": "maxRetries"})


@dataclass
class JobClassByBoth:
    max_retries: int = field(default=0, metadata={"alias": "maxRetries"})

    class Config(BaseConfig):
        allow_deserialization_not_by_alias = True


VALUES = {
    "required": Job(maxRetries=7),
    "default": JobWithDefault(maxRetries=7),
    "populate_by_name": JobByBoth(maxRetries=7),
    "dataclass": JobClass(max_retries=7),
    "dataclass by both": JobClassByBoth(max_retries=7),
}
seen = {}
for name, value in VALUES.items():
    literal = write(value, type(value))
    sent = msgpack.unpackb(literal.scalar.binary.value)
    try:
        got = read(literal, type(value)).max_retries
    except Exception as error:
        got = "missing" if "required" in str(error) else f"{type(error).__name__}: {error}"
    seen[name] = [sent, got]
schema = TypeEngine.to_literal_type(Job).metadata
seen["schema"] = list(schema["properties"])
print(json.dumps(seen))
PY
cat > compare.py <<'PY'
import json
import os
import subprocess

sent = {"max_retries": 7}
expected = {
    "required": [sent, "missing"],
    "default": [sent, 0],
    "populate_by_name": [sent, 7],
    "dataclass": [sent, 0],
    "dataclass by both": [sent, 7],
    "schema": ["maxRetries"],
}
for package, python, flyte in (("flyte 2.12.1", "two/bin/python", "2"), ("flytekit 1.16.31", "one/bin/python", "1")):
    out = subprocess.run([python, "aliases.py", flyte], check=True, text=True, stdout=subprocess.PIPE,
                         env={**os.environ, "HOME": os.getcwd()}).stdout
    seen = json.loads(out.splitlines()[-1])
    print(f"{package}: the schema of the model names {seen['schema']}")
    for name, (wire, got) in list(seen.items())[:-1]:
        print(f"  {name}: sent {wire}, read max_retries={got}")
    if seen != expected:
        raise SystemExit(f"CHANGED: {package} sees {seen}")
PY
python3 compare.py
