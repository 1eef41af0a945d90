//! Connectors that teach, and that tests drive: each to be read from top to bottom.
//! A server binary links them by naming this crate (`use connector_examples as _;`).
//! Production connectors do not belong here.

pub mod batch_job;
pub mod echo;
pub mod simulator;
pub mod sync_echo;
pub mod typed_echo;
