#!/usr/bin/env bash
# A length of time from a pydantic model has years in it, and a Rust reader makes another length of it.
#
# Guess:   pydantic writes a timedelta as ISO 8601 hours and seconds, which any duration parser takes.
# Happens: pydantic 2.14.4 writes days as days and 365 of them as a year: 800 days and 1.5 s are P2Y70DT1.5S. jiff
#          0.2.46 refuses even P1D as a SignedDuration; as a Span it parses, and turned into a length from 1 January
#          2024 it is 801 days, since that is a leap year.
# Matters: Flyte models carry timeouts this way (dataclasses: a float of seconds instead). A reader takes years as 365
#          days, months as 30, as pydantic itself reads them, and never asks a calendar.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'pydantic==2.14.4'
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "span"
version = "0.0.0"
edition = "2021"

[dependencies]
jiff = { version = "=0.2.46", default-features = false, features = ["std"] }

[profile.dev]
debug = false
TOML
cat > src/main.rs <<'RUST'
use jiff::{civil::date, SignedDuration, Span};

fn main() {
    for text in std::env::args().skip(1) {
        let exact = text.parse::<SignedDuration>().map(|length| length.as_secs_f64()).map_err(|_| "refused");
        let span: Result<Span, _> = text.parse();
        let days = span.and_then(|span| span.to_duration(date(2024, 1, 1))).map(|length| length.as_secs_f64() / 86400.0);
        println!("{text}: as SignedDuration {exact:?}, as Span from 2024-01-01 {:.6} days", days.unwrap_or(f64::NAN));
    }
}
RUST
CARGO_TARGET_DIR=target cargo build --quiet

cat > model.py <<'PY'
import datetime
import json
import subprocess

import pydantic


class Job(pydantic.BaseModel):
    timeout: datetime.timedelta


spans = [datetime.timedelta(seconds=90.5), datetime.timedelta(days=1), datetime.timedelta(days=800, seconds=1.5)]
texts = [json.loads(Job(timeout=span).model_dump_json())["timeout"] for span in spans]
print("pydantic", pydantic.VERSION, dict(zip(map(str, spans), texts)))
month = Job(timeout="P1M").timeout
print("pydantic reads P1M as", month)
rust = subprocess.run(["target/debug/span", *texts], text=True, stdout=subprocess.PIPE, check=True).stdout
print("jiff 0.2.46\n" + rust.rstrip())
lines = rust.splitlines()
if texts != ["PT1M30.5S", "P1D", "P2Y70DT1.5S"] or month != datetime.timedelta(days=30):
    raise SystemExit("CHANGED: pydantic writes or reads otherwise now")
if "Ok(90.5)" not in lines[0] or "refused" not in lines[1] or "801.000017 days" not in lines[2]:
    raise SystemExit("CHANGED: jiff reads otherwise now")
PY
venv/bin/python model.py
