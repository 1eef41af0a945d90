//! What PostgreSQL remarks while a statement runs: `RAISE NOTICE`, warnings, and the like.
//! The session hears them, and whoever carries the statement out writes them down for all to read.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::error::DbError;
use tokio_postgres::{AsyncMessage, Connection};

/// So many remarks of one statement are kept; what comes then is counted only.
const MOST: usize = 1_000;
/// So many characters of each.
const LONGEST: usize = 2_000;

/// The remarks of one session that were not written down yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notices(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
struct Heard {
    new: VecDeque<Notice>,
    count: usize,
}

/// One remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) severity: String,
    pub(crate) message: String,
}

impl Notices {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, severity: &str, message: &str) {
        let mut heard = self.heard();
        heard.count += 1;
        if heard.count > MOST {
            return;
        }
        // PostgreSQL's texts have no NUL.
        let message: String = message.chars().take(LONGEST).collect();
        heard.new.push_back(Notice { severity: severity.to_owned(), message });
        if heard.count == MOST {
            let message = format!("the first {MOST} remarks are kept, and none that follows");
            heard.new.push_back(Notice { severity: "LOG".to_owned(), message });
        }
    }

    /// What has come since the last time.
    pub(crate) fn take(&self) -> Vec<Notice> {
        self.heard().new.drain(..).collect()
    }
}

fn words(said: &DbError) -> String {
    let parts = [Some(said.message()), said.detail(), said.hint()];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Drives a connection to its end, and keeps what is remarked.
pub(crate) async fn drive<S, T>(mut connection: Connection<S, T>, notices: Notices)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
        if let AsyncMessage::Notice(said) = message {
            notices.hear(said.severity(), &words(&said));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, MOST, Notices};

    #[test]
    fn remarks_are_bounded_in_number_and_length() {
        let notices = Notices::default();
        for _ in 0..MOST * 2 {
            notices.hear("NOTICE", &"é".repeat(LONGEST + 1));
        }
        let taken = notices.take();
        assert_eq!(taken.len(), MOST + 1);
        assert_eq!(taken.first().map(|it| it.message.chars().count()), Some(LONGEST));
        assert!(taken.last().is_some_and(|it| it.message.contains("none that follows")));
        assert_eq!(notices.take(), []);
    }
}
