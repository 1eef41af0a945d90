//! The connector on a real PostgreSQL, which the tests start: read it as a model for your own tests.
//! `calls` drives it call by call, `executor` as Flyte does, crashes included.
//!
//! PostgreSQL is another process and follows the wall clock, so time cannot be paused: polls come
//! every few milliseconds instead, statements that must be seen running sleep for a moment, and what
//! is waited for is asked for, not slept for.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test has no better way to fail; what tests share is not excepted by itself"
)]

mod calls;
mod cancels;
mod crashes;
mod database;
mod encrypted;
mod executor;
mod limits;
mod pooled;
mod remarks;

/// The database of this test, or the end of the test where there is no PostgreSQL.
macro_rules! database_or_skip {
    () => {
        match $crate::database::Database::new().await {
            Some(database) => database,
            None => return,
        }
    };
}
use database_or_skip;
