#!/usr/bin/env bash
# A Rust struct written as msgpack in the obvious way is a list, and Python's reader of Flyte dataclasses cannot take it.
#
# Guess:   rmp_serde::to_vec writes a struct as a map with its field names, as serde_json does, and Vec<u8> as bytes.
# Happens: rmp-serde 1.3.1 writes the values alone, in order, as an array; names need to_vec_named. Vec<u8> is an array of
#          numbers in both, where Python has bytes. mashumaro 3.23 refuses the array. It takes the named form, but the
#          field declared as bytes then is a list of ints, without an error.
# Matters: a Flyte dataclass literal is a map with the fields' names and real bytes. Write names, and give byte fields
#          serde_bytes or a type of one's own; a Rust-to-Rust test sees neither fault.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'mashumaro==3.23' 'msgpack==1.2.4'
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "pack"
version = "0.0.0"
edition = "2021"

[dependencies]
rmp-serde = "=1.3.1"
serde = { version = "=1.0.229", features = ["derive"] }
TOML
cat > src/main.rs <<'RUST'
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, PartialEq)]
struct Job {
    name: String,
    key: Vec<u8>,
}

fn main() {
    let job = Job { name: "a".into(), key: vec![1, 200] };
    let plain = rmp_serde::to_vec(&job).unwrap();
    let named = rmp_serde::to_vec_named(&job).unwrap();
    assert!(rmp_serde::from_slice::<Job>(&plain).unwrap() == job && rmp_serde::from_slice::<Job>(&named).unwrap() == job);
    for bytes in [plain, named] {
        println!("{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet
target/debug/pack > bytes.txt

cat > read.py <<'PY'
import importlib.metadata
from dataclasses import dataclass

import msgpack
from mashumaro.codecs.msgpack import MessagePackDecoder


@dataclass
class Job:
    name: str
    key: bytes


seen = []
for call, line in zip(("to_vec", "to_vec_named"), open("bytes.txt")):
    data = bytes.fromhex(line)
    try:
        job = MessagePackDecoder(Job).decode(data)
    except ValueError as error:
        job = f"{type(error).__name__}: {error}"
    seen.append(job)
    print(f"rmp-serde 1.3.1 {call}: {msgpack.unpackb(data)} | mashumaro 3.23: {job}")
if "dict" not in str(seen[0]) or seen[1] != Job("a", [1, 200]):
    raise SystemExit("CHANGED: the two understand each other now")
PY
venv/bin/python read.py
