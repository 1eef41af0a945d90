#!/usr/bin/env bash
# A NaN in a pydantic model is sent without a word, and the task that gets the model fails.
#
# Guess:   a float field of a model carries NaN and infinity, as that of a dataclass does; or sending it is refused.
# Happens: flyte 2.12.1 writes a pydantic model (2.14.4) by way of JSON, where NaN and the infinities become null. The
#          sender hears nothing. The reader gets None for a float: a validation error that names neither NaN nor the
#          sender; where the field is Optional, the value is just gone. A dataclass keeps it. A NaN that another
#          language writes into the same bytes is read well, so the format can carry it.
# Matters: a loss that diverged is the very run somebody wants to see, and its model cannot be read by the next task nor
#          by a connector, whatever language that is in. A connector should say what a null in a float's place may have
#          been. Authors: a dataclass, or `ser_json_inf_nan="constants"` in the model's config, which was seen to work.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte==2.12.1' 'flyteidl2==2.0.51' 'pydantic==2.14.4' 'msgpack==1.2.4'

cat > carry.py <<'PY'
import asyncio
import logging
import math
from dataclasses import dataclass

import flyte
import msgpack
import pydantic
from flyte.types import TypeEngine
from flyteidl2.core import literals_pb2

NAN = float("nan")


class Model(pydantic.BaseModel):
    loss: float


class Lenient(pydantic.BaseModel):
    loss: float | None = 1.0


class Spelled(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(ser_json_inf_nan="constants")
    loss: float


@dataclass
class Plain:
    loss: float


async def written(value):
    kind = type(value)
    literal = await TypeEngine.to_literal(value, kind, TypeEngine.to_literal_type(kind))
    return literal.scalar.binary.value


async def read(data, kind):
    binary = literals_pb2.Binary(tag="msgpack", value=data)
    try:
        value = await TypeEngine.to_python_value(literals_pb2.Literal(scalar=literals_pb2.Scalar(binary=binary)), kind)
        return value.loss
    except pydantic.ValidationError as error:
        return error.errors()[0]["msg"]


def is_nan(value):
    return isinstance(value, float) and math.isnan(value)


async def main():
    print("flyte", flyte.__version__, "and pydantic", pydantic.VERSION)
    seen = {}
    for kind in (Plain, Model, Lenient, Spelled):
        data = await written(kind(loss=NAN))
        seen[kind] = msgpack.unpackb(data)["loss"], await read(data, kind)
        print(f"{kind.__name__}: NaN is written as {seen[kind][0]}, read as: {seen[kind][1]}")
    infinity = msgpack.unpackb(await written(Model(loss=math.inf)))["loss"]
    foreign = await read(msgpack.packb({"loss": NAN}), Model)
    print(f"Model: infinity is written as {infinity}; a NaN that stands in the bytes is read as: {foreign}")
    if not all(is_nan(value) for value in (*seen[Plain], *seen[Spelled], foreign)):
        raise SystemExit("CHANGED: what carried a NaN does not any more")
    if infinity is not None or seen[Lenient] != (None, None):
        raise SystemExit("CHANGED: a model writes or reads otherwise now")
    if seen[Model][0] is not None or not isinstance(seen[Model][1], str):
        raise SystemExit("CHANGED: a model's NaN can be read now")


logging.disable(logging.CRITICAL)
asyncio.run(main())
PY
HOME=$work venv/bin/python carry.py
