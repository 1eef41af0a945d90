//! A full test of a connector: what it makes of the vendor's answers, and the executor's rules.
//!
//! `recorded` replays the vendor from files. This records them anew, from the fake farm in `vendor`;
//! with a real vendor the command is the same:
//!
//! ```sh
//! CONNECTOR_TESTING_RECORD=1 cargo test -p rest-jobs-connector recorded
//! ```

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail loudly")]

mod recorded;
mod rules;
mod vendor;
