//! A create at a vendor whose job would be nobody's if its answer were lost: it is tried for a while, and
//! from the moment that the vendor may have taken it, until it is known what has become of it.
//! Connectors wrap the calls of one create in it; `request` tells it of every answer that was lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::time::Duration;

use connector_core::{ErrorKind, Result};
use tokio::time::Instant;

/// How long a create is tried that the vendor cannot have taken.
const TRIED_FOR: Duration = Duration::from_secs(60);
/// How often, within that time.
const MOST_TRIES: u32 = 5;
/// How long it goes on once the vendor may have taken it: less than the ten minutes after which the
/// server stops a create (the policy's `create_limit`), so that what is known then is told.
const SETTLED_WITHIN: Duration = Duration::from_secs(540);
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// One create under a key that the vendor knows again, however often it is sent.
///
/// ```no_run
/// use connector_core::Result;
/// use connector_http::{HttpClient, Submission, Url};
///
/// # async fn example(http: &HttpClient, url: &Url, body: &serde_json::Value) -> Result<String> {
/// let submission = Submission::new();
/// submission
///     .settle(|_again| async {
///         let request = http.post(url.clone()).json(body)?.submitting(&submission);
///         request.send().await?.json()
///     })
///     .await
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Submission {
    known: Arc<Known>,
}

#[derive(Debug, Default)]
struct Known {
    in_doubt: AtomicBool,
    /// Of the last answer; 0 if there was none.
    status: AtomicU16,
}

/// What has been tried before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tried {
    /// How often.
    pub times: u32,
    /// The HTTP status of the last answer; 0 if there was none.
    pub status: u16,
    /// Whether the vendor may have taken it.
    pub in_doubt: bool,
}

impl Submission {
    /// One that nothing is known of yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The vendor may have taken it, or has, and what it is called there is not known. Requests say so of
    /// answers that were lost or are no JSON; whoever reads one says it of what is missing there.
    pub fn may_be_there(&self) {
        self.known.in_doubt.store(true, Ordering::Relaxed);
    }

    /// The status of an answer, or 0 for one that was lost.
    pub(crate) fn answered(&self, status: u16) {
        self.known.status.store(status, Ordering::Relaxed);
    }

    /// Tries until there is an answer that says what has become of it. `once` makes one attempt, with all
    /// that belongs to it: a token, the request, and reading the answer.
    ///
    /// # Errors
    /// Those of the last attempt: what is not transient at once; a transient error after five attempts or
    /// a minute, if the vendor cannot have taken it, and after nine minutes otherwise.
    ///
    /// # Cancel safety
    /// Dropping the future ends the create; the vendor may have taken it.
    pub async fn settle<T, F: Future<Output = Result<T>>>(
        &self,
        mut once: impl FnMut(Tried) -> F,
    ) -> Result<T> {
        let began = Instant::now();
        let mut wait = FIRST_WAIT;
        let mut tried = Tried::default();
        loop {
            let error = match once(tried).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            tried = Tried {
                times: tried.times + 1,
                status: self.known.status.load(Ordering::Relaxed),
                in_doubt: self.known.in_doubt.load(Ordering::Relaxed),
            };
            let ErrorKind::Transient { retry_after } = error.kind() else { return Err(error) };
            // Somewhere between half and all of it, so that many do not come back at once.
            let pause = retry_after.unwrap_or_else(|| wait.mul_f64(0.5 + fastrand::f64() / 2.0));
            let most = if tried.in_doubt { SETTLED_WITHIN } else { TRIED_FOR };
            let is_over = !tried.in_doubt && tried.times >= MOST_TRIES;
            if is_over || began.elapsed() + pause >= most {
                return Err(error);
            }
            tracing::debug!(tried.times, "submitted again: {error}");
            tokio::time::sleep(pause).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}
