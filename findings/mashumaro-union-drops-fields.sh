#!/usr/bin/env bash
# A dataclass field that may be one of two dataclasses loses what only the second one has.
#
# Guess:   a field of type Union[Csv, Parquet] that holds a Parquet is written as a Parquet.
# Happens: mashumaro 3.23, which writes Flyte's dataclasses, takes the first member of the union that has all it
#          needs. If Parquet has the fields of Csv and one more, it is written as a Csv: the field "columns" is
#          missing on the wire, and flyte 2.12.1 reads back a Csv. Nothing is raised. In the other order nothing is
#          lost.
# Matters: a reader in another language cannot repair it, the data is gone. Describe such a choice with an explicit
#          tag field, or put the larger class first; test with the bytes, not with the class that comes back.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  'flyte==2.12.1' 'flyteidl2==2.0.51' 'mashumaro==3.23' 'msgpack==1.2.4'

cat > sources.py <<'PY'
import asyncio
import importlib.metadata
from dataclasses import dataclass
from typing import Union

import msgpack
from flyte.types import TypeEngine


@dataclass
class Csv:
    path: str


@dataclass
class Parquet:
    path: str
    columns: list[str]


@dataclass
class Small:
    source: Union[Csv, Parquet]


@dataclass
class Large:
    source: Union[Parquet, Csv]


async def there_and_back(job):
    declared = TypeEngine.to_literal_type(type(job))
    literal = await TypeEngine.to_literal(job, type(job), declared)
    wire = msgpack.unpackb(literal.scalar.binary.value)
    back = await TypeEngine.to_python_value(literal, type(job))
    print(f"{job}\n  on the wire: {wire}\n  read back:   {back}")
    return wire, back


async def main():
    print("flyte", importlib.metadata.version("flyte"), "mashumaro", importlib.metadata.version("mashumaro"))
    source = Parquet("a.parquet", ["x", "y"])
    small = await there_and_back(Small(source))
    large = await there_and_back(Large(source))
    if small != ({"source": {"path": "a.parquet"}}, Small(Csv("a.parquet"))) or large[1] != Large(source):
        raise SystemExit("CHANGED: the union keeps its fields now")


asyncio.run(main())
PY
HOME=$work venv/bin/python sources.py
