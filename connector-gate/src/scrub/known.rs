//! The secrets this process has seen lately, for what carries no connection: pages of a job's log,
//! metrics, and the server's own log lines.
//! The gate notes a call's secrets; streams of logs and a service's own log are scrubbed through it.
//! Bounded in number, size and time. Nothing may be logged in here: the log is written through it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{LazyLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use connector_core::pb;

use super::index::Index;
use super::surfaces::Scrub;
use crate::memory::Reading;

/// How many values are remembered; the one unseen for longest goes first.
const MOST_VALUES: usize = 4_096;
/// How many bytes of values are remembered in all.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// How long a value is remembered after it was last seen. A running job is polled more often.
const TIME_TO_LIVE: Duration = Duration::from_secs(60 * 60);
/// How often values past their time are sought.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// The size of the filter, as a power of two: 32 KiB.
const FILTER_BITS: u32 = 18;

/// Secrets seen lately.
#[derive(Debug)]
pub struct KnownSecrets {
    started: Instant,
    /// How many there are, readable without the lock: mostly there are none.
    count: AtomicUsize,
    /// When expired values were last sought, in milliseconds since the start.
    swept: AtomicU64,
    /// When the last of what is forgotten was seen, and a millisecond more; 0 if nothing is.
    forgotten: AtomicU64,
    state: RwLock<State>,
}

/// When the secrets of a call were noted, for [`KnownSecrets::knows`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted(u64);

#[derive(Debug)]
struct State {
    /// Values, and when each was last seen in milliseconds since the start.
    seen: HashMap<Box<str>, AtomicU64>,
    bytes: usize,
    /// How many made room for others before their time was over.
    given_up: u64,
    index: Index,
}

static OF_PROCESS: LazyLock<KnownSecrets> = LazyLock::new(KnownSecrets::new);

impl KnownSecrets {
    /// None yet. [`KnownSecrets::of_process`] is what a service wants; this one is for tests.
    #[must_use]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            count: AtomicUsize::new(0),
            swept: AtomicU64::new(0),
            forgotten: AtomicU64::new(0),
            state: RwLock::new(State {
                seen: HashMap::new(),
                bytes: 0,
                given_up: 0,
                index: Index::new(FILTER_BITS),
            }),
        }
    }

    /// Those of this process: its log is one, so they are, too.
    #[must_use]
    pub fn of_process() -> &'static Self {
        &OF_PROCESS
    }

    /// How many there are, and how many were given up, for metrics.
    pub fn reading(&self) -> Reading {
        self.sweep(Instant::now());
        let state = self.read();
        Reading { count: state.seen.len(), given_up: state.given_up }
    }

    /// Notes the secrets of a call. Costs nothing for a call without secrets, and a shared lock and
    /// one look-up for each secret already known.
    ///
    /// `None` where one of them is too large to be remembered.
    pub fn note_connection(&self, connection: Option<&pb::Connection>) -> Option<Noted> {
        let now = Instant::now();
        let mut whole = true;
        for value in connection.into_iter().flat_map(|connection| connection.secrets.values()) {
            whole &= self.note_at(value, now);
        }
        whole.then(|| Noted(self.millis(now)))
    }

    /// Whether everything that was noted then is known still. A no may be said too often, a yes is sure.
    #[must_use]
    pub fn knows(&self, noted: Noted) -> bool {
        self.sweep(Instant::now());
        noted.0 >= self.forgotten.load(Ordering::Relaxed)
    }

    /// Notes a secret.
    pub fn note(&self, value: &str) {
        self.note_at(value, Instant::now());
    }

    /// Whether it can be remembered.
    fn note_at(&self, value: &str, now: Instant) -> bool {
        if value.len() > MOST_BYTES {
            return false;
        }
        self.sweep(now);
        let millis = self.millis(now);
        if let Some(seen) = self.read().seen.get(value) {
            seen.fetch_max(millis, Ordering::Relaxed);
            return true;
        }
        let mut state = self.write();
        if let Some(seen) = state.insert(value, millis) {
            self.forgot(seen);
        }
        self.count.store(state.seen.len(), Ordering::Relaxed);
        true
    }

    /// Forgets what was not seen for longer than its time to live.
    fn sweep(&self, now: Instant) {
        let millis = self.millis(now);
        let swept = self.swept.load(Ordering::Relaxed);
        let due = swept.saturating_add(whole_millis(SWEEP_EVERY));
        if millis < due
            || self
                .swept
                .compare_exchange(swept, millis, Ordering::Relaxed, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        let mut state = self.write();
        if let Some(seen) = state.forget_before(millis.saturating_sub(whole_millis(TIME_TO_LIVE))) {
            self.forgot(seen);
        }
        self.count.store(state.seen.len(), Ordering::Relaxed);
    }

    fn forgot(&self, seen: u64) {
        self.forgotten.fetch_max(seen.saturating_add(1), Ordering::Relaxed);
    }

    fn millis(&self, now: Instant) -> u64 {
        whole_millis(now.saturating_duration_since(self.started))
    }

    // A panic while the lock was held leaves a state that is still good: it is changed value by value.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for KnownSecrets {
    fn default() -> Self {
        Self::new()
    }
}

