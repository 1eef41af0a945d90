//! Access tokens that a connector signed in for: kept until shortly before they run out, so that many
//! calls sign in once, and bounded in number.
//! A connector says what a token is signed in with, and how; nothing of that is kept but a digest.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use connector_core::{Result, Secret};
use lru::LruCache;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

/// The most accounts remembered; the one unused for longest goes first.
const MOST_ACCOUNTS: NonZeroUsize = NonZeroUsize::new(128).unwrap();
/// How long a token is valid that does not say so, and the longest that is believed.
const VALID_FOR: Duration = Duration::from_secs(3_600);
/// A token is renewed that long before it runs out.
const MARGIN: Duration = Duration::from_secs(120);

/// The answer of an OAuth 2 token endpoint.
#[derive(Deserialize)]
#[non_exhaustive]
pub struct AccessToken {
    /// The token.
    pub access_token: Secret,
    /// For how many seconds it is valid.
    #[serde(default)]
    pub expires_in: Option<f64>,
}

impl AccessToken {
    /// How long it may be kept.
    fn kept_for(&self) -> Duration {
        let told = self.expires_in.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let valid = told.unwrap_or(VALID_FOR).min(VALID_FOR);
        // A token of a few minutes would be all margin.
        valid.saturating_sub(MARGIN.min(valid / 2))
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// Tokens of up to 128 accounts, each for an hour at the most.
#[derive(Debug)]
pub struct TokenCache {
    accounts: Mutex<LruCache<[u8; 32], Arc<Account>>>,
}

/// The token of one account; its lock is held while it is renewed, so that many calls renew it once.
#[derive(Debug, Default)]
struct Account(tokio::sync::Mutex<Option<Kept>>);

#[derive(Debug)]
struct Kept {
    token: Secret,
    until: Instant,
}

impl Default for TokenCache {
    fn default() -> Self {
        Self { accounts: Mutex::new(LruCache::new(MOST_ACCOUNTS)) }
    }
}

impl TokenCache {
    /// The token that `parts` sign in for: host, name, key, whatever makes it another token. Where none
    /// is kept, `sign_in` gets one.
    ///
    /// # Errors
    /// Those of `sign_in`; nothing is kept then.
    ///
    /// # Cancel safety
    /// Dropping the future keeps nothing; the next caller signs in.
    pub async fn token(
        &self,
        parts: &[&str],
        sign_in: impl Future<Output = Result<AccessToken>>,
    ) -> Result<Secret> {
        let account = self.account(parts);
        let mut kept = account.0.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| Instant::now() < kept.until) {
            return Ok(kept.token.clone());
        }
        let new = sign_in.await?;
        let until = Instant::now() + new.kept_for();
        *kept = Some(Kept { token: new.access_token.clone(), until });
        Ok(new.access_token)
    }

    /// A token was refused: the next call signs in again, unless somebody has done so already.
    pub async fn refused(&self, parts: &[&str], token: &Secret) {
        let account = self.account(parts);
        let mut kept = account.0.lock().await;
        if kept.as_ref().is_some_and(|kept| kept.token == *token) {
            *kept = None;
        }
    }

    fn account(&self, parts: &[&str]) -> Arc<Account> {
        let mut digest = Sha256::new();
        for part in parts {
            // With its length, so that no two lists of parts are one text.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(accounts.get_or_insert(digest.finalize().into(), Arc::default))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use connector_core::{ConnectorError, Secret};
    use tokio::time::sleep;

    use super::{AccessToken, TokenCache};

    /// Signs in at a place that numbers its tokens.
    async fn signed_in(count: &AtomicU32, expires_in: f64) -> Result<AccessToken, ConnectorError> {
        sleep(Duration::from_millis(1)).await;
        let number = count.fetch_add(1, Ordering::Relaxed);
        let access_token = Secret::new(format!("token {number}"));
        Ok(AccessToken { access_token, expires_in: Some(expires_in) })
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_signed_in_for_once_until_it_runs_out() {
        let (cache, count) = (TokenCache::default(), AtomicU32::new(0));
        let ask = |parts: [&'static str; 2]| {
            let (cache, count) = (&cache, &count);
            async move { cache.token(&parts, signed_in(count, 600.0)).await.unwrap() }
        };
        let (one, other) = tokio::join!(ask(["a", "bc"]), ask(["a", "bc"]));
        assert!(one == other && one == Secret::new("token 0"));
        assert!(ask(["ab", "c"]).await == Secret::new("token 1"), "parts are not run together");
        sleep(Duration::from_secs(479)).await;
        assert!(ask(["a", "bc"]).await == one);
        sleep(Duration::from_secs(2)).await;
        assert!(ask(["a", "bc"]).await == Secret::new("token 2"), "two minutes before its end");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_given_up_once() {
        let (cache, count) = (TokenCache::default(), AtomicU32::new(0));
        let first = cache.token(&["a"], signed_in(&count, 60.0)).await.unwrap();
        cache.refused(&["a"], &first).await;
        let second = cache.token(&["a"], signed_in(&count, 60.0)).await.unwrap();
        assert!(second == Secret::new("token 1"));
        // Another call that had the first one comes late.
        cache.refused(&["a"], &first).await;
        assert!(cache.token(&["a"], signed_in(&count, 60.0)).await.unwrap() == second);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_sign_in_keeps_nothing_and_shows_nothing() {
        let (cache, count) = (TokenCache::default(), AtomicU32::new(0));
        let failed = cache.token(&["hunter2"], async { Err(ConnectorError::transient("503")) });
        assert_eq!(failed.await.unwrap_err().message(), "503");
        cache.token(&["hunter2"], signed_in(&count, 60.0)).await.unwrap();
        let shown = format!("{cache:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("token 0"), "{shown}");
    }
}
