//! The real server over a real socket, for tests that speak the protocol themselves.
//! `running` starts one on free ports; `probe` is a connector that misbehaves on demand.

pub mod probe;
pub mod running;

pub use running::Running;
