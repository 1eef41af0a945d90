//! Who this process is, and whether the database is there: one line when it goes, one when it comes back, and
//! numbers in between.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::address::Address;
use crate::engine::Fault;

/// For how long a database that went may be one that restarts.
const A_MOMENT: Duration = Duration::from_secs(5);
/// How long a reason stands in the log at least before another one is told.
const SAID_FOR: Duration = Duration::from_secs(60);

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

fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
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
    /// What was told last of why it is away, and when.
    said: Mutex<Option<(Instant, Fault)>>,
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
            said: Mutex::default(),
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
    pub(super) fn gone(&self, address: &Address, fault: &Fault) {
        if self.is_up.swap(false, Ordering::AcqRel) {
            *locked(&self.since) = Instant::now();
            self.say(address, fault, "is");
            self.went.notify_one();
        }
    }

    /// It was looked for, and is still not there. A reason that has become another one is told, and not too often:
    /// whoever reads the first one waits for what does not come.
    pub(super) fn still_gone(&self, address: &Address, fault: &Fault) {
        let said = locked(&self.said).clone();
        let stays = matches!(fault, Fault::Newer(_));
        let is_due =
            said.is_none_or(|(at, why)| why != *fault && (stays || at.elapsed() >= SAID_FOR));
        if !self.is_up() && is_due {
            self.say(address, fault, "is still");
        }
    }

    fn say(&self, address: &Address, fault: &Fault, is: &str) {
        *locked(&self.said) = Some((Instant::now(), fault.clone()));
        match fault {
            Fault::Newer(why) => tracing::error!(
                "the state in {address} {is} of no use here: {why}; this process goes on with what it \
                 remembers by itself"
            ),
            Fault::Away(why) | Fault::Refused(why) => tracing::error!(
                "the state in {address} {is} away: {why}; until it is back, this process goes on with what \
                 it remembers by itself"
            ),
        }
    }

    /// The database is there again, and has everything.
    pub(super) fn back(&self, address: &Address) {
        if !self.is_up.swap(true, Ordering::AcqRel) {
            let since = *locked(&self.since);
            tracing::info!("the state in {address} is back after {:.1?}", since.elapsed());
            self.came.notify_waiters();
        }
    }

    /// How long it has been away; none while it is there.
    pub(super) fn away_for(&self) -> Option<Duration> {
        (!self.is_up()).then(|| locked(&self.since).elapsed())
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

#[cfg(test)]
mod tests {
    use super::{Presence, locked};
    use crate::address::Address;
    use crate::engine::Fault;

    #[test]
    fn a_reason_that_has_become_another_one_is_told_and_not_too_often() {
        let presence = Presence::default();
        let away = |why: &str| Fault::Away(why.to_owned());
        let newer = Fault::Newer("its tables are newer".to_owned());
        let said = || locked(&presence.said).clone().map(|(_, why)| why);
        presence.gone(&Address::Memory, &away("no answer"));
        presence.still_gone(&Address::Memory, &away("it starts"));
        assert_eq!(said(), Some(away("no answer")), "a moment ago");
        presence.still_gone(&Address::Memory, &newer);
        assert_eq!(said(), Some(newer.clone()), "that will not pass");
        if let Some((at, _)) = &mut *locked(&presence.said) {
            *at = at.checked_sub(super::SAID_FOR).unwrap();
        }
        presence.still_gone(&Address::Memory, &away("it starts"));
        assert_eq!(said(), Some(away("it starts")));
        presence.back(&Address::Memory);
        presence.still_gone(&Address::Memory, &newer);
        assert_eq!(said(), Some(away("it starts")), "it is there");
    }
}
