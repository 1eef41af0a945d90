"""Prints what a job of the emulator has selected: one JSON object, its columns by name as [type, value].

    rows.py PORT JOB
"""

import json
import sys
import urllib.request


def plain(value):
    """A cell without the wrapping of repeated fields."""
    return [plain(cell["v"]) for cell in value] if isinstance(value, list) else value


port, job = sys.argv[1:]
with urllib.request.urlopen(f"http://127.0.0.1:{port}/bigquery/v2/projects/p/queries/{job}") as answer:
    found = json.load(answer)
fields = found["schema"]["fields"]
(row,) = found["rows"]
cells = [plain(cell["v"]) for cell in row["f"]]
print(json.dumps({field["name"]: [field["type"], cell] for field, cell in zip(fields, cells)}))
