//! What a server binary says about connector crates that its code names, forgets or repeats.
//! Each case runs a binary of `src/bin` the way its operator would.
//! The wording of the messages belongs to `connector-server`; what they must name is checked here.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

mod arrows;
mod debug;
mod release;
mod server;
