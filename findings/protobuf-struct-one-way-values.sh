#!/usr/bin/env bash
# A NaN goes into a Struct and cannot be read out of it; a Value that is empty is null for one reader, an error for
# another.
#
# Guess:   what json_format.Parse accepts for a Struct, MessageToDict gives back, and Go and Rust see the same.
# Happens: protobuf 7.36.2 (Python) parses NaN into custom_info and then refuses to print that very message; Go's
#          protojson 1.36.12 and prost-reflect 0.16.5 refuse it too. A Value without a kind, as a sender makes it who
#          creates the entry and sets nothing, is null for Python and prost-reflect, an error for Go.
# Matters: one metric that is NaN makes the whole custom_info, and with it every poll that shows it, unreadable behind
#          the connector, not in it. Write NaN as text and nothing as NullValue, at any depth.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'protobuf==7.36.2'
cat > go.mod <<'MOD'
module show

go 1.25

require google.golang.org/protobuf v1.36.12
MOD
cat > main.go <<'GO'
package main

import (
	"encoding/hex"
	"fmt"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

func main() {
	for _, arg := range os.Args[1:] {
		data, _ := hex.DecodeString(arg)
		message := &structpb.Struct{}
		if err := proto.Unmarshal(data, message); err != nil {
			panic(err)
		}
		text, err := protojson.Marshal(message)
		if err != nil {
			fmt.Println("refused:", err)
		} else {
			fmt.Println(string(text))
		}
	}
}
GO
go mod tidy >/dev/null 2>&1
go build -o show-go .
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "show-rust"
version = "0.0.0"
edition = "2021"

[dependencies]
prost-reflect = { version = "=0.16.5", features = ["serde"] }
serde_json = "=1.0.154"
TOML
cat > src/main.rs <<'RUST'
use prost_reflect::{DescriptorPool, DynamicMessage};

fn main() {
    let pool = DescriptorPool::global();
    let kind = pool.get_message_by_name("google.protobuf.Struct").unwrap();
    for arg in std::env::args().skip(1) {
        let data: Vec<u8> = (0..arg.len()).step_by(2).map(|i| u8::from_str_radix(&arg[i..i + 2], 16).unwrap()).collect();
        let message = DynamicMessage::decode(kind.clone(), &data[..]).unwrap();
        println!("{}", serde_json::to_string(&message).unwrap_or_else(|error| format!("refused: {error}")));
    }
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet

cat > show.py <<'PY'
import subprocess

import google.protobuf
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

nan = json_format.Parse('{"loss": NaN}', Struct())
empty = Struct()
_ = empty.fields["loss"]  # Looking an entry of a message map up creates it, without a kind.
messages = {"NaN": nan, "a Value without kind": empty}


def show(message):
    try:
        return json_format.MessageToJson(message, indent=None)
    except ValueError as error:
        return f"refused: {error}"


python = [show(message) for message in messages.values()]
wire = [message.SerializeToString().hex() for message in messages.values()]
go, rust = (subprocess.run([program, *wire], text=True, stdout=subprocess.PIPE, check=True).stdout.splitlines()
            for program in ("./show-go", "target/debug/show-rust"))
for number, name in enumerate(messages):
    print(f"{name}:")
    print(f"  Python, protobuf {google.protobuf.__version__}: {python[number]}")
    print(f"  Go, protobuf 1.36.12:    {go[number]}")
    print(f"  Rust, prost-reflect 0.16.5: {rust[number]}")
refused = [[text.startswith("refused") for text in texts] for texts in (python, go, rust)]
if refused != [[True, False], [True, True], [True, False]]:
    raise SystemExit("CHANGED: other readers refuse now")
PY
venv/bin/python show.py
