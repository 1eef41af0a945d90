//! Who this process is, and whether the database is there: one line when it goes, one when it comes back, and
//! numbers in between.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::address::Address;

/// For how long a database that went may be one that restarts.
const A_MOMENT: Duration = Duration::from_secs(5);

/// How the store is at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Readings {
    /// Whether the database is there.
    pub is_up: bool,
    /// How many operations were answered without it, since the start.
    pub away_operations: u64,
    /// How many writes wait for it.
    pub pending_writes: usize,
    /// How many writes it will never get, as too many waited or it refused them, since the start.
    pub lost_writes: u64,
    /// How many processes use the database, this one among them; the last that is known while it is away.
    pub replicas: usize,
}

/// A name for this process that no other has: where it is, and something of its own.
pub(super) fn owner() -> String {
    let host = std::env::var("HOSTNAME").ok().filter(|name| !name.is_empty());
    let host =
        host.or_else(|| Some(std::fs::read_to_string("/etc/hostname").ok()?.trim().to_owned()));
    let host = host.unwrap_or_else(|| "host".to_owned());
    format!("{host}/{}/{:08x}", std::process::id(), fastrand::u32(..))
}

/// Whether the database is there.
#[derive(Debug)]
pub(super) struct Presence {
    is_up: AtomicBool,
    away_operations: AtomicU64,
    since: Mutex<Instant>,
    /// Woken when it goes.
    pub(super) went: Arc<Notify>,
    came: Notify,
}

impl Default for Presence {
    fn default() -> Self {
        Self {
            is_up: AtomicBool::new(true),
            away_operations: AtomicU64::new(0),
            since: Mutex::new(Instant::now()),
            went: Arc::default(),
            came: Notify::new(),
        }
    }
}

impl Presence {
    pub(super) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Acquire)
    }

    /// The database is not there, for that reason.
    pub(super) fn gone(&self, address: &Address, why: &str) {
        if self.is_up.swap(false, Ordering::AcqRel) {
            *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            tracing::error!(
                "the state in {address} is away: {why}; until it is back, this process goes on with what \
                 it remembers by itself"
            );
            self.went.notify_one();
        }
    }

    /// The database is there again, and has everything.
    pub(super) fn back(&self, address: &Address) {
        if !self.is_up.swap(true, Ordering::AcqRel) {
            let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
            tracing::info!("the state in {address} is back after {:.1?}", since.elapsed());
            self.came.notify_waiters();
        }
    }

    /// How long it has been away; none while it is there.
    pub(super) fn away_for(&self) -> Option<Duration> {
        let since = || *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        (!self.is_up()).then(|| since().elapsed())
    }

    /// Waits a while for a database that went a moment ago: one that restarts is back soon, and what begins
    /// before it is there is known to this process alone. Whether it is there.
    pub(super) async fn wait(&self, a_while: Duration) -> bool {
        let came = self.came.notified();
        match self.away_for() {
            None => true,
            Some(away) if away > A_MOMENT => false,
            Some(_) => timeout(a_while, came).await.is_ok(),
        }
    }

    pub(super) fn count_away(&self) {
        self.away_operations.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn readings(
        &self,
        pending_writes: usize,
        lost_writes: u64,
        replicas: usize,
    ) -> Readings {
        Readings {
            is_up: self.is_up(),
            away_operations: self.away_operations.load(Ordering::Relaxed),
            pending_writes,
            lost_writes,
            replicas,
        }
    }
}
