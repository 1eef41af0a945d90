//! A row of the store in memory: one attempt, or a job of none.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::state_store::{Attempt, Due, Ticket};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Claimed,
    Answered,
    ToCancel,
    Gone,
    GivenUp,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) attempt: Attempt,
    pub(super) status: Status,
    pub(super) meta: Option<Bytes>,
    pub(super) fence: i64,
    pub(super) owner: Option<usize>,
    pub(super) due: Instant,
    pub(super) expires: Option<Instant>,
    pub(super) superseded: bool,
    pub(super) tries: u32,
    /// Within which time somebody has to ask about it.
    pub(super) ask: Option<Duration>,
}

impl Row {
    /// Somebody has to ask about it within that time, of which the first half begins.
    pub(super) fn ask(&mut self, within: Option<Duration>) {
        self.ask = within;
        if let Some(within) = within {
            self.due = Instant::now() + within / 2;
        }
    }

    pub(super) fn is_unasked(&self) -> bool {
        let is_free = self.owner.is_none() && !self.superseded && self.tries == 0;
        let waits = self.status == Status::ToCancel && is_free && Instant::now() < self.due;
        self.ask.is_some() && (self.status == Status::Answered || waits)
    }

    pub(super) fn taken(&self) -> Due {
        Due {
            ticket: Ticket { key: self.attempt.key.clone(), fence: self.fence },
            attempt: self.attempt.clone(),
            meta: self.meta.clone().filter(|_| self.status != Status::Claimed),
            tries: self.tries,
        }
    }
}
