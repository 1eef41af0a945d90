//! A real PostgreSQL for tests that need one. Where it is not installed, tests are skipped, and say so; in CI
//! it must be there.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test has no better way to fail; what tests share is not excepted by itself"
)]

mod authority;
mod engine;

pub use authority::{Authority, Certificate};
pub use engine::{Engine, PASSWORD};
