//! The server's own log: lines on standard error, as text or JSON.
//! `app` sets it up once, as the flags say (`cli`, `run`); libraries and embedders bring their own subscriber.

use std::error::Error;
use std::io;
use std::sync::OnceLock;

use clap::ValueEnum;
use connector_gate::{KnownSecrets, panic_message};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::{Handle, Layer as Reloadable};
use tracing_subscriber::util::SubscriberInitExt as _;
#[cfg(feature = "otel")]
use tracing_subscriber::{Registry, layer::Layer};

use crate::log_queue::LogQueue;
use crate::scrubbed_lines::ScrubbedLines;

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The queue of this process, if it has one.
static QUEUE: OnceLock<LogQueue> = OnceLock::new();

/// Changes the level of this process's log, if it has one.
static LEVEL: OnceLock<Box<ChangeLevel>> = OnceLock::new();

/// Makes another level of the one there is.
type ChangeLevel = dyn Fn(&dyn Fn(LevelFilter) -> LevelFilter) + Send + Sync;

/// Logs from that level on.
pub(crate) fn set_level(level: LevelFilter) {
    change_level(&|_before| level);
}

/// Logs from that level on, or as much as before if that is more.
pub(crate) fn at_least(level: LevelFilter) {
    change_level(&|before| before.max(level));
}

fn change_level(change: &dyn Fn(LevelFilter) -> LevelFilter) {
    if let Some(change_level) = LEVEL.get() {
        change_level(change);
    }
}

/// Has the level changed through that handle from now on.
fn keep<S: 'static>(handle: Handle<LevelFilter, S>) {
    let change_level = move |change: &dyn Fn(LevelFilter) -> LevelFilter| {
        // It fails when the log is gone.
        handle.modify(|level| *level = change(*level)).ok();
    };
    LEVEL.set(Box::new(change_level)).ok();
}

/// Reads a level of the log.
pub(crate) fn log_level(text: &str) -> Result<LevelFilter, String> {
    text.parse().map_err(|_| "the levels are off, error, warn, info, debug and trace".to_owned())
}

/// Starts the log of a server, from `level` on: no call ever waits for whoever reads it.
pub(crate) fn start(level: LevelFilter, format: LogFormat) -> Option<&'static LogQueue> {
    let told =
        |lines| tracing::warn!(lines, "log lines were dropped: nobody read them fast enough");
    let Ok(queue) = LogQueue::before(io::stderr(), told) else {
        start_direct(level, format);
        return None;
    };
    let queue = QUEUE.get_or_init(|| queue);
    start_before(queue.clone(), level, format);
    Some(queue)
}

/// Starts a log that is in order with what else goes to standard error, for commands that people wait for.
pub(crate) fn start_direct(level: LevelFilter, format: LogFormat) {
    start_before(io::stderr, level, format);
}

/// Sends what is left of spans that are exported.
pub(crate) fn end() {
    #[cfg(feature = "otel")]
    crate::otlp::end();
}

/// How many lines of the log were given up.
pub(crate) fn dropped_lines() -> u64 {
    QUEUE.get().map_or(0, LogQueue::dropped)
}

/// Makes panics log lines, too. Every line passes without the secrets that this process has seen.
fn start_before<W>(sink: W, level: LevelFilter, format: LogFormat)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let sink = ScrubbedLines::new(KnownSecrets::of_process(), sink);
    let lines = Lines { sink, level, format };
    #[cfg(feature = "otel")]
    let started = match crate::otlp::layer() {
        Ok(Some(spans)) => lines.start_beside(spans),
        Ok(None) => lines.start(),
        Err(problem) => {
            let started = lines.start();
            tracing::error!("spans are not exported, as {problem}");
            started
        }
    };
    #[cfg(not(feature = "otel"))]
    let started = lines.start();
    if started.is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let message = panic_message(panic.payload());
            tracing::error!(place, "panic: {message}");
        }));
    }
}

/// Where log lines go, and which of them.
struct Lines<W> {
    sink: W,
    level: LevelFilter,
    format: LogFormat,
}

impl<W> Lines<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    /// Starts the log alone.
    fn start(self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let lines =
            tracing_subscriber::fmt::layer().with_writer(self.sink).with_ansi(is_terminal());
        let (level, handle) = Reloadable::new(self.level);
        let all = tracing_subscriber::registry().with(level);
        match self.format {
            LogFormat::Text => all.with(lines).try_init()?,
            LogFormat::Json => all.with(lines.json()).try_init()?,
        }
        keep(handle);
        Ok(())
    }

    /// Starts the log beside what else looks at spans.
    #[cfg(feature = "otel")]
    fn start_beside(
        self,
        spans: impl Layer<Registry> + Send + Sync,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let lines =
            tracing_subscriber::fmt::layer().with_writer(self.sink).with_ansi(is_terminal());
        let all = tracing_subscriber::registry().with(spans);
        // Of the lines alone: spans are exported at every level.
        match self.format {
            LogFormat::Text => {
                let (level, handle) = Reloadable::new(self.level);
                all.with(lines.with_filter(level)).try_init()?;
                keep(handle);
            }
            LogFormat::Json => {
                let (level, handle) = Reloadable::new(self.level);
                all.with(lines.json().with_filter(level)).try_init()?;
                keep(handle);
            }
        }
        Ok(())
    }
}

fn is_terminal() -> bool {
    io::IsTerminal::is_terminal(&io::stderr())
}
