//! What is remembered between calls, bounded in number and age, and lost with the process: credentials
//! that a task brought in its settings, which the metadata must not keep, queries that nobody has seen, and
//! queries that were cancelled here.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use connector_http::Url;
use lru::LruCache;
use tokio::time::Instant;

use crate::credentials::Credential;

/// The most queries remembered of each kind; the one unused for longest goes first.
const MOST: NonZeroUsize = NonZeroUsize::new(8_192).unwrap();
/// How long a query may be out of sight before it counts as gone. It may lag behind its submission.
const OUT_OF_SIGHT: Duration = Duration::from_secs(60);

/// How long a credential is kept that nobody asks for. Polls come every 30 s, and the delete an hour after
/// the end.
const UNUSED_FOR: Duration = Duration::from_secs(24 * 3_600);

/// By the ids of queries.
#[derive(Debug)]
pub(crate) struct Memory {
    credentials: Mutex<LruCache<String, Kept>>,
    unseen: Mutex<LruCache<String, Instant>>,
    cancelled: Mutex<LruCache<String, ()>>,
}

/// A credential, and where it may be sent.
#[derive(Debug)]
struct Kept {
    used: Instant,
    url: Url,
    credential: Credential,
}

impl Default for Memory {
    fn default() -> Self {
        Self { credentials: empty().into(), unseen: empty().into(), cancelled: empty().into() }
    }
}

/// Room for [`MOST`] records, taken as they come: a cache that is made with its bound takes all of it at once.
fn empty<V>() -> LruCache<String, V> {
    let mut records = LruCache::unbounded();
    records.resize(MOST);
    records
}

impl Memory {
    /// A query was submitted to `url` with a credential that its metadata do not keep.
    pub(crate) fn keep(&self, query_id: &str, url: Url, credential: Credential) {
        let mut credentials = self.credentials.lock().unwrap_or_else(PoisonError::into_inner);
        while credentials.peek_lru().is_some_and(|(_, kept)| kept.used.elapsed() >= UNUSED_FOR) {
            credentials.pop_lru();
        }
        credentials.put(query_id.to_owned(), Kept { used: Instant::now(), url, credential });
    }

    /// The credential of a query, if it is remembered and was sent to `url`: metadata that name another
    /// place do not get it there.
    pub(crate) fn credential(&self, query_id: &str, url: &Url) -> Option<Credential> {
        let mut credentials = self.credentials.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = credentials.get_mut(query_id).filter(|kept| kept.url == *url)?;
        kept.used = Instant::now();
        Some(kept.credential.clone())
    }

    /// A query is cancelled: an attempt that comes back does not want it any more.
    pub(crate) fn cancelled(&self, query_id: &str) {
        let mut cancelled = self.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
        cancelled.put(query_id.to_owned(), ());
    }

    /// Whether a query was cancelled by this process.
    pub(crate) fn was_cancelled(&self, query_id: &str) -> bool {
        self.cancelled.lock().unwrap_or_else(PoisonError::into_inner).contains(query_id)
    }

    /// A query was seen.
    pub(crate) fn seen(&self, query_id: &str) {
        self.unseen.lock().unwrap_or_else(PoisonError::into_inner).pop(query_id);
    }

    /// A query was not seen: whether it is gone.
    pub(crate) fn is_gone(&self, query_id: &str) -> bool {
        let mut unseen = self.unseen.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *unseen.get_or_insert(query_id.to_owned(), Instant::now);
        since.elapsed() >= OUT_OF_SIGHT
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connector_core::Secret;
    use connector_http::Url;

    use super::Memory;
    use crate::credentials::Credential;

    #[tokio::test(start_paused = true)]
    async fn a_credential_that_nobody_asks_for_is_dropped() {
        let memory = Memory::default();
        let password = || Credential::Password(Secret::new("p"));
        let url = Url::parse("https://acc.snowflakecomputing.com/").unwrap();
        memory.keep("used", url.clone(), password());
        memory.keep("unused", url.clone(), password());
        tokio::time::advance(Duration::from_secs(23 * 3_600)).await;
        assert!(memory.credential("used", &url).is_some());
        tokio::time::advance(Duration::from_secs(2 * 3_600)).await;
        memory.keep("new", url.clone(), password());
        assert!(memory.credential("used", &url).is_some());
        assert!(memory.credential("unused", &url).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_query_may_be_out_of_sight_for_a_minute() {
        let memory = Memory::default();
        assert!(!memory.is_gone("q"));
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(!memory.is_gone("q"));
        memory.seen("q");
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(!memory.is_gone("q"), "it was seen meanwhile");
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(memory.is_gone("q"));
        assert!(!memory.is_gone("another"));
    }
}
