//! Log pages as stream messages: bodies first, then the header with the next page's token.
//! `task_service` answers with this stream, and `passed_logs` where other services are behind. Large pages
//! are split, so that no message is larger than the caller takes; a panic or an error ends the stream with a
//! status.

use std::future::ready;

use bytes::Bytes;
use connector_core::logs::{LogLine, LogPage};
use connector_gate::{CallGuard, LogPages, TextLimit};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use prost::Message;
use tonic::Status;

use super::convert;
use crate::pb::get_task_logs_response::Part;
use crate::pb::{GetTaskLogsResponse, GetTaskLogsResponseBody, GetTaskLogsResponseHeader};
use crate::status;

/// The stream a caller reads.
pub(super) type LogMessages = BoxStream<'static, Result<LogMessage, Status>>;

/// The same, read.
pub(super) type ReadMessages = BoxStream<'static, Result<GetTaskLogsResponse, Status>>;

/// One message of the stream.
#[derive(Debug)]
pub(super) enum LogMessage {
    /// Made of a page.
    Made(GetTaskLogsResponse),
    /// As another service sent it.
    AsSent(Bytes),
}

impl LogMessage {
    /// As it goes out.
    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Self::Made(message) => message.encode_to_vec().into(),
            Self::AsSent(message) => message,
        }
    }

    /// What is known of it.
    ///
    /// # Errors
    /// Another service sent what is no such message.
    fn read(self) -> Result<GetTaskLogsResponse, Status> {
        match self {
            Self::Made(message) => Ok(message),
            Self::AsSent(message) => GetTaskLogsResponse::decode(message)
                .map_err(|error| Status::internal(format!("the page cannot be read: {error}"))),
        }
    }
}

/// The same messages, for generated code to write.
pub(super) fn read(messages: LogMessages) -> ReadMessages {
    messages.and_then(|message| ready(message.read())).boxed()
}

/// The size at which a body is closed and a new one begun.
const BODY_BYTES: usize = 1024 * 1024;

/// The messages of an answer. The guard counts the call when the stream ends or is dropped.
pub(super) fn messages(
    pages: LogPages,
    guard: CallGuard,
    limit: usize,
    texts: TextLimit,
) -> LogMessages {
    let body_bytes = BODY_BYTES.min(limit / 2).max(1);
    // The guard sits in the state, so a dropped stream counts as cancelled.
    let counted = stream::unfold(Some((pages, guard)), move |state| async move {
        let (mut pages, guard) = state?;
        match pages.next().await {
            None => {
                guard.succeed();
                None
            }
            Some(Ok(page)) => {
                let parts: Vec<_> = match page.sent().filter(|sent| sent.len() <= limit) {
                    Some(sent) => vec![Ok(LogMessage::AsSent(sent.clone()))],
                    None => parts(page, body_bytes).map(LogMessage::Made).map(Ok).collect(),
                };
                Some((stream::iter(parts), Some((pages, guard))))
            }
            Some(Err(cause)) => {
                let failure = guard.fail(cause);
                Some((stream::iter(vec![Err(status::of(&failure, texts))]), None))
            }
        }
    });
    counted.flatten().boxed()
}

/// The messages of one page: its lines, then the token if there is a next page; one body at least where
/// there is neither.
fn parts(page: LogPage, body_bytes: usize) -> impl Iterator<Item = GetTaskLogsResponse> {
    let LogPage { lines, next_token, .. } = page;
    let mut bodies = vec![GetTaskLogsResponseBody::default()];
    let mut size = 0;
    for line in lines {
        let line = convert::log_line(cut(line, body_bytes));
        let line_size = line.encoded_len();
        if size > 0 && size + line_size > body_bytes {
            bodies.push(GetTaskLogsResponseBody::default());
            size = 0;
        }
        size += line_size;
        if let Some(body) = bodies.last_mut() {
            body.lines.push(line);
        }
    }
    let token = next_token.filter(|token| !token.is_empty());
    if token.is_some() {
        bodies.retain(|body| !body.lines.is_empty());
    }
    let header = token.map(|token| Part::Header(GetTaskLogsResponseHeader { token }));
    let parts = bodies.into_iter().map(Part::Body).chain(header);
    parts.map(|part| GetTaskLogsResponse { part: Some(part) })
}

/// A line no longer than a body may be.
fn cut(mut line: LogLine, most: usize) -> LogLine {
    if line.message.len() > most {
        let fits = |at: &usize| line.message.is_char_boundary(*at);
        let end = (0..=most).rev().find(fits).unwrap_or(0);
        let left_out = line.message.len() - end;
        line.message.truncate(end);
        line.message.push_str(&format!(" ... ({left_out} bytes cut)"));
    }
    line
}
