#!/usr/bin/env bash
# An enum written by one Flyte SDK cannot be read by the other, although the bytes are equally valid.
#
# Guess:   an Enum is a string on the wire in both SDKs, so a job of one can feed a task of the other.
# Happens: flytekit 1.16.31 writes the member's VALUE ("fast"), flyte 2.12.1 its NAME ("FAST"), and the lists of
#          values in the two types differ the same way. Each refuses the other's literal. For classes whose names
#          equal their values nothing is noticed.
# Matters: a connector that serves both protocols must know which dialect a caller speaks, and keep an enum result as
#          its member until it is written: the poll may come from the other Flyte than the create did.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv one
python3 -m venv two
one/bin/pip install --quiet --disable-pip-version-check 'flytekit==1.16.31' 'flyteidl==1.16.8'
two/bin/pip install --quiet --disable-pip-version-check 'flyte==2.12.1' 'flyteidl2==2.0.51'

cat > mode.py <<'PY'
"""Writes the literal and type of Mode.FAST as hex, or reads a literal given as hex."""
import asyncio
import enum
import sys


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


async def flyte1(given):
    from flytekit.core.context_manager import FlyteContextManager
    from flytekit.core.type_engine import TypeEngine
    from flytekit.models.literals import Literal
    from flyteidl.core.literals_pb2 import Literal as Wire

    context = FlyteContextManager.current_context()
    declared = TypeEngine.to_literal_type(Mode)
    if given is None:
        literal = TypeEngine.to_literal(context, Mode.FAST, Mode, declared).to_flyte_idl()
        return literal.SerializeToString().hex(), declared.to_flyte_idl().enum_type.values
    literal = Literal.from_flyte_idl(Wire.FromString(given))
    return TypeEngine.to_python_value(context, literal, Mode)


async def flyte2(given):
    from flyte.types import TypeEngine
    from flyteidl2.core.literals_pb2 import Literal as Wire

    declared = TypeEngine.to_literal_type(Mode)
    if given is None:
        literal = await TypeEngine.to_literal(Mode.FAST, Mode, declared)
        return literal.SerializeToString().hex(), declared.enum_type.values
    return await TypeEngine.to_python_value(Wire.FromString(given), Mode)


given = bytes.fromhex(sys.argv[2]) if len(sys.argv) > 2 else None
try:
    result = asyncio.run({"1": flyte1, "2": flyte2}[sys.argv[1]](given))
except Exception as error:
    print(f"refused, {type(error).__name__}: {error}")
else:
    print(f"read as {result}" if given else f"{result[0]} {list(result[1])}")
PY
export HOME=$work
first=$(one/bin/python mode.py 1)
second=$(two/bin/python mode.py 2)
echo "flytekit 1.16.31 writes $first"
echo "flyte 2.12.1 writes     $second"
read_by_2=$(two/bin/python mode.py 2 "${first%% *}")
read_by_1=$(one/bin/python mode.py 1 "${second%% *}")
echo "flyte 2.12.1 on the first:      $read_by_2"
echo "flytekit 1.16.31 on the second: $read_by_1"
[ "$first" = "0a080a061a0466617374 ['fast', 'slow']" ] && [ "$second" = "0a080a061a0446415354 ['FAST', 'SLOW']" ] &&
  [[ $read_by_2 == refused* && $read_by_1 == refused* ]] || { echo "CHANGED: the two understand each other now"; exit 1; }
