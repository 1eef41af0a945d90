#!/usr/bin/env bash
# A log that one thread watches is empty if another thread came to the same line of code first.
#
# Guess:   a subscriber that `set_default` or `with_default` sets for a thread gets what that thread says from then on;
#          what other threads do, which have none, is no matter.
# Happens: tracing 0.1.44 with tracing-core 0.1.36: whether anybody wants an event is asked once, when its line is first
#          reached, and remembered for the process. While the process has one subscriber, who is asked is the thread that
#          got there: one without a subscriber answers "nobody", and the thread that watches hears nothing of that line any
#          more. With a second subscriber alive, of whatever kind, all of them are asked, and the event is seen.
# Matters: a test that looks for what a connector logs fails now and then beside others, and one that looks for what it must
#          not log (a secret) passes on an empty log. Keep a second `Dispatch` alive in such a test, and ask for a line that
#          must be there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "watch"
version = "0.1.0"
edition = "2024"

[dependencies]
tracing = "=0.1.44"
tracing-core = "=0.1.36"
tracing-subscriber = "=0.3.23"
TOML
cat > src/main.rs <<'RUST'
use std::sync::{Arc, Mutex};
use std::{io, thread};

use tracing::subscriber::{NoSubscriber, set_default};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn poll() {
    tracing::info!("a job was polled");
}

fn main() {
    let wish = std::env::args().nth(1).expect("alone, first or second");
    let log = Log::default();
    let sink = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || sink.clone()).finish();
    let _second = (wish == "second").then(|| tracing::Dispatch::new(NoSubscriber::default()));
    let _watching = set_default(subscriber);
    if wish != "alone" {
        thread::spawn(poll).join().unwrap();
    }
    poll();
    poll();
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    println!("{}", text.lines().count());
}
RUST
cargo build --quiet
alone=$(target/debug/watch alone)
first=$(target/debug/watch first)
second=$(target/debug/watch second)
echo "two events of the thread that watches, seen: $alone alone, $first where another thread came first, $second with a second subscriber"
if [ "$alone $first $second" != "2 0 2" ]; then
  echo "CHANGED: a thread's subscriber and lines that another thread reached first: $alone $first $second, not 2 0 2"
  exit 1
fi
