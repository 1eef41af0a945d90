#!/usr/bin/env bash
# Two times on which jiff and a protobuf Timestamp do not meet.
#
# Guess:   jiff::Timestamp covers what a Timestamp can hold (years 1 to 9999), and its seconds and nanoseconds are the
#          two fields of the message.
# Happens: jiff 0.2.46 ends at 9999-12-30T22:00, 26 hours before Python's datetime.max, the usual "never expires": it
#          is refused. And before 1970 both parts are negative: half a second before 1970-01-01 is -0 s and -500000000
#          ns, where the message wants -1 s and +500000000 ns. Copied over, protobuf 7.36.2 for Python calls that
#          invalid.
# Matters: the fraction shows only with old dates and the end only with datetime.max, so neither is met in tests. Use
#          Euclidean division for the seconds; let the last day be an error that names the input.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'protobuf==7.36.2'
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "moment"
version = "0.0.0"
edition = "2021"

[dependencies]
jiff = { version = "=0.2.46", default-features = false, features = ["std"] }

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RUST'
//! Prints seconds and nanoseconds of each RFC 3339 time as jiff has them.
use jiff::Timestamp;

fn main() {
    for text in std::env::args().skip(1) {
        match text.parse::<Timestamp>() {
            Ok(time) => println!("{} {}", time.as_second(), time.subsec_nanosecond()),
            Err(_) => println!("refused, the last is {}", Timestamp::MAX),
        }
    }
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet

cat > moments.py <<'PY'
import datetime
import subprocess

from google.protobuf.timestamp_pb2 import Timestamp

utc = datetime.timezone.utc
moments = {}
for moment in (datetime.datetime.max, datetime.datetime(1969, 12, 31, 23, 59, 59, 500000)):
    message = Timestamp()
    message.FromDatetime(moment.replace(tzinfo=utc))
    moments[moment.isoformat() + "Z"] = f"{message.seconds} {message.nanos}"
rust = subprocess.run(["target/debug/moment", *moments], text=True, stdout=subprocess.PIPE, check=True).stdout
for (moment, message), jiff in zip(moments.items(), rust.splitlines()):
    print(f"{moment}: Python's Timestamp {message} | jiff 0.2.46 {jiff}")
never, old = rust.splitlines()
seconds, nanos = map(int, old.split())
try:
    verdict = Timestamp(seconds=seconds, nanos=nanos).ToJsonString()
except ValueError as error:
    verdict = f"ValueError: {error}"
print("jiff's two parts as a message, read by Python:", verdict)
if never != "refused, the last is 9999-12-30T22:00:00.999999999Z" or old != "0 -500000000":
    raise SystemExit("CHANGED: jiff holds other times now")
if not verdict.startswith("ValueError"):
    raise SystemExit("CHANGED: Python accepts negative nanoseconds now")
PY
venv/bin/python moments.py
