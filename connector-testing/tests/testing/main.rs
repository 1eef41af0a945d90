//! The kit for authors: executor, harness, cassettes and rules, each held against what it judges.
//! One binary for all of it; a folder is a subject that takes more than one file.
//! Rules of real connectors are judged in `examples`, rules that must fail in `broken`.

mod broken;
mod cassette;
mod examples;
mod executor;
mod harness;
