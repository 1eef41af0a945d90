//! Hostile bytes for everything that reads bytes, one file for each target.
//! One binary for all of it; `cargo test -p fuzz-tests msgpack` runs one target.
//! How bytes are damaged and how long a target runs is told in the library.

mod corpus;
mod create_task;
mod msgpack;
mod resource_meta;
