//! The real server over a real socket, for tests that speak the protocol themselves.
//! `running` starts one on free ports, `program` one as a process (with `certificates` for TLS), `slow_link` one at the end of a long line; `probe` is a connector that misbehaves on demand, and `vendor`
//! an outside system that a test steers.

pub mod certificates;
pub mod probe;
pub mod program;
pub mod running;
pub mod slow_link;
pub mod vendor;

pub use running::{Running, Setup};
pub use vendor::Vendor;
