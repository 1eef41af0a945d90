//! What the database was not there to be told, in order, bounded in number and in bytes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::presence::Presence;
use super::told::Told;

/// The most that waits; beyond, the oldest is lost.
const MOST: usize = 10_000;
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// With numbers that are never used again.
    told: VecDeque<(u64, Told)>,
    next: u64,
    bytes: usize,
    lost: u64,
}

impl Waiting {
    fn pop(&mut self) -> Option<Told> {
        let (_, told) = self.told.pop_front()?;
        self.bytes = self.bytes.saturating_sub(told.size());
        Some(told)
    }
}

impl Backlog {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps something to be told later; gives it back if the database is there.
    pub(super) fn keep(&self, told: Told, presence: &Presence) -> Option<Told> {
        let mut waiting = self.waiting();
        if presence.is_up() {
            return Some(told);
        }
        waiting.bytes += told.size();
        let number = waiting.next;
        waiting.next += 1;
        waiting.told.push_back((number, told));
        while waiting.told.len() > MOST || waiting.bytes > MOST_BYTES {
            waiting.lost += u64::from(waiting.pop().is_some());
        }
        None
    }

    /// What is to be told next, and its number.
    pub(super) fn first(&self) -> Option<(u64, Told)> {
        self.waiting().told.front().cloned()
    }

    /// That was told.
    pub(super) fn done(&self, number: u64) {
        let mut waiting = self.waiting();
        // It may have made room for others meanwhile.
        if waiting.told.front().is_some_and(|(first, _)| *first == number) {
            waiting.pop();
        }
    }

    /// Does something unless anything waits, while nothing can be added.
    pub(super) fn if_empty(&self, act: impl FnOnce()) {
        let waiting = self.waiting();
        if waiting.told.is_empty() {
            act();
        }
        drop(waiting);
    }

    pub(super) fn len(&self) -> usize {
        self.waiting().told.len()
    }

    pub(super) fn count_lost(&self) {
        self.waiting().lost += 1;
    }

    pub(super) fn lost(&self) -> u64 {
        self.waiting().lost
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use connector_gate::state_store::{Keep, Ticket};

    use super::{Backlog, MOST};
    use crate::address::Address;
    use crate::engine::Fault;
    use crate::store::presence::Presence;
    use crate::store::told::Told;

    fn created(n: usize, bytes: usize) -> Told {
        let ticket = Ticket { key: n.to_string(), fence: 1 };
        Told::Created {
            ticket,
            meta: Bytes::from(vec![0; bytes]),
            keep: Keep { for_repeats: Duration::ZERO, asked_within: None },
            untaken: None,
            attempt: None,
        }
    }

    #[test]
    fn what_waits_is_bounded_and_the_oldest_goes_first() {
        let (backlog, presence) = (Backlog::default(), Presence::default());
        assert!(backlog.keep(created(0, 1), &presence).is_some(), "the database is there");
        presence.gone(&Address::Memory, &Fault::Away("a test".to_owned()));
        for n in 0..MOST + 3 {
            assert!(backlog.keep(created(n, 1), &presence).is_none());
        }
        assert_eq!((backlog.len(), backlog.lost()), (MOST, 3));
        assert_eq!(backlog.first().unwrap().1.ticket().key, "3");
        for n in 0..40 {
            backlog.keep(created(n, 1024 * 1024), &presence);
        }
        assert!(backlog.len() <= 32, "{}", backlog.len());
    }

    #[test]
    fn what_was_told_goes_and_nothing_else_does() {
        let (backlog, presence) = (Backlog::default(), Presence::default());
        presence.gone(&Address::Memory, &Fault::Away("a test".to_owned()));
        for n in 0..2 {
            backlog.keep(created(n, 1), &presence);
        }
        let (number, _) = backlog.first().unwrap();
        backlog.done(number);
        backlog.done(number);
        assert_eq!(backlog.len(), 1);
        backlog.if_empty(|| panic!("one still waits"));
    }
}
