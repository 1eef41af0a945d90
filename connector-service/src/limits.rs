//! The bounds of every call: sizes and times.
//! `cli` reads them from flags, `server` hands them to the services.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use connector_gate::{LiveBound, TextLimit};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// Sizes and times that bound every call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest request taken, in bytes. Default 16 MiB.
    pub max_request_bytes: usize,
    /// The largest answer sent, in bytes. Default 4 MiB: what a stock executor receives.
    pub max_response_bytes: usize,
    /// The longest text of an error, and of a job's state, in bytes once percent-encoded. Default
    /// 3.5 KiB, which stock proxies let through; at least 256.
    pub max_error_bytes: usize,
    /// The longest a call may take, whatever the caller allows. Default 60 s. A create goes on
    /// without its caller, see [`connector_core::Policy::create_limit`].
    pub max_call: Duration,
    /// How many connections the gRPC port may have at a time; more are refused with the reason. Default
    /// 4,096.
    pub max_connections: usize,
    /// The longest a connection may take to begin, and for its TLS handshake. Default 10 s.
    pub handshake: Duration,
    /// How many calls one connection may have at a time, which it is told. Default 1,024.
    pub max_streams: u32,
    /// How long a request may take to arrive. Default 30 s.
    pub request: Duration,
    /// How many bytes all requests under way may hold, those up to 64 KiB apart; what is more is answered with
    /// `RESOURCE_EXHAUSTED`. Default 64 MiB.
    pub max_inflight_bytes: usize,
    /// How old a connection may become; its calls then have the grace time. Default: as old as it likes.
    pub max_connection_age: Option<Duration>,
    /// How long the server goes on as before once it is told to stop, while its health says
    /// `NOT_SERVING` already: for as long as whoever sends it calls needs to see that. Default 0.
    pub lame_duck: Duration,
    /// How long running calls may go on after that. Default 20 s.
    pub grace: Duration,
}

impl Limits {
    /// What cuts the texts of errors and states.
    pub(crate) const fn texts(&self) -> TextLimit {
        TextLimit::new(self.max_error_bytes)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_request_bytes: 16 * 1024 * 1024,
            max_response_bytes: 4 * 1024 * 1024,
            max_error_bytes: TextLimit::DEFAULT_BYTES,
            max_call: Duration::from_secs(60),
            max_connections: 4_096,
            handshake: Duration::from_secs(10),
            max_streams: 1_024,
            request: Duration::from_secs(30),
            max_inflight_bytes: 64 * 1024 * 1024,
            max_connection_age: None,
            lame_duck: Duration::ZERO,
            grace: Duration::from_secs(20),
        }
    }
}

/// The limits of one server, which may change while it runs. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct LiveLimits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    now: ArcSwap<Limits>,
    connections: LiveBound,
}

impl LiveLimits {
    pub(crate) fn new(limits: Limits) -> Self {
        let connections = LiveBound::new(limits.max_connections);
        Self(Arc::new(Shared { now: ArcSwap::from_pointee(limits), connections }))
    }

    /// The limits of this moment.
    pub(crate) fn now(&self) -> Guard<Arc<Limits>> {
        self.0.now.load()
    }

    /// The places of connections.
    pub(crate) fn connections(&self) -> Arc<Semaphore> {
        self.0.connections.places()
    }

    /// Goes by those from now on, but for the size of requests and of errors' texts: what reads and cuts them
    /// was made with theirs. On the current runtime.
    pub(crate) fn set(&self, limits: Limits) {
        let Limits { max_request_bytes, max_error_bytes, .. } = **self.now();
        self.0.connections.set(limits.max_connections, &Handle::current());
        self.0.now.store(Arc::new(Limits { max_request_bytes, max_error_bytes, ..limits }));
    }
}
