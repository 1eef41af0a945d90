//! The store's promises on both databases: SQLite in a temporary folder, and a real PostgreSQL, which the tests
//! start; without one they say what they skipped.
//!
//! Databases follow the wall clock, so time cannot be paused: leases are short, and what is waited for is asked
//! for again, not slept for.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test has no better way to fail; what tests share is not excepted by itself"
)]

mod away;
mod database;
mod encrypted;
mod listing;
mod peers;
mod pooled;
mod promises;
mod proxy;
mod secrets;

/// One test on both databases.
macro_rules! on_both {
    ($($name:ident)*) => { $(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(crate::database::Database::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(database) = crate::database::Database::postgres().await {
                    super::$name(database).await;
                }
            }
        }
    )* };
}
use on_both;
