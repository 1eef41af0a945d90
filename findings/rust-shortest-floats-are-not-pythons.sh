#!/usr/bin/env bash
# A float has more than one shortest spelling, and Rust's standard library chooses otherwise than everybody else.
#
# Guess:   "the shortest digits that read back" are one text: Rust's `{}` and Python's repr() agree on every float that
#          neither writes with an exponent.
# Happens: Rust 1.95: where two spellings of one length are equally near to the value, `{}` and `{:e}` take the one
#          further from zero, while Python 3.11, Go 1.26, ryu 1.0.23, zmij 1.0.23 and serde_json 1.0.154 take the one
#          with the even last digit. Of floats with 3 to 12 binary places that fill all 53 bits it is one in thirty.
# Matters: both texts read back to the same float, so no test of a round trip sees it; but bytes that are compared, hashed
#          or used as a key (metadata of a job, a cache key, a signature) differ between two languages, and between two
#          Rust programs of which one asks serde_json. Where text has to be Python's, take a shortest-digits crate.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p rust/src go
cat > rust/Cargo.toml <<'TOML'
[package]
name = "spell"
version = "0.1.0"
edition = "2024"

[dependencies]
ryu = "=1.0.23"
serde_json = "=1.0.154"
zmij = "=1.0.23"
TOML
cat > rust/src/main.rs <<'RUST'
fn main() {
    for word in std::env::args().skip(1) {
        let value = f64::from_bits(u64::from_str_radix(&word, 16).expect("sixteen hex digits"));
        println!(
            "{value} {value:?} {} {} {}",
            serde_json::to_string(&value).expect("a number"),
            ryu::Buffer::new().format(value),
            zmij::Buffer::new().format(value),
        );
    }
}
RUST
cat > go/main.go <<'GO'
package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
)

func main() {
	for _, word := range os.Args[1:] {
		bits, err := strconv.ParseUint(word, 16, 64)
		if err != nil {
			panic(err)
		}
		fmt.Println(strconv.FormatFloat(math.Float64frombits(bits), 'f', -1, 64))
	}
}
GO
CARGO_TARGET_DIR="$work/target" cargo build --quiet --manifest-path rust/Cargo.toml
(cd go && go mod init spell >/dev/null 2>&1 && go build -o ../spell-go .)

cat > compare.py <<'PY'
import random
import struct
import subprocess
import sys

rng = random.Random(5)
values = [2075868951656371.25, 23989586323222.8125, 681397198638.15625]
values += [rng.randrange(2**52, 2**53) / 2**rng.randrange(3, 13) for _ in range(3000)]
words = [struct.pack(">d", value).hex() for value in values]


def ask(program):
    return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout.splitlines()


rust = [line.split() for line in ask("target/debug/spell")]
go = ask("./spell-go")
python = [repr(value) for value in values]
print("Python", sys.version.split()[0])
for value, texts, other in list(zip(python, rust, go))[:3]:
    print(f"Python {value} | Rust {{}} {texts[0]} {{:?}} {texts[1]} | serde_json {texts[2]} ryu {texts[3]} zmij {texts[4]} | Go {other}")
whole = [text.removesuffix(".0") for text in python]
differ = {
    "Rust {}": sum(texts[0] != text for texts, text in zip(rust, whole)),
    "serde_json": sum(texts[2] != text for texts, text in zip(rust, python)),
    "ryu": sum(texts[3] != text for texts, text in zip(rust, python)),
    "zmij": sum(texts[4] != text for texts, text in zip(rust, python)),
    "Go": sum(other != text for other, text in zip(go, whole)),
}
print(f"spelled otherwise than by Python, of {len(values)} floats:", differ)
if any(float(texts[0]) != value for texts, value in zip(rust, values)):
    raise SystemExit("CHANGED: Rust's text does not read back")
if differ["Rust {}"] < 3:
    raise SystemExit("CHANGED: Rust's standard library spells floats as Python does")
if any(differ[name] for name in ("serde_json", "ryu", "zmij", "Go")):
    raise SystemExit("CHANGED: not only Rust's standard library differs")
PY
python3 compare.py
