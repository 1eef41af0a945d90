//! The real server over a real socket, for tests that speak the protocol themselves.
//! `running` starts one on free ports; `probe` is a connector that misbehaves on demand, and `vendor`
//! an outside system that a test steers.

pub mod probe;
pub mod running;
pub mod vendor;

pub use running::{Running, Setup};
pub use vendor::Vendor;
