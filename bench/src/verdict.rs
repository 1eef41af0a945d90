//! How a measuring program ends: its report on standard output, and an exit code that says whether
//! every promise is kept. Each program's `main` ends with this.

use std::fmt::Display;
use std::future::Future;
use std::io::Write as _;
use std::process::ExitCode;

/// The report to print, and whether every promise is kept.
pub type Verdict<E> = Result<(String, bool), E>;

/// Prints the report, or why there is none.
#[must_use]
pub fn print<E: Display>(verdict: Verdict<E>) -> ExitCode {
    match verdict {
        Ok((report, kept)) => {
            let printed = std::io::stdout().write_all(report.as_bytes());
            if kept && printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(problem) => {
            writeln!(std::io::stderr(), "error: {problem}").ok();
            ExitCode::FAILURE
        }
    }
}

/// Measures, unless this is a debug build.
///
/// # Errors
/// It is one, or what the measurement says.
pub fn optimized<E: From<&'static str>>(measure: impl FnOnce() -> Verdict<E>) -> Verdict<E> {
    if cfg!(debug_assertions) {
        Err("a debug build says nothing about speed; run with --release".into())
    } else {
        measure()
    }
}

/// Runs a measurement on a runtime of many threads.
///
/// # Errors
/// The runtime cannot be started, or what the measurement says.
pub fn in_runtime<E: From<std::io::Error>>(
    measure: impl Future<Output = Verdict<E>>,
) -> Verdict<E> {
    tokio::runtime::Runtime::new()?.block_on(measure)
}
