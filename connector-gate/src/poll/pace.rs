//! Rule: the outside system is asked about a job no more often than it wants.
//! Between, the last answer counts.

use std::time::Duration;

use connector_core::Policy;
use connector_core::host::ErasedResource;
use tokio::time::Instant;

use crate::answer_bytes;
use crate::live::LiveSpan;
use crate::memory::{Key, Memory, Reading, Store};

/// The longest an answer stays good, whatever a connector says.
const LONGEST: Duration = Duration::from_secs(3_600);
/// The largest answer kept. Jobs that are not finished have little to say.
const LARGEST: usize = 16 * 1024;

/// Answers that are still good.
#[derive(Debug)]
pub(super) struct Pace {
    interval: LiveSpan,
    /// What the times of answers are counted from: half the size of an instant.
    began: Instant,
    answers: Box<dyn Store<Good>>,
}

#[derive(Debug, Clone)]
struct Good {
    answer: Box<[u8]>,
    /// Nanoseconds after the pace began.
    until: u64,
}

impl Pace {
    pub(super) fn new(policy: &Policy) -> Self {
        let interval = LiveSpan::new(policy.poll_interval.min(LONGEST));
        let heap = |good: &Good| good.answer.len();
        let answers = Box::new(Memory::of_bytes(policy.max_remembered_bytes, heap, LONGEST));
        Self { interval, began: Instant::now(), answers }
    }

    /// Asks that often from now on. An answer that is kept is good for as long as it was.
    pub(super) fn set(&self, interval: Duration) {
        self.interval.set(interval.min(LONGEST));
    }

    pub(super) fn reading(&self) -> Reading {
        self.answers.reading()
    }

    /// Whether every poll asks: nothing here has a pace.
    pub(super) fn is_off(&self) -> bool {
        self.interval.now().is_zero() && self.answers.is_empty()
    }

    /// Whether every job has a pace.
    pub(super) fn has_interval(&self) -> bool {
        !self.interval.now().is_zero()
    }

    pub(super) fn forget(&self, key: &Key) {
        self.answers.remove(key);
    }

    /// The answer for a job, if it is still good.
    pub(super) fn fresh(&self, key: &Key) -> Option<ErasedResource> {
        let good = self.answers.get(key).filter(|good| self.nanos(Duration::ZERO) < good.until)?;
        answer_bytes::read(&good.answer)
    }

    /// Whether there is an answer for a job that is still good.
    pub(super) fn is_fresh(&self, key: &Key) -> bool {
        self.answers.get(key).is_some_and(|good| self.nanos(Duration::ZERO) < good.until)
    }

    /// Keeps an answer for as long as it is good, if that is any time at all.
    pub(super) fn keep(&self, key: impl FnOnce() -> Key, resource: &ErasedResource) {
        let interval = self.interval.now();
        let good_for = resource.good_for.unwrap_or_default().min(LONGEST).max(interval);
        if good_for.is_zero() {
            return;
        }
        let mut answer = Vec::new();
        answer_bytes::write(resource.clone(), &mut answer);
        if answer.len() <= LARGEST {
            let until = self.nanos(good_for);
            self.answers.put(key(), Good { answer: answer.into(), until });
        }
    }

    /// That long after now, in nanoseconds after the pace began.
    fn nanos(&self, after: Duration) -> u64 {
        u64::try_from((self.began.elapsed() + after).as_nanos()).unwrap_or(u64::MAX)
    }
}
