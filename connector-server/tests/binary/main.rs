//! The shipped binary as its users have it: started as a process, asked over its ports.
#![cfg(feature = "examples")]
#![expect(clippy::unwrap_used, reason = "tests may fail loudly, and so may what they share")]

#[cfg(all(feature = "bigquery", feature = "databricks"))]
mod doctor;
#[cfg(unix)]
mod ending;
#[cfg(unix)]
mod environment;
#[cfg(unix)]
mod logging;
#[cfg(unix)]
mod run;
mod secrets;
mod serving;
mod state;
mod version;
