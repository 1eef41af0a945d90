//! A driver's log in pages: what it printed, and then what it warned of, each from its worker in pieces. A token says
//! which of the two goes on, and at which byte.

use connector_core::prelude::*;
use connector_http::Url;

use crate::pages::{Chunk, MOST_CHUNK, Pages, STREAMS};

/// Lines of a page where the caller leaves their number open.
const LINES: u64 = 2_000;

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    stream: &'static str,
    offset: u64,
}

impl Position {
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: there is no such page.
    pub(crate) fn read(token: &str) -> Result<Self> {
        if token.is_empty() {
            return Ok(Self { stream: STREAMS[0], offset: 0 });
        }
        let read = || {
            let (name, offset) = token.split_once('-')?;
            let stream = STREAMS.into_iter().find(|stream| *stream == name)?;
            Some(Self { stream, offset: offset.parse().ok()? })
        };
        read()
            .ok_or_else(|| ConnectorError::invalid_task(format!("there is no log page {token:?}")))
    }

    fn token(self) -> String {
        format!("{}-{}", self.stream, self.offset)
    }
}

/// The page that begins there.
///
/// # Errors
/// As [`Pages::chunk`].
pub(crate) async fn page(
    pages: &Pages,
    (worker, driver): (&Url, &str),
    mut at: Position,
    most: Option<u64>,
    call: &CallContext,
) -> Result<LogPage> {
    let most = usize::try_from(most.unwrap_or(LINES)).unwrap_or(usize::MAX).max(1);
    let mut lines = Vec::new();
    while lines.len() < most {
        let stream = at.stream;
        let chunk =
            pages.chunk(worker, (driver, stream), (at.offset, MOST_CHUNK), Some(call)).await?;
        if at.offset == 0 && chunk.all > 0 {
            lines.push(LogLine::system(None, format!("{stream} of {driver}")));
        }
        let is_last = chunk.end >= chunk.all;
        let whole = Whole::of(&chunk);
        let (own, taken) = cut(whole.text, most.saturating_sub(lines.len()).max(1), is_last);
        lines.extend(own.iter().map(|line| LogLine::user(None, *line)));
        if taken < whole.text.len() || !is_last {
            at.offset = chunk.begin + taken as u64;
            if !whole.is_exact {
                // What the rest became says nothing of its bytes, so all of it is given now.
                let rest = whole.text.get(taken..).unwrap_or_default().lines();
                lines.extend(rest.map(|line| LogLine::user(None, line)));
                at.offset = chunk.end;
            }
            return Ok(LogPage::new(lines).next_token(Some(at.token())));
        }
        let Some(next) = STREAMS.into_iter().skip_while(|it| *it != stream).nth(1) else {
            return Ok(LogPage::new(lines));
        };
        at = Position { stream: next, offset: 0 };
    }
    Ok(LogPage::new(lines).next_token(Some(at.token())))
}

/// The text of a chunk, without a letter that its end has cut in two.
struct Whole<'a> {
    text: &'a str,
    /// Whether it has as many bytes as it had in the log. What is no text there was replaced.
    is_exact: bool,
}

impl<'a> Whole<'a> {
    fn of(chunk: &'a Chunk) -> Self {
        let bytes = chunk.end.saturating_sub(chunk.begin);
        let text = chunk.text.as_str();
        let trimmed = text.trim_end_matches('\u{fffd}');
        let rest = bytes.checked_sub(trimmed.len() as u64);
        match rest {
            Some(1..=3) if chunk.end < chunk.all && trimmed.len() < text.len() => {
                Self { text: trimmed, is_exact: true }
            }
            _ => Self { text, is_exact: text.len() as u64 == bytes },
        }
    }
}

/// So many lines of a text, without a last one that goes on behind it, and how many bytes they are. One line alone is
/// taken as far as it is there.
fn cut(text: &str, most: usize, is_last: bool) -> (Vec<&str>, usize) {
    let (mut lines, mut taken) = (Vec::new(), 0);
    for line in text.split_inclusive('\n').take(most) {
        if !line.ends_with('\n') && !is_last && !lines.is_empty() {
            break;
        }
        taken += line.len();
        lines.push(line.trim_end_matches(['\n', '\r']));
    }
    (lines, taken)
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;

    use super::{Position, cut};

    #[test]
    fn a_token_says_where_it_goes_on() {
        for token in ["stdout-0", "stderr-524288"] {
            assert_eq!(Position::read(token).unwrap().token(), token);
        }
        assert_eq!(Position::read("").unwrap().token(), "stdout-0");
        for token in ["x", "stdout", "stdin-1", "stdout--1", "stderr-99999999999999999999"] {
            assert_eq!(Position::read(token).unwrap_err().kind(), ErrorKind::InvalidTask);
        }
    }

    #[test]
    fn a_line_that_goes_on_waits_for_its_end() {
        assert_eq!(cut("one\ntwo\r\nthr", 5, false), (vec!["one", "two"], 9));
        assert_eq!(cut("one\ntwo\r\nthr", 5, true), (vec!["one", "two", "thr"], 12));
        assert_eq!(cut("one\ntwo\r\nthr", 1, true), (vec!["one"], 4));
        assert_eq!(cut("thr", 5, false), (vec!["thr"], 3));
        assert_eq!(cut("", 5, true), (vec![], 0));
    }
}
