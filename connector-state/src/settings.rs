//! What an operator says of the state.

use std::time::Duration;

use crate::address::Address;

/// Where the state is kept, and how long anything may take.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The database.
    pub address: Address,
    /// How long a claim holds without being renewed. It is renewed three times as often.
    pub lease: Duration,
    /// How long the database may take for one trip, the connection included, before the process goes on
    /// alone.
    pub time_out: Duration,
    /// The most connections to PostgreSQL.
    pub connections: usize,
}

impl Settings {
    /// That database, with a lease of 10 s, a second for each trip, and four connections.
    #[must_use]
    pub const fn new(address: Address) -> Self {
        Self {
            address,
            lease: Duration::from_secs(10),
            time_out: Duration::from_secs(1),
            connections: 4,
        }
    }

    /// Another lease.
    #[must_use]
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Another time for each trip.
    #[must_use]
    pub const fn time_out(mut self, time_out: Duration) -> Self {
        self.time_out = time_out;
        self
    }

    /// More connections, or fewer.
    #[must_use]
    pub const fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }
}
