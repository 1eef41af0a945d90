"""Prints what the official SDK calls the actions of one run: nested ones, repeated ones, those of groups.

Usage: python sub_actions.py
Each name stands beside the calls that lead to it. The run is gone through twice, as after a crash.
"""

import json
import sys

from flyte.models import ActionID

# What an action calls, one after the other: task, inputs and group; the calls of one task with equal inputs count on.
CALLS = [("load", "x", None), ("load", "x", None), ("load", "y", None), ("load", "x", "batch"), ("join", "x", None)]
DEPTH = 3


def walk(action, path, depth, found):
    found.append({"path": path, "name": action.name})
    if depth == 0:
        return
    counts = {}
    for task, inputs, group in CALLS:
        counts[task, inputs, group] = number = counts.get((task, inputs, group), 0) + 1
        child = action.new_sub_action_from(task_call_seq=number, task_hash=task, input_hash=inputs, group=group)
        walk(child, [*path, [task, inputs, group, number]], depth - 1, found)


def main():
    runs = []
    for _ in range(2):
        found = []
        walk(ActionID(name="a0", run_name="r7k", project="p", domain="d", org="o"), [], DEPTH, found)
        runs.append(found)
    json.dump(runs, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
