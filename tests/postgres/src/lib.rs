//! A real PostgreSQL for tests that need one, and a real `PgBouncer` before it. Where they are not installed,
//! tests are skipped, and say so; in CI they must be there.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test has no better way to fail; what tests share is not excepted by itself"
)]

mod authority;
mod engine;
mod pooler;

pub use authority::{Authority, Certificate};
pub use engine::{Engine, PASSWORD};
pub use pooler::Pooler;
