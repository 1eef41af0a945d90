#!/usr/bin/env bash
# One datetime without a zone, given to a task plainly and in a dataclass, arrives as two different moments.
#
# Guess:   a datetime without a zone stays as it is, or gets one by the same rule wherever it stands.
# Happens: flyte 2.12.1 hands the plain input over as UTC, with the zone; the dataclass's field stays without one. Read
#          in New York they are five hours apart (Python takes times without a zone as local), and comparing them is a
#          TypeError. The function called directly, as a unit test does, gets two equal values.
# Matters: datetime.now() as an input is wrong by the author's zone, without a word. A connector must read times without
#          a zone as UTC in both places, or inputs of one task disagree. Authors: datetime.now(timezone.utc).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte==2.12.1' 'mashumaro==3.23' 'tzdata==2026.6'

cat > times.py <<'PY'
import asyncio
import datetime
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import flyte

environment = flyte.TaskEnvironment("times")
NEW_YORK = ZoneInfo("America/New_York")


@dataclass
class Window:
    start: datetime.datetime


@environment.task
async def look(at: datetime.datetime, window: Window) -> list[str]:
    """Both values as they came, what comparing them gives, and the hours between them for a reader in New York."""
    try:
        equal = str(at <= window.start <= at)
    except TypeError as error:
        equal = str(error)
    moments = [time if time.tzinfo else time.replace(tzinfo=NEW_YORK) for time in (at, window.start)]
    return [at.isoformat(), window.start.isoformat(), equal, str(moments[1] - moments[0])]


flyte.init()
nine = datetime.datetime(2024, 1, 2, 9)
called = asyncio.run(look.func(nine, Window(nine)))
run = flyte.with_runcontext(mode="local").run(look, nine, Window(nine)).outputs().o0
print("flyte", flyte.__version__, "| given:", nine.isoformat(), "in both places")
for way, (plain, field, equal, apart) in (("called directly", called), ("run", run)):
    print(f"{way}: input {plain}, field {field}; equal: {equal}; apart in New York: {apart}")
text = "2024-01-02T09:00:00"
if called != [text, text, "True", "0:00:00"] or run[:2] != [text + "+00:00", text] or run[3] != "5:00:00" or \
        "can't compare" not in run[2]:
    raise SystemExit("CHANGED: times without a zone arrive otherwise now")
PY
HOME=$work venv/bin/python times.py
