//! What is remembered between calls, bounded in number and age, and lost with the process: credentials
//! that a task brought in its settings, which the metadata must not keep, and queries that nobody has seen.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

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
    credentials: Mutex<LruCache<String, (Instant, Credential)>>,
    unseen: Mutex<LruCache<String, Instant>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { credentials: LruCache::new(MOST).into(), unseen: LruCache::new(MOST).into() }
    }
}

impl Memory {
    /// A query was submitted with a credential that its metadata do not keep.
    pub(crate) fn keep(&self, query_id: &str, credential: Credential) {
        let mut credentials = self.credentials.lock().unwrap_or_else(PoisonError::into_inner);
        while credentials.peek_lru().is_some_and(|(_, (used, _))| used.elapsed() >= UNUSED_FOR) {
            credentials.pop_lru();
        }
        credentials.put(query_id.to_owned(), (Instant::now(), credential));
    }

    /// The credential of a query, if it is remembered.
    pub(crate) fn credential(&self, query_id: &str) -> Option<Credential> {
        let mut credentials = self.credentials.lock().unwrap_or_else(PoisonError::into_inner);
        let (used, credential) = credentials.get_mut(query_id)?;
        *used = Instant::now();
        Some(credential.clone())
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

    use super::Memory;
    use crate::credentials::Credential;

    #[tokio::test(start_paused = true)]
    async fn a_credential_that_nobody_asks_for_is_dropped() {
        let memory = Memory::default();
        let password = || Credential::Password(Secret::new("p"));
        memory.keep("used", password());
        memory.keep("unused", password());
        tokio::time::advance(Duration::from_secs(23 * 3_600)).await;
        assert!(memory.credential("used").is_some());
        tokio::time::advance(Duration::from_secs(2 * 3_600)).await;
        memory.keep("new", password());
        assert!(memory.credential("used").is_some());
        assert!(memory.credential("unused").is_none());
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
