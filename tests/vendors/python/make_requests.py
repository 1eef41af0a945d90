"""Prints the CreateTask requests of a module's tasks: one JSON object, names to requests in base64.

`src/requests.rs` calls it with the name of a module beside it, whose TASKS map a name to a task and the
values of its inputs. Templates and literals are those of the official SDK; execution metadata those of
the executor (`task_requests.py` of the interop tests). Nothing is called from here.
"""

import base64
import importlib
import json
import sys

import task_requests


def main(module: str) -> None:
    tasks = importlib.import_module(module).TASKS
    made = {
        name: task_requests.create_request(task, values, run=f"r-{number}")
        for number, (name, (task, values)) in enumerate(tasks.items())
    }
    json.dump(
        {name: base64.b64encode(request.SerializeToString()).decode("ascii") for name, request in made.items()},
        sys.stdout,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
