//! Rule: an account of the outside system is called no faster than it allows.
//! One bucket per account, that is, per set of credentials; `site` asks before every call. Replicas that share a
//! store take equal parts of each, and nobody asks anybody for a turn.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use connector_core::pb;
use connector_core::policy::Rate;
use lru::LruCache;
use tokio::time::{Instant, sleep_until};

use super::memory::{Key, Reading};
use crate::deadline::from;
use crate::live::LiveSpan;

/// The most accounts remembered; the one called longest ago goes first, and starts full again.
const MOST_ACCOUNTS: usize = 10_000;

/// The buckets of one connector.
#[derive(Debug)]
pub(crate) struct Rates {
    pace: LivePace,
    // Per account: when its bucket is full again, which says how full it is now.
    full_at: Mutex<LruCache<Key, Instant>>,
    /// Accounts so far that were forgotten before they were full again, for want of room.
    given_up: AtomicU64,
}

#[derive(Debug, Clone, Copy)]
struct Pace {
    /// The time one call takes out of the bucket.
    per_call: Duration,
    /// The time a whole bucket holds.
    bucket: Duration,
}

impl Pace {
    /// The part of one of so many. Each has one call at once, however small the bucket is.
    fn shared_by(self, replicas: usize) -> Self {
        let replicas = u32::try_from(replicas).unwrap_or(u32::MAX).max(1);
        let per_call = self.per_call.saturating_mul(replicas);
        Self { per_call, bucket: self.bucket.max(per_call) }
    }
}

/// A pace that may change. Both spans are 0 where there is none. They change one after the other: a call in
/// between goes by a rate that was never meant, and that once.
#[derive(Debug)]
struct LivePace {
    per_call: LiveSpan,
    bucket: LiveSpan,
}

impl LivePace {
    fn now(&self) -> Option<Pace> {
        let per_call = self.per_call.now();
        (!per_call.is_zero()).then(|| Pace { per_call, bucket: self.bucket.now() })
    }
}

/// The spans of a rate.
fn spans(rate: Option<Rate>) -> (Duration, Duration) {
    let spans = rate.filter(|rate| rate.per_second > 0.0).map(|rate| {
        // However rarely: that is no reason to have no rate.
        let per_call = Duration::try_from_secs_f64(1.0 / rate.per_second).unwrap_or(Duration::MAX);
        (per_call, per_call.saturating_mul(rate.burst.max(1)))
    });
    spans.unwrap_or_default()
}

impl Rates {
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        let (per_call, bucket) = spans(rate);
        let pace = LivePace { per_call: LiveSpan::new(per_call), bucket: LiveSpan::new(bucket) };
        Self { pace, full_at: Mutex::new(LruCache::unbounded()), given_up: AtomicU64::new(0) }
    }

    /// Goes by that rate from now on. The calls that accounts have made already count, each as much as one does now:
    /// after a rate that was too low by mistake nobody waits for what it asked.
    pub(crate) fn set(&self, rate: Option<Rate>) {
        let now = Instant::now();
        let (per_call, bucket) = spans(rate);
        let mut accounts = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.pace.per_call.now();
        self.pace.bucket.set(bucket);
        self.pace.per_call.set(per_call);
        if before.is_zero() || per_call.is_zero() {
            return accounts.clear();
        }
        for (_, full_at) in accounts.iter_mut() {
            let calls = full_at.saturating_duration_since(now).div_duration_f64(before);
            let owed = Duration::try_from_secs_f64(per_call.as_secs_f64() * calls);
            *full_at = from(now, owed.unwrap_or(Duration::MAX));
        }
    }

    /// How many accounts are remembered.
    pub(crate) fn reading(&self) -> Reading {
        let now = Instant::now();
        let mut accounts = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        // A full bucket is what an unknown account has, too.
        while accounts.peek_lru().is_some_and(|(_, full_at)| *full_at <= now) {
            accounts.pop_lru();
        }
        Reading { count: accounts.len(), given_up: self.given_up.load(Ordering::Relaxed) }
    }

    /// Waits for the account's turn, as one of so many replicas; `false` if that would come after the deadline.
    ///
    /// # Cancel safety
    /// A turn once given is used up even if its taker leaves.
    pub(crate) async fn admit(
        &self,
        connection: Option<&pb::Connection>,
        replicas: impl FnOnce() -> usize,
        deadline: Instant,
    ) -> bool {
        let Some(pace) = self.pace.now() else {
            return true;
        };
        match self.turn(pace.shared_by(replicas()), account(connection), deadline) {
            Some(turn) => {
                sleep_until(turn).await;
                true
            }
            None => false,
        }
    }

    /// Takes the next turn, unless it would come too late.
    fn turn(&self, pace: Pace, account: Key, deadline: Instant) -> Option<Instant> {
        let now = Instant::now();
        let mut accounts = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = accounts.get(&account).copied().unwrap_or(now).max(now);
        let full_at = from(full_at, pace.per_call);
        // The bucket runs dry when refilling it would take longer than it holds.
        let turn = full_at.checked_sub(pace.bucket).map_or(now, |turn| turn.max(now));
        if turn > deadline {
            return None;
        }
        accounts.put(account, full_at);
        while accounts.len() > MOST_ACCOUNTS {
            accounts.pop_lru();
            self.given_up.fetch_add(1, Ordering::Relaxed);
        }
        Some(turn)
    }
}

