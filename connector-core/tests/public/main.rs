//! What connector-core promises, asked from outside as an author's crate does.
//! One binary for all of it. All files see every connector that any of them registers: what the linker collects
//! is asserted in `registry`, so a connector that is registered elsewhere shows up there.

mod flyte1;
mod idempotency;
mod registry;
