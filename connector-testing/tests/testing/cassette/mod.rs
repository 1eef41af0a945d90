//! Cassettes: which answer a request gets, what a misfit says, what a recording keeps and hides.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod asked;
mod files;
#[cfg(feature = "record")]
mod recording;
mod replay;
mod time;