/// The account a connection is for: the same credentials and settings are the same one.
pub(crate) fn account(connection: Option<&pb::Connection>) -> Key {
    Key::of(connection.map(|connection| (&connection.secrets, &connection.configs)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connector_core::pb::Connection;
    use connector_core::policy::Rate;
    use tokio::time::Instant;

    use super::Rates;

    fn connection(token: &str) -> Connection {
        let secrets = [("token".to_owned(), token.to_owned())].into();
        Connection { secrets, ..Default::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_then_the_rate() {
        let rates = Rates::new(Some(Rate { per_second: 2.0, burst: 3 }));
        let began = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..6 {
            assert!(rates.admit(None, || 1, began + Duration::from_secs(60)).await);
            waits.push(began.elapsed().as_millis());
        }
        assert_eq!(waits, [0, 0, 0, 500, 1_000, 1_500]);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(rates.reading().count, 0, "a full bucket need not be remembered");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_that_changes_counts_at_once() {
        let rates = Rates::new(None);
        let began = Instant::now();
        let wait = || rates.admit(None, || 1, began + Duration::from_secs(60));
        assert!(wait().await && wait().await);
        rates.set(Some(Rate { per_second: 1.0, burst: 1 }));
        assert!(wait().await && wait().await);
        assert_eq!(began.elapsed(), Duration::from_secs(1));
        rates.set(Some(Rate { per_second: 10.0, burst: 1 }));
        // The call before counts as one of now.
        assert!(wait().await && wait().await);
        assert_eq!(began.elapsed(), Duration::from_millis(1_200));
        rates.set(None);
        assert!(wait().await);
        assert_eq!(began.elapsed(), Duration::from_millis(1_200));
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_that_was_too_low_holds_up_nobody_once_it_is_mended() {
        let slow = |burst| Some(Rate { per_second: 0.001, burst });
        let began = Instant::now();
        let wait =
            async |rates: &Rates| rates.admit(None, || 1, began + Duration::from_secs(60)).await;
        let rates = Rates::new(slow(1));
        assert!(
            wait(&rates).await && !wait(&rates).await,
            "the next turn is in a quarter of an hour"
        );
        rates.set(Some(Rate { per_second: 10.0, burst: 1 }));
        assert!(wait(&rates).await);
        assert_eq!(began.elapsed(), Duration::from_millis(100), "one call was made");
        // And back: what is used up is so many calls, whatever they cost.
        rates.set(slow(3));
        assert!(wait(&rates).await && wait(&rates).await && !wait(&rates).await);
        rates.set(None);
        rates.set(Some(Rate { per_second: f64::MIN_POSITIVE, burst: 3 }));
        assert!(wait(&rates).await && wait(&rates).await && wait(&rates).await);
        assert_eq!(began.elapsed(), Duration::from_millis(100));
    }

    #[tokio::test(start_paused = true)]
    async fn each_account_has_its_own() {
        let rates = Rates::new(Some(Rate { per_second: 1.0, burst: 1 }));
        let now = Instant::now();
        assert!(rates.admit(Some(&connection("a")), || 1, now).await);
        assert!(rates.admit(Some(&connection("b")), || 1, now).await);
        // Too late for the deadline: refused at once, and no turn is used up.
        assert!(!rates.admit(Some(&connection("a")), || 1, now).await);
        assert!(rates.admit(Some(&connection("a")), || 1, now + Duration::from_secs(1)).await);
        assert_eq!(now.elapsed(), Duration::from_secs(1));
        assert_eq!(rates.reading().count, 1);
    }

    /// How many calls so many replicas make in a minute, each as fast as it may.
    async fn calls_in_a_minute(rate: Rate, replicas: usize) -> usize {
        let mut calls = 0;
        for _ in 0..replicas {
            let rates = Rates::new(Some(rate));
            let end = Instant::now() + Duration::from_secs(60);
            while rates.admit(None, || replicas, end).await {
                calls += 1;
            }
        }
        calls
    }

    #[tokio::test(start_paused = true)]
    async fn replicas_together_are_no_faster_than_one() {
        for burst in [1, 3, 10] {
            let rate = Rate { per_second: 6.0, burst };
            let alone = calls_in_a_minute(rate, 1).await;
            assert!((360..=370).contains(&alone), "{alone}, burst {burst}");
            let together = calls_in_a_minute(rate, 3).await;
            // Of the smallest bucket, too, each has a call.
            assert!(together.abs_diff(alone) <= 3, "{together} and {alone}, burst {burst}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_rate_no_wait() {
        let rates = Rates::new(None);
        for _ in 0..1_000 {
            assert!(rates.admit(None, || 1, Instant::now()).await);
        }
        assert_eq!(rates.reading().count, 0);
    }
}
