//! Rule: the outside system is asked about a job no more often than it wants.
//! Between, the last answer counts, also that of another replica (`others`).

use std::time::Duration;

use bytes::Bytes;
use connector_core::Policy;
use connector_core::host::ErasedResource;
use tokio::time::Instant;

use super::letter::{Letter, News};
use super::others::Others;
use crate::answer_bytes;
use crate::live::{LiveSpan, nanos};
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
    /// Whom answers are told and who tells them; nobody without a store.
    others: Option<Others>,
}

#[derive(Debug, Clone)]
struct Good {
    answer: Box<[u8]>,
    /// Nanoseconds after the pace began.
    until: u64,
}

impl Pace {
    pub(super) fn new(policy: &Policy, others: Option<Others>) -> Self {
        let interval = LiveSpan::new(policy.poll_interval.min(LONGEST));
        let heap = |good: &Good| good.answer.len();
        let answers = Box::new(Memory::of_bytes(policy.max_remembered_bytes, heap, LONGEST));
        Self { interval, began: Instant::now(), answers, others }
    }

    /// Asks that often from now on. Where that is more often than before, no answer that is kept counts any more: an
    /// interval that was too long by mistake would go on for as long as it was.
    pub(super) fn set(&self, interval: Duration) {
        let (before, interval) = (self.interval(), interval.min(LONGEST));
        self.interval.set(interval);
        if interval < before {
            self.answers.clear();
        }
    }

    pub(super) fn reading(&self) -> Reading {
        self.answers.reading()
    }

    /// Whether every poll asks: nothing here has a pace.
    pub(super) fn is_off(&self) -> bool {
        self.interval().is_zero() && self.answers.is_empty()
    }

    /// How often a job is asked about at most; zero where every poll asks.
    pub(super) fn interval(&self) -> Duration {
        self.interval.now()
    }

    /// Whether every job has a pace.
    pub(super) fn has_interval(&self) -> bool {
        !self.interval().is_zero()
    }

    /// The other replicas, while there are any.
    pub(super) fn others(&self) -> Option<&Others> {
        self.others.as_ref().filter(|others| others.replicas() > 1)
    }

    /// How many replicas there are, with this one.
    pub(super) fn replicas(&self) -> usize {
        self.others.as_ref().map_or(1, Others::replicas)
    }

    /// What an answer is found by: by what others call the job, where there may be others.
    fn key(&self, resource_meta: &Bytes) -> Key {
        match &self.others {
            None => Key::of(resource_meta),
            Some(others) => Key::of(others.name(resource_meta)),
        }
    }

    /// Nothing that was said of a job is of use any more, here and elsewhere.
    pub(super) fn forget(&self, resource_meta: &Bytes) {
        if self.is_off() {
            return;
        }
        self.answers.remove(&self.key(resource_meta));
        if let Some(others) = self.others() {
            // For as long as what was said before may be somewhere.
            others.tell(others.name(resource_meta), None, Instant::now() + self.interval());
        }
    }

    /// The answer for a job, if it is still good.
    pub(super) fn fresh(&self, resource_meta: &Bytes) -> Option<ErasedResource> {
        answer_bytes::read(&self.good(resource_meta)?.answer)
    }

    /// Whether there is an answer for a job that is still good.
    pub(super) fn is_fresh(&self, resource_meta: &Bytes) -> bool {
        self.good(resource_meta).is_some()
    }

    fn good(&self, resource_meta: &Bytes) -> Option<Good> {
        if self.answers.is_empty() {
            return None;
        }
        let good = self.answers.get(&self.key(resource_meta));
        good.filter(|good| self.nanos(Duration::ZERO) < good.until)
    }

    /// Keeps an answer for as long as it is good, if that is any time at all. One that is there and still good
    /// stays: it may have come from another replica, and is then no younger than it was.
    pub(super) fn keep(&self, resource_meta: &Bytes, resource: &ErasedResource) {
        let good_for = resource.good_for.unwrap_or_default().min(LONGEST).max(self.interval());
        if good_for.is_zero() || self.is_fresh(resource_meta) {
            return;
        }
        let mut answer = Vec::new();
        answer_bytes::write(resource.clone(), &mut answer);
        if answer.len() > LARGEST {
            return self.forget(resource_meta);
        }
        if let Some(others) = self.others() {
            others.tell(others.name(resource_meta), Some(&answer), Instant::now() + good_for);
        }
        self.put(self.key(resource_meta), answer.into(), good_for);
    }

    fn put(&self, key: Key, answer: Box<[u8]>, good_for: Duration) {
        self.answers.put(key, Good { answer, until: self.nanos(good_for) });
    }

    /// Keeps what another replica wrote some time ago, if it is about this connector's jobs.
    pub(super) fn hear(&self, letter: &Letter, age: Duration) {
        let Some(others) = self.others.as_ref().filter(|it| it.home() == letter.home) else {
            return;
        };
        for news in &letter.news {
            self.hear_of(others, news, age);
        }
        others.arrived();
    }

    fn hear_of(&self, others: &Others, news: &News, age: Duration) {
        let Some(job) = news.name() else { return };
        let key = Key::of(job);
        let Some(answer) = news.told() else {
            self.answers.remove(&key);
            others.withdraw(job);
            return;
        };
        let good_for = news.good_for().min(LONGEST).saturating_sub(age);
        // Letters cross; the answer that is good for longer is the younger one.
        let is_younger = |known: Good| known.until < self.nanos(good_for);
        if answer.len() <= LARGEST && self.answers.get(&key).is_none_or(is_younger) {
            self.put(key, answer.as_ref().into(), good_for);
        }
    }

    /// That long after now, in nanoseconds after the pace began.
    fn nanos(&self, after: Duration) -> u64 {
        nanos(self.began.elapsed() + after)
    }
}
