//! What must outlive a process of the connector service, in SQLite or PostgreSQL: who is creating the job of
//! an attempt, what that was answered, and which jobs are still to be cancelled.
//!
//! [`Store`] is a [`StateStore`](connector_gate::state_store::StateStore), whose documentation has the
//! promises. It never fails a call: while the database is away it says [`Claim::Alone`] at once, keeps what
//! it is told, and writes it when the database is back. [`Listing`] is what people see of the same rows.
//!
//! The guide's page on replicas tells operators what is stored, what never is, and what it costs.
//!
//! [`Claim::Alone`]: connector_gate::state_store::Claim::Alone
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    expect(dead_code, reason = "there is no database to say it to")
)]
// One way down: store, listing → engine → the two databases. What a statement says stands in `statements`, the
// tables in `schema`. No rule of the gate may come in: this crate keeps rows and knows no connector.

mod access;
mod address;
mod engine;
mod listing;
mod passfile;
mod schema;
mod settings;
mod statements;
mod store;

pub use access::Access;
pub use address::{Address, redacted};
pub use listing::{Cancelled, Entry, Listing};
pub use settings::Settings;
pub use store::{Readings, Store};
