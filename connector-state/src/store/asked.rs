//! Jobs that somebody has asked about: noted by polls, which wait for nothing, and written many at once, beside
//! the leases and before anybody looks for jobs that nobody has asked about.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connector_gate::state_store::{Due, Ticket};

use super::claims::due;
use super::told::KEPT;
use super::{Inner, Store};
use crate::engine::{Fault, Step};

/// The most that wait to be written. Of one that is lost it is said again when it is doubted.
const MOST: usize = 10_000;
/// How many are written, doubted and named in one statement.
const MOST_AT_ONCE: usize = 1_000;
/// For how long an answer is named to the others: some rounds of looking. Who misses it hears of it again when
/// it is doubted.
const FRESH_FOR: Duration = Duration::from_secs(3);

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Asked {
    waiting: Mutex<VecDeque<Ticket>>,
}

impl Asked {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<Ticket>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, ticket: &Ticket) {
        let mut waiting = self.waiting();
        waiting.push_back(ticket.clone());
        while waiting.len() > MOST {
            waiting.pop_front();
        }
    }

    fn some(&self) -> Vec<Ticket> {
        let mut waiting = self.waiting();
        let some = waiting.len().min(MOST_AT_ONCE);
        waiting.drain(..some).collect()
    }
}

impl Inner {
    /// Writes down what was asked about; none of it is lost if that fails.
    pub(super) async fn tell_asked(&self) -> Result<(), Fault> {
        loop {
            let tickets = self.asked.some();
            if tickets.is_empty() {
                return Ok(());
            }
            // Keys are our own and hold nothing that JSON spells otherwise.
            let keys: Vec<String> = tickets.iter().map(|it| format!("\"{}\"", it.key)).collect();
            let fences: Vec<String> = tickets.iter().map(|it| it.fence.to_string()).collect();
            let keys = format!("[{}]", keys.join(","));
            let values = vec![keys.as_str().into(), fences.join(",").as_str().into(), KEPT.into()];
            let step = Step { statement: &self.statements().asked, values };
            if let Err(fault) = self.run(vec![step]).await {
                tickets.iter().for_each(|ticket| self.asked.note(ticket));
                return Err(fault);
            }
        }
    }
}

impl Store {
    /// See [`StateStore::unasked`](connector_gate::state_store::StateStore::unasked).
    pub(super) async fn take_unasked(&self) -> Vec<Due> {
        let inner = &self.inner;
        if !inner.presence.is_up() || inner.tell_asked().await.is_err() {
            return Vec::new();
        }
        let of = inner.statements();
        let most = || i64::try_from(MOST_AT_ONCE).unwrap_or(i64::MAX).into();
        let doubted = Step { statement: &of.doubted, values: vec![most()] };
        let unasked = Step { statement: &of.unasked, values: vec![most()] };
        let values = vec![most(), inner.owner.as_str().into(), FRESH_FOR.into()];
        let fresh = Step { statement: &of.fresh, values };
        let answers = inner.run(vec![doubted, unasked, fresh]).await.unwrap_or_default();
        answers.into_iter().skip(1).flatten().filter_map(due).collect()
    }
}
