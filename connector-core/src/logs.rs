//! Log lines of a job, page by page.
//! `AsyncConnector::get_logs` takes a query and answers with these; the server streams them.
//! How pages are split into wire messages is the server's business.

use std::fmt;
use std::time::SystemTime;

use futures_util::stream::BoxStream;

use crate::error::Result;

/// What the caller asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// How many lines the caller wants at most; `None` leaves it to the connector.
    pub lines: Option<u64>,
    /// The token of the page before; empty for the first page.
    pub token: String,
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written, if the outside system says so.
    pub timestamp: Option<SystemTime>,
    /// The text.
    pub message: String,
    /// Who wrote it.
    pub originator: LogOriginator,
}

impl LogLine {
    /// A line the user's job wrote at that time.
    #[must_use]
    pub fn user(timestamp: SystemTime, message: impl Into<String>) -> Self {
        Self {
            timestamp: Some(timestamp),
            message: message.into(),
            originator: LogOriginator::User,
        }
    }

    /// A line the outside system wrote about the job at that time.
    #[must_use]
    pub fn system(timestamp: SystemTime, message: impl Into<String>) -> Self {
        Self { originator: LogOriginator::System, ..Self::user(timestamp, message) }
    }
}

/// Who wrote a line; numbers as on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(i32)]
pub enum LogOriginator {
    /// Not said.
    #[default]
    Unknown = 0,
    /// The user's job.
    User = 1,
    /// The system that runs it.
    System = 2,
}

/// Some lines, and where the next ones are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPage {
    /// The lines, oldest first.
    pub lines: Vec<LogLine>,
    /// The token to ask for the next page with; `None` after the last one.
    pub next_token: Option<String>,
}

/// A stream of pages; the caller sees each as it comes. Dropped when the caller leaves.
pub type LogStream = BoxStream<'static, Result<LogPage>>;

/// What a connector answers: one page, or a stream of them.
pub enum Logs {
    /// One page.
    Page(LogPage),
    /// Pages as they come.
    Stream(LogStream),
}

impl From<LogPage> for Logs {
    fn from(page: LogPage) -> Self {
        Self::Page(page)
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(page) => f.debug_tuple("Page").field(page).finish(),
            Self::Stream(_) => f.write_str("Stream(..)"),
        }
    }
}
