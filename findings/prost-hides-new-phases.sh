#!/usr/bin/env bash
# A phase that the build does not know reads as UNDEFINED, and disappears from a list.
#
# Guess:   prost's getter of an enum field tells an unknown number apart, or hands the number out.
# Happens: with prost 0.14.4 the getter of a single field gives the default, number 0, for every number it does not
#          know; the getter of a repeated field leaves unknown ones out, so three entries are two. The field itself
#          still holds the number, and it is written back as it came.
# Matters: Flyte's list of phases has grown before. UNDEFINED is an error to Flyte's executor; here it only means
#          "newer than this build", and a proxy that goes by the getter turns a good job into a broken one. Match on
#          the number with try_from.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "phases"
version = "0.0.0"
edition = "2021"

[dependencies]
prost = "=0.14.4"
TOML
cat > src/main.rs <<'RUST'
use prost::Message;

/// The phases as an older build knows them: without RETRYABLE_FAILED.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
enum Phase {
    Undefined = 0,
    Queued = 1,
    Running = 2,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Resource {
    #[prost(enumeration = "Phase", tag = "5")]
    phase: i32,
    #[prost(enumeration = "Phase", repeated, tag = "6")]
    history: Vec<i32>,
}

fn main() {
    let wire = [0x28, 8, 0x32, 3, 1, 8, 2];
    let resource = Resource::decode(&wire[..]).unwrap();
    let (phase, history): (Phase, Vec<Phase>) = (resource.phase(), resource.history().collect());
    println!("prost 0.14.4, on the wire: phase 8, history [1, 8, 2]");
    println!("getters: phase {phase:?}, history {history:?}");
    println!("fields:  phase {}, history {:?}", resource.phase, resource.history);
    println!("try_from: {:?}", Phase::try_from(resource.phase));
    let same = phase == Phase::Undefined && history == [Phase::Queued, Phase::Running];
    if !same || Phase::try_from(resource.phase).is_ok() || resource.encode_to_vec() != wire {
        eprintln!("CHANGED: unknown numbers read otherwise now");
        std::process::exit(1);
    }
}
RUST
CARGO_TARGET_DIR=target cargo run --quiet
