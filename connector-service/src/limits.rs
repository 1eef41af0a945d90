//! The bounds of every call: sizes and times.
//! `cli` reads them from flags, `server` hands them to the services.

use std::time::Duration;

/// Sizes and times that bound every call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest request taken, in bytes. Default 16 MiB.
    pub max_request_bytes: usize,
    /// The largest answer sent, in bytes. Default 4 MiB: what a stock executor receives.
    pub max_response_bytes: usize,
    /// The longest a call may take, whatever the caller allows. Default 60 s. A create goes on
    /// without its caller, see [`connector_core::Policy::create_limit`].
    pub max_call: Duration,
    /// How long running calls may go on once the server is told to stop. Default 20 s.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_request_bytes: 16 * 1024 * 1024,
            max_response_bytes: 4 * 1024 * 1024,
            max_call: Duration::from_secs(60),
            grace: Duration::from_secs(20),
        }
    }
}
