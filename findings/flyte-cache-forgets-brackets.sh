#!/usr/bin/env bash
# Flyte's cache key does not see where one inner list ends and the next begins.
#
# Guess:   a cached task that gets [[1], [2]] and later [[1, 2]] runs twice: these are different inputs.
# Happens: flyte 2.12.1 joins the items of nested lists and maps without brackets before it hashes them. The second
#          call is a cache hit and returns the answer of the first. {"a": [], "b": [1]} and {"ab": [1]} clash as well.
# Matters: the SDK computes this key itself, here for a local run, and its own comments say that tasks called by other
#          tasks get theirs from the same function. A connector task with cache on and a nested input can be answered
#          with another job's result, and the connector never hears of it. Whoever computes a key frames every level.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte==2.12.1' 'flyteidl2==2.0.51' 'protobuf==7.36.2'

cat > groups.py <<'PY'
import flyte

env = flyte.TaskEnvironment("findings")


@env.task(cache="auto")
async def count_groups(groups: list[list[int]]) -> int:
    return len(groups)


@env.task(cache="auto")
async def count_names(named: dict[str, list[int]]) -> int:
    return len(named)


def ask(task, **inputs):
    return flyte.with_runcontext(mode="local").run(task, **inputs).outputs()[0]


if __name__ == "__main__":
    flyte.init()
    print("flyte", flyte.__version__)
    seen = []
    for groups in ([[1], [2]], [[1, 2]], [[], [1, 2], []]):
        seen.append(ask(count_groups, groups=groups))
        print(f"count_groups({groups}) = {seen[-1]}, right is {len(groups)}")
    for named in ({"a": [], "b": [1]}, {"ab": [1]}):
        seen.append(ask(count_names, named=named))
        print(f"count_names({named}) = {seen[-1]}, right is {len(named)}")
    if seen != [2, 2, 2, 2, 2]:
        raise SystemExit("CHANGED: nested inputs have keys of their own now")
PY
# The local cache is a file below HOME: a fresh one, so that nothing older answers.
HOME=$work venv/bin/python groups.py