impl Scrub for KnownSecrets {
    fn scrubbed(&self, text: &str) -> Option<String> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        self.read().index.scrubbed(text)
    }
}

impl State {
    /// Adds a value. When the last of those that made room for it was seen.
    fn insert(&mut self, value: &str, millis: u64) -> Option<u64> {
        if self.seen.contains_key(value) {
            return None;
        }
        let mut forgotten = None;
        while self.seen.len() >= MOST_VALUES || self.bytes + value.len() > MOST_BYTES {
            let oldest = self.seen.iter().min_by_key(|(_, seen)| seen.load(Ordering::Relaxed));
            let Some(oldest) = oldest.map(|(value, _)| value.clone()) else { break };
            forgotten = forgotten.max(self.remove(&oldest));
            self.given_up += 1;
        }
        self.index.insert(value);
        self.bytes += value.len();
        self.seen.insert(value.into(), AtomicU64::new(millis));
        forgotten
    }

    /// Forgets a value. When it was last seen.
    fn remove(&mut self, value: &str) -> Option<u64> {
        let seen = self.seen.remove(value)?;
        self.bytes -= value.len();
        self.index.remove(value);
        Some(seen.into_inner())
    }

    /// Forgets what was last seen before then. When the last of it was.
    fn forget_before(&mut self, millis: u64) -> Option<u64> {
        let unseen = self.seen.iter().filter(|(_, seen)| seen.load(Ordering::Relaxed) < millis);
        let expired: Vec<Box<str>> = unseen.map(|(value, _)| value.clone()).collect();
        expired.into_iter().filter_map(|value| self.remove(&value)).max()
    }
}

fn whole_millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connector_core::pb;

    use super::{KnownSecrets, MOST_BYTES, MOST_VALUES, Noted, SWEEP_EVERY, Scrub, TIME_TO_LIVE};

    fn hides(known: &KnownSecrets, value: &str) -> bool {
        known.scrubbed(&format!("key {value} refused")).as_deref() == Some("key *** refused")
    }

    #[test]
    fn knows_what_was_noted() {
        let known = KnownSecrets::new();
        assert_eq!(known.scrubbed("hunter2"), None);
        known.note("hunter2");
        known.note("hunter2");
        let secrets = [("api_key".to_owned(), "correct horse".to_owned())].into();
        known.note_connection(Some(&pb::Connection { secrets, ..Default::default() }));
        known.note_connection(None);
        assert_eq!(known.reading().count, 2);
        assert!(hides(&known, "hunter2") && hides(&known, "correct%20horse"));
    }

    #[test]
    fn knows_whether_it_forgot_anything_since() {
        let known = KnownSecrets::new();
        let at = |millis: u64| known.started + Duration::from_millis(millis);
        let secrets = [("key".to_owned(), "x".repeat(MOST_BYTES + 1))].into();
        let too_large = pb::Connection { secrets, ..Default::default() };
        assert_eq!(known.note_connection(Some(&too_large)), None);
        assert!(known.knows(known.note_connection(None).unwrap()));
        assert!(known.knows(Noted(0)));
        known.note_at("old secret", at(5));
        known.note_at("new secret", at(7));
        known.sweep(at(5) + TIME_TO_LIVE + SWEEP_EVERY);
        assert_eq!([4, 5, 6, 7].map(|then| known.knows(Noted(then))), [false, false, false, false]);
        assert!(known.knows(Noted(8)));
    }

    #[test]
    fn the_value_unseen_for_longest_goes_first() {
        let known = KnownSecrets::new();
        let at = |n: usize| known.started + Duration::from_millis(n as u64);
        for n in 0..MOST_VALUES {
            known.note_at(&format!("secret-{n:05}"), at(n));
        }
        known.note_at("secret-00000", at(MOST_VALUES));
        known.note_at("one more", at(MOST_VALUES + 1));
        assert_eq!(known.reading().count, MOST_VALUES);
        assert!(hides(&known, "secret-00000") && hides(&known, "one more"));
        assert!(!hides(&known, "secret-00001"));
        // Only its own needles went: others begin alike.
        assert!(hides(&known, "secret-00002"));
    }

    #[test]
    fn large_values_make_room_and_are_never_more_than_the_bound() {
        let known = KnownSecrets::new();
        let half = |letter: &str| letter.repeat(MOST_BYTES / 2);
        for letter in ["a", "b", "c"] {
            known.note(&half(letter));
        }
        assert_eq!(known.reading().count, 2);
        known.note(&"d".repeat(MOST_BYTES + 1));
        assert_eq!(known.reading().count, 2);
    }

    #[test]
    fn what_was_not_seen_for_an_hour_is_forgotten() {
        let known = KnownSecrets::new();
        known.note_at("old secret", known.started);
        known.note_at("new secret", known.started + SWEEP_EVERY * 2);
        known.sweep(known.started + TIME_TO_LIVE);
        assert!(hides(&known, "old secret"));
        known.sweep(known.started + TIME_TO_LIVE + SWEEP_EVERY);
        assert!(!hides(&known, "old secret"));
        assert!(hides(&known, "new secret"));
        assert_eq!(known.read().bytes, "new secret".len());
        known.sweep(known.started + TIME_TO_LIVE * 3);
        assert!(known.read().index.is_empty());
    }
}
