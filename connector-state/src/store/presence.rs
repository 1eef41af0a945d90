//! Whether the database is there: one line when it goes, one when it comes back, and numbers in between.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::address::Address;

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
}

/// Whether the database is there.
#[derive(Debug)]
pub(super) struct Presence {
    is_up: AtomicBool,
    away_operations: AtomicU64,
    since: Mutex<Instant>,
    /// Woken when it goes.
    pub(super) went: Arc<Notify>,
}

impl Default for Presence {
    fn default() -> Self {
        Self {
            is_up: AtomicBool::new(true),
            away_operations: AtomicU64::new(0),
            since: Mutex::new(Instant::now()),
            went: Arc::default(),
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
        }
    }

    pub(super) fn count_away(&self) {
        self.away_operations.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn readings(&self, pending_writes: usize, lost_writes: u64) -> Readings {
        Readings {
            is_up: self.is_up(),
            away_operations: self.away_operations.load(Ordering::Relaxed),
            pending_writes,
            lost_writes,
        }
    }
}
