#!/usr/bin/env bash
# A task whose input is a dataclass of eight levels is registered, and no service in Python or Rust can read its CreateTask.
#
# Guess:   protobuf's limit of 100 nested messages is for odd messages; types that people write are far from it.
# Happens: flyte 2.12.1 puts the JSON schema of a dataclass into a Struct, where each brace costs three messages and each
#          bracket two. With Optional[list[Inner]] at each level seven levels are the most that protobuf 7.36.2 and prost
#          0.14.4 read, with plain nesting fifteen; Go's protobuf 1.36.12 reads on to 10,000. Nothing warns where the task
#          is written, in a local run, or at registration. A pydantic model of the same shape is as flat as its $defs.
# Matters: functions with that input run, as nobody reads the type there; a connector's task fails at each create with a
#          decode error, which names neither the task nor the input. Authors: pydantic models for deep settings, or fewer
#          levels. What writes the error can say that it is the type of an input.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'flyte==2.12.1' 'flyteidl2==2.0.51' 'protobuf==7.36.2' \
  'pydantic==2.14.4' 'mashumaro==3.23'
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "depth"
version = "0.0.0"
edition = "2021"

[dependencies]
prost = "=0.14.4"
prost-types = "=0.14.4"

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RUST'
use prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for file in std::env::args().skip(1) {
        let read = prost_types::Struct::decode(&std::fs::read(file)?[..]);
        println!("{}", read.map_or_else(|error| error.to_string(), |_| "read".to_owned()));
    }
    Ok(())
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet
cat > go.mod <<'MOD'
module depth

go 1.25

require google.golang.org/protobuf v1.36.12
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

func main() {
	for _, file := range os.Args[1:] {
		bytes, err := os.ReadFile(file)
		if err == nil {
			err = proto.Unmarshal(bytes, &structpb.Struct{})
		}
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println("read")
	}
}
GO
go mod tidy >/dev/null 2>&1
go build -o depth-go .

cat > schemas.py <<'PY'
import dataclasses
import logging
import pathlib
import subprocess
from typing import Optional

import pydantic
from flyte.types import TypeEngine
from flyteidl2.connector import connector_pb2
from google.protobuf.struct_pb2 import Struct

logging.disable(logging.CRITICAL)
MOST = 20


def plain(inner):
    return inner


def list_or_none(inner):
    return Optional[list[inner]]


def of_dataclasses(levels, wrap):
    kind = dataclasses.make_dataclass("Level0", [("x", int)])
    for level in range(1, levels):
        kind = dataclasses.make_dataclass(f"Level{level}", [("inner", wrap(kind))])
    return kind


def of_models(levels, wrap):
    kind = pydantic.create_model("Level0", x=(int, ...))
    for level in range(1, levels):
        kind = pydantic.create_model(f"Level{level}", inner=(wrap(kind), ...))
    return kind


def is_read(kind, bytes_):
    try:
        kind.FromString(bytes_)
        return True
    except Exception as error:
        assert "MaxDepth" in str(error) or "parsing message" in str(error), error
        return False


def deepest(reads):
    return max(level for level, read in reads.items() if read)


seen = {}
for name, make, wrap in (("dataclasses in each other", of_dataclasses, plain),
                         ("dataclasses as Optional[list]", of_dataclasses, list_or_none),
                         ("models as Optional[list]", of_models, list_or_none)):
    files, python, request = [], {}, {}
    for levels in range(2, MOST + 1):
        kind = TypeEngine.to_literal_type(make(levels, wrap))
        create = connector_pb2.CreateTaskRequest()
        create.template.interface.inputs.variables.add(key="settings").value.type.CopyFrom(kind)
        request[levels] = is_read(connector_pb2.CreateTaskRequest, create.SerializeToString())
        schema = kind.metadata.SerializeToString()
        python[levels] = is_read(Struct, schema)
        files.append(f"{levels}.schema")
        pathlib.Path(files[-1]).write_bytes(schema)
    others = {}
    for language, program in (("prost", "target/debug/depth"), ("Go", "./depth-go")):
        told = subprocess.run([program, *files], check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines()
        others[language] = deepest({int(file.split(".")[0]): line == "read" for file, line in zip(files, told)})
    seen[name] = (deepest(request), deepest(python), others["prost"], others["Go"])
    print(f"{name}, of {MOST} levels: Python reads a request with {seen[name][0]}, a schema alone with {seen[name][1]}; "
          f"prost a schema with {seen[name][2]}, Go one with {seen[name][3]}")
if seen != {
    "dataclasses in each other": (15, 16, 16, MOST),
    "dataclasses as Optional[list]": (7, 7, 7, MOST),
    "models as Optional[list]": (MOST, MOST, MOST, MOST),
}:
    raise SystemExit(f"CHANGED: {seen}")
PY
HOME="$work" venv/bin/python schemas.py
