//! The server's own log: lines on standard error, as text or JSON.
//! `app` sets it up once, as the flags say (`cli`, `run`); libraries and embedders bring their own subscriber.

use clap::ValueEnum;
use connector_gate::{KnownSecrets, panic_message};
use tracing_subscriber::filter::LevelFilter;

use crate::scrubbed_lines::ScrubbedLines;

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Reads a level of the log.
pub(crate) fn log_level(text: &str) -> Result<LevelFilter, String> {
    text.parse().map_err(|_| "the levels are off, error, warn, info, debug and trace".to_owned())
}

/// Starts logging from `level` on, and makes panics log lines. Every line passes without the secrets
/// that this process has seen.
pub(crate) fn start(level: LevelFilter, format: LogFormat) {
    let lines = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(ScrubbedLines::new(KnownSecrets::of_process(), std::io::stderr))
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    let started = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    if started.is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let message = panic_message(panic.payload());
            tracing::error!(place, "panic: {message}");
        }));
    }
}
