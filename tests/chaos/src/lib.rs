//! Chaos: thousands of jobs under vendor errors, slow calls, panics, haste, crashes and restarts.
//! The vendor lives in the test process and keeps the ledger; the server is a process of its own; the
//! fake executor of `connector-testing` drives it. What must hold stands in `tests/chaos.rs`.

mod beyond;
pub mod connector;
pub mod lives;
pub mod message;
pub mod one_pace;
pub mod outcome;
pub mod pace;
pub mod paced;
pub mod plan;
pub mod replicas;
pub mod server;
pub mod storm;
pub mod vendor;
pub mod vendors;
