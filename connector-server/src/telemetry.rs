//! The server's own log: lines on standard error, as text or JSON.
//! `app` sets it up once; libraries and embedders bring their own subscriber.

use tracing_subscriber::filter::LevelFilter;

use crate::cli::LogFormat;
use crate::scrub::KnownSecrets;
use crate::scrub::writer::ScrubbedLines;

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
            let message = crate::gate::panic_message(panic.payload());
            tracing::error!(place, "panic: {message}");
        }));
    }
}
