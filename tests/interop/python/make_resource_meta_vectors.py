"""Writes vectors of the bytes that the official Python SDK makes of a connector's resource metadata.

Usage: python make_resource_meta_vectors.py OUTPUT_FILE
Every line is {"value": NODE, "text": BASE64}. The committed copy is tests/data/resource_meta.jsonl, against
which the Rust encoder is tested; the interop test makes it anew and compares. No expectation is written by hand.

A NODE has one key: "none", "bool", "int" (decimal text), "float" (the 16 hex digits of its IEEE 754 bits),
"str", "list" (nodes), or "object" (pairs of key and node, in the order in which they are encoded).
"""

import base64
import dataclasses
import json
import random
import struct
import sys
from pathlib import Path
from typing import Any, Dict, List, Tuple

from flyte.connectors import ResourceMeta

RANDOM_VALUES = 300
FLOATS = [
    *(0.0, -0.0, 1.0, -1.0, 0.1, 1 / 3, 1.5, 100.0, 5.0, 123456.789, float("nan"), float("inf"), float("-inf")),
    *(1e15, 1e16, 1e17, 1e21, 1e22, 1e-3, 1e-4, 1e-5, 1e-7, 9.999999999999999e-05, 9007199254740993.0),
    *(9999999999999998.0, 1e100, 1.7976931348623157e308, 2.2250738585072014e-308, 5e-324, 1700000000.1234567),
]
INTS = [0, 1, -1, 7, 10**6, 2**31, -(2**31), 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1]
STRINGS = [
    *("", " ", "plain", "job-00c0ffee", 'a"b', "back\\slash", "/path/to", "</script>"),
    *("\b\t\n\f\r", "\x00\x01\x1f\x7f", "é", "ß\u0080\u009f\u00a0", "日本語", "\u2028\u2029"),
    *("\ufeff\uffff\ufffd", "🚀", "\U0010ffff\U00010000", "e\u0301"),
]
# Field names that Python allows; the last two show that keys are escaped like any other text.
NAMES = ["job_id", "created_at", "region", "attempt", "options", "owner", "cluster", "url", "größe", "名前"]
# Runs of code points to draw from: controls, ASCII, Latin, the basic plane around the surrogates, above it.
RANGES = [(0x00, 0x20), (0x20, 0x80), (0x80, 0x250), (0x250, 0xD800), (0xE000, 0x10000), (0x10000, 0x110000)]


class Source:
    """Random values out of raw bits alone, so that every release of Python draws the same ones."""

    def __init__(self, seed: int):
        self.bits = random.Random(seed).getrandbits

    def below(self, limit: int) -> int:
        return self.bits(64) % limit

    def pick(self, choices: List[Any]) -> Any:
        return choices[self.below(len(choices))]

    def text(self) -> str:
        if self.below(3) == 0:
            return self.pick(STRINGS)
        letters = []
        for _ in range(self.below(12)):
            first, end = self.pick(RANGES)
            letters.append(chr(first + self.below(end - first)))
        return "".join(letters)

    def number(self) -> float:
        kind = self.below(4)
        if kind == 0:
            return self.pick(FLOATS)
        if kind == 1:
            # Any bit pattern; what looks like a NaN with a payload is the one NaN in the end.
            return struct.unpack(">d", struct.pack(">Q", self.bits(64)))[0]
        if kind == 2:
            return self.below(10**9) / 10 ** self.below(12)
        return float(self.below(10**6)) * 10.0 ** (self.below(50) - 25)

    def whole(self) -> int:
        if self.below(2):
            return self.pick(INTS)
        return self.bits(64) - 2**63

    def value(self, depth: int) -> Any:
        kind = self.below(9 if depth else 6)
        if kind == 0:
            return None
        if kind == 1:
            return bool(self.below(2))
        if kind == 2:
            return self.whole()
        if kind == 3:
            return self.number()
        if kind in (4, 5):
            return self.text()
        if kind == 6:
            return [self.value(depth - 1) for _ in range(self.below(4))]
        if kind == 7:
            return {self.text(): self.value(depth - 1) for _ in range(self.below(4))}
        return self.meta(depth - 1)

    def meta(self, depth: int) -> ResourceMeta:
        """An instance of a dataclass made for the occasion, with one to five fields."""
        names = list(dict.fromkeys(self.pick(NAMES) for _ in range(1 + self.below(5))))
        return meta_of(*[(name, self.value(depth)) for name in names])


def meta_of(*fields: Tuple[str, Any]) -> ResourceMeta:
    kind = dataclasses.make_dataclass("Meta", [(name, Any) for name, _ in fields], bases=(ResourceMeta,))
    return kind(*[value for _, value in fields])


def node(value: Any) -> Dict[str, Any]:
    if value is None:
        return {"none": None}
    if isinstance(value, bool):
        return {"bool": value}
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        # One NaN for all: which of them it was cannot be told from the text.
        return {"float": "7ff8000000000000" if value != value else struct.pack(">d", value).hex()}
    if isinstance(value, str):
        return {"str": value}
    if isinstance(value, list):
        return {"list": [node(item) for item in value]}
    if isinstance(value, dict):
        return {"object": [[key, node(item)] for key, item in value.items()]}
    return {"object": [[field.name, node(getattr(value, field.name))] for field in dataclasses.fields(value)]}


def metas() -> List[ResourceMeta]:
    """First every single edge case, each in a line of its own; then random ones."""
    edges: List[Any] = [None, True, False, [], {}, [[]], [None], *INTS, *FLOATS, *STRINGS]
    found = [meta_of(("value", edge)) for edge in edges]
    found.append(meta_of())
    found.append(meta_of(("outer", meta_of(("inner", meta_of(("x", None), ("y", [1.0, "1"])))))))
    source = Source(20260101)
    return found + [source.meta(3) for _ in range(RANDOM_VALUES)]


def main(arguments: List[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    lines = [
        json.dumps({"value": node(meta), "text": base64.b64encode(meta.encode()).decode("ascii")}) for meta in metas()
    ]
    Path(arguments[0]).write_text("\n".join(lines) + "\n", encoding="ascii")
    print(f"{len(lines)} vectors")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
