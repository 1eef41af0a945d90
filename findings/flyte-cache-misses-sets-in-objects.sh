#!/usr/bin/env bash
# A cached task whose dataclass or model has a set of texts in it is run again, though nothing has changed.
#
# Guess:   equal inputs have equal cache keys. Sets are taken care of, since a plain set[str] as an input has one key.
# Happens: flyte 2.12.1 writes a set inside a dataclass or a pydantic model (2.14.4) as a list, in the order in which this
#          process happens to walk it. Python hashes texts anew in each process, so the same four tags gave several keys
#          in eight processes; the plain set, the same tags as a list, and a dict in another order gave one each. The SDK
#          sorts the keys of maps in an object before it hashes; it cannot see that a list was a set.
# Matters: the cache of a connector task is what saves a query or a training that costs money. It misses by chance,
#          and no test within one process shows it. Authors: a sorted list, or a dict. A connector that gets such a list
#          must not read anything into its order, nor hash it as it comes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte==2.12.1' 'flyteidl2==2.0.51' 'pydantic==2.14.4' 'mashumaro==3.23' 'msgpack==1.2.4'

cat > key.py <<'PY'
import asyncio
import json
import logging
import sys
from dataclasses import dataclass

from flyte._internal.runtime.convert import convert_from_native_to_inputs, generate_inputs_hash_from_proto
from flyte.models import NativeInterface
from pydantic import BaseModel

logging.disable(logging.CRITICAL)
TAGS = ["red", "green", "blue", "grey"]


@dataclass
class Plain:
    tags: set[str]


class Model(BaseModel):
    tags: set[str]


@dataclass
class Listed:
    tags: list[str]


def key(kind, value):
    interface = NativeInterface.from_types(inputs={"x": (kind, None)}, outputs={})
    inputs = asyncio.run(convert_from_native_to_inputs(interface, x=value))
    return generate_inputs_hash_from_proto(inputs.proto_inputs)


# Another order in each process: keys of maps are sorted before they are hashed.
turn = int(sys.argv[1]) % len(TAGS)
counts = {tag: len(tag) for tag in TAGS[turn:] + TAGS[:turn]}
print(json.dumps({
    "a set": key(set[str], set(TAGS)),
    "a dict": key(dict, counts),
    "a list in a dataclass": key(Listed, Listed(TAGS)),
    "a set in a dataclass": key(Plain, Plain(set(TAGS))),
    "a set in a model": key(Model, Model(tags=set(TAGS))),
}))
PY
cat > compare.py <<'PY'
import json
import os
import subprocess

# As Python does by itself at each start, but with numbers that are known.
SEEDS = range(1, 9)
told = []
for seed in SEEDS:
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "HOME": os.getcwd()}
    out = subprocess.run(["venv/bin/python", "key.py", str(seed)], check=True, text=True, stdout=subprocess.PIPE,
                         env=environment).stdout
    told.append(json.loads(out.splitlines()[-1]))
keys = {of: len({line[of] for line in told}) for of in told[0]}
for of, number in keys.items():
    print(f"{of}: {number} cache keys in {len(SEEDS)} processes")
*stable, of_dataclass, of_model = keys
if any(keys[of] != 1 for of in stable):
    raise SystemExit("CHANGED: what had one key has several now")
if keys[of_dataclass] == 1 or keys[of_model] == 1:
    raise SystemExit("CHANGED: a set in an object has one key now")
PY
python3 compare.py
