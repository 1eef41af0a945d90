//! The log of a job, for [`AsyncConnector::get_logs`](crate::AsyncConnector::get_logs).
//!
//! A [`LogQuery`] brings the token of the page before, or none for the first page. The answer is one
//! [`LogPage`] with the token of the next, or a stream of pages:
//!
//! ```
//! use connector_core::prelude::*;
//!
//! fn answer(query: &LogQuery) -> Result<Logs> {
//!     match query.token.as_str() {
//!         "" => {
//!             let line = LogLine::user(std::time::SystemTime::now(), "frame 1 of 2");
//!             Ok(LogPage::new([line]).next_token("2".to_owned()).into())
//!         }
//!         "2" => Ok(LogPage::new([LogLine::system(None, "done")]).into()),
//!         other => Err(ConnectorError::invalid_task(format!("there is no page {other:?}"))),
//!     }
//! }
//! assert!(answer(&LogQuery::new()).is_ok());
//! ```

// The server streams what is answered; how pages become wire messages is its business.

use std::fmt;
use std::future::ready;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};

use crate::error::Result;

/// What the caller asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogQuery {
    /// How many lines the caller wants at most; `None` leaves it to the connector.
    pub lines: Option<u64>,
    /// The token of the page before; empty for the first page.
    pub token: String,
}

impl LogQuery {
    /// The first page, with as many lines as the connector likes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`LogQuery::lines`].
    #[must_use]
    pub fn lines(mut self, most: impl Into<Option<u64>>) -> Self {
        self.lines = most.into();
        self
    }

    /// Sets [`LogQuery::token`].
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = token.into();
        self
    }
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogLine {
    /// When it was written, if the outside system says so.
    pub timestamp: Option<SystemTime>,
    /// The text.
    pub message: String,
    /// Who wrote it.
    pub originator: LogOriginator,
}

impl LogLine {
    /// A line the user's job wrote, at that time if it is known.
    #[must_use]
    pub fn user(timestamp: impl Into<Option<SystemTime>>, message: impl Into<String>) -> Self {
        Self::of(LogOriginator::User, timestamp.into(), message.into())
    }

    /// A line the outside system wrote about the job, at that time if it is known.
    #[must_use]
    pub fn system(timestamp: impl Into<Option<SystemTime>>, message: impl Into<String>) -> Self {
        Self::of(LogOriginator::System, timestamp.into(), message.into())
    }

    /// A line of which it is not known who wrote it.
    #[must_use]
    pub fn unknown(timestamp: impl Into<Option<SystemTime>>, message: impl Into<String>) -> Self {
        Self::of(LogOriginator::Unknown, timestamp.into(), message.into())
    }

    const fn of(originator: LogOriginator, timestamp: Option<SystemTime>, message: String) -> Self {
        Self { timestamp, message, originator }
    }
}

/// Who wrote a line; numbers as on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(i32)]
#[non_exhaustive]
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
#[non_exhaustive]
pub struct LogPage {
    /// The lines, oldest first.
    pub lines: Vec<LogLine>,
    /// The token to ask for the next page with; `None` after the last one.
    pub next_token: Option<String>,
    /// The message in which another service sent it, for a server that passes it on.
    sent: Option<Bytes>,
}

impl LogPage {
    /// The last page.
    #[must_use]
    pub fn new(lines: impl IntoIterator<Item = LogLine>) -> Self {
        Self { lines: lines.into_iter().collect(), ..Self::default() }
    }

    /// Sets [`LogPage::next_token`].
    #[must_use]
    pub fn next_token(mut self, token: impl Into<Option<String>>) -> Self {
        self.next_token = token.into();
        self
    }

    /// The page as another service sent it: with what this version does not know of it.
    #[doc(hidden)]
    #[must_use]
    pub fn as_sent(mut self, message: Bytes) -> Self {
        self.sent = Some(message);
        self
    }

    /// The message in which another service sent it, if it may go on in its own bytes.
    #[doc(hidden)]
    #[must_use]
    pub const fn sent(&self) -> Option<&Bytes> {
        self.sent.as_ref()
    }

    /// Sees to it that the page is written from its lines and its token alone.
    #[doc(hidden)]
    pub fn forget_sent(&mut self) {
        self.sent = None;
    }
}

/// A stream of pages; the caller sees each as it comes. Dropped when the caller leaves.
pub type LogStream = BoxStream<'static, Result<LogPage>>;

/// What a connector answers: one page, or a stream of them.
#[non_exhaustive]
pub enum Logs {
    /// One page.
    Page(LogPage),
    /// Pages as they come.
    Stream(LogStream),
}

impl Logs {
    /// Pages as they come.
    #[must_use]
    pub fn stream(pages: impl Stream<Item = Result<LogPage>> + Send + 'static) -> Self {
        Self::Stream(pages.boxed())
    }

    /// The pages, one after the other; a single page is a stream of one.
    #[must_use]
    pub fn into_pages(self) -> LogStream {
        match self {
            Self::Page(page) => stream::once(ready(Ok(page))).boxed(),
            Self::Stream(pages) => pages,
        }
    }
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

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, TryStreamExt as _, stream};

    use super::{LogLine, LogPage, Logs};
    use crate::error::ConnectorError;

    fn all(logs: Logs) -> Result<Vec<LogPage>, ConnectorError> {
        logs.into_pages().try_collect().now_or_never().expect("nothing waits")
    }

    #[test]
    fn a_page_is_a_stream_of_one() {
        let page = LogPage::new([LogLine::user(None, "hello")]).next_token("2".to_owned());
        assert_eq!(all(page.clone().into()).unwrap(), std::slice::from_ref(&page));
        let last = LogPage::new([]);
        let pages = [Ok(page.clone()), Ok(last.clone())];
        assert_eq!(all(Logs::stream(stream::iter(pages))).unwrap(), [page.clone(), last]);
        let cut = [Ok(page), Err(ConnectorError::transient("503"))];
        assert_eq!(all(Logs::stream(stream::iter(cut))).unwrap_err().message(), "503");
    }
}
