//! Serves every connector that is linked into a binary to a stock Flyte, over gRPC.
//! Binaries call [`main()`]; tests and embedders use [`Server`].
//!
//! A server of your own is three lines; name every crate that holds connectors, because the linker
//! drops a crate nobody names:
//!
//! ```no_run
//! connector_service::main!(connector_examples);
//! ```

// Arrows point one way: `app` → `server` → `grpc` → `connector-gate` → `connector-core`.

mod about;
mod admin;
mod admission;
mod app;
mod behind;
mod callers;
mod check;
mod cli;
mod config;
mod connection;
mod console;
mod describe;
mod doctor;
mod exit;
mod grpc;
mod held;
mod in_process;
mod layers;
mod limits;
mod linking;
mod listening;
mod log_queue;
mod metrics;
mod nearest;
#[cfg(feature = "otel")]
mod otlp;
pub mod pb;
mod promises;
mod python;
mod reload;
mod reread;
mod roster;
mod run;
mod same_job;
mod scrubbed_lines;
mod seldom;
mod server;
mod shutdown;
#[cfg(test)]
mod shutdown_tests;
mod signals;
mod state;
mod status;
mod status_page;
mod table;
mod telemetry;
mod tls;
mod trust;
mod unpacked;
mod unread;
mod upstream;
mod wanted;
mod workers;

use std::process::ExitCode;

pub use about::About;
pub use admission::Peer;
pub use in_process::InProcess;
pub use layers::LayeredService;
pub use limits::Limits;
pub use same_job::CreatedTwice;
pub use server::{Server, ServerBuilder, ServerError};
pub use shutdown::Ended;

/// The README's code, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// Runs the command line: reads arguments and environment, serves, and says how it ended.
///
/// Exit codes: 0 after a clean end, 1 when the server cannot start or serve or the task of `run`
/// failed, 2 when the command line is wrong or `run` cannot start, 3 when calls or creates were cut off
/// by the end of the server.
///
/// It starts a runtime of its own, so `main` is not async; within another runtime it ends with an error
/// that says so. The exit code is to be returned: a `main` that drops it ends with 0 whatever happened.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     connector_service::main()
/// }
/// ```
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// fn main() {
///     connector_service::main();
/// }
/// ```
#[must_use = "return it from `fn main() -> ExitCode`: dropped, every failure ends with exit code 0"]
pub fn main() -> ExitCode {
    About::new().main()
}

/// A `main` function that links the crates named and serves their connectors.
///
/// ```no_run
/// connector_service::main!(connector_examples);
/// ```
#[macro_export]
macro_rules! main {
    ($($connectors:ident),* $(,)?) => {
        $(use $connectors as _;)*

        fn main() -> ::std::process::ExitCode {
            $crate::main()
        }
    };
}
