//! Rule: the outside system is asked about a job no more often than it wants.
//! Between, the last answer counts, also that of another replica (`others`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_core::host::ErasedResource;
use prost::Message;
use tokio::time::Instant;

use super::letter::{Letter, News};
use super::others::Others;
use crate::memory::{Key, Memory, Store};

/// The most answers kept.
const MOST_ANSWERS: usize = 100_000;
/// The longest an answer stays good, whatever a connector says.
const LONGEST: Duration = Duration::from_secs(3_600);
/// The largest answer kept. Jobs that are not finished have little to say.
const LARGEST: usize = 16 * 1024;

/// Answers that are still good.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    answers: Box<dyn Store<Good>>,
    /// Whom answers are told and who tells them; nobody without a store.
    others: Option<Others>,
}

#[derive(Debug, Clone)]
struct Good {
    resource: Arc<ErasedResource>,
    until: Instant,
}

impl Pace {
    pub(super) fn new(interval: Duration, others: Option<Others>) -> Self {
        let interval = interval.min(LONGEST);
        Self { interval, answers: Box::new(Memory::new(MOST_ANSWERS, LONGEST)), others }
    }

    pub(super) fn len(&self) -> usize {
        self.answers.len()
    }

    /// Whether every poll asks: nothing here has a pace.
    pub(super) fn is_off(&self) -> bool {
        self.interval.is_zero() && self.answers.is_empty()
    }

    /// How often a job is asked about at most; zero where every poll asks.
    pub(super) const fn interval(&self) -> Duration {
        self.interval
    }

    /// Whether every job has a pace.
    pub(super) const fn has_interval(&self) -> bool {
        !self.interval.is_zero()
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
            others.tell(others.name(resource_meta), None, Instant::now() + self.interval);
        }
    }

    /// The answer for a job, if it is still good.
    pub(super) fn fresh(&self, resource_meta: &Bytes) -> Option<Arc<ErasedResource>> {
        if self.answers.is_empty() {
            return None;
        }
        let good = self.answers.get(&self.key(resource_meta));
        good.filter(|good| Instant::now() < good.until).map(|good| good.resource)
    }

    /// Keeps an answer for as long as it is good, if that is any time at all. One that is there and still good
    /// stays: it may have come from another replica, and is then no younger than it was.
    pub(super) fn keep(&self, resource_meta: &Bytes, resource: &ErasedResource) {
        let good_for = resource.good_for.unwrap_or_default().min(LONGEST).max(self.interval);
        if good_for.is_zero() {
            return;
        }
        let size = resource.message.len() + resource.custom_info.encoded_len();
        if size > LARGEST {
            return self.forget(resource_meta);
        }
        if self.fresh(resource_meta).is_some() {
            return;
        }
        let (kept, until) = (Arc::new(resource.clone()), Instant::now() + good_for);
        self.answers.put(self.key(resource_meta), Good { resource: kept, until });
        if let Some(others) = self.others() {
            others.tell(others.name(resource_meta), Some(resource), until);
        }
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
        let Some(resource) = news.answer.clone().and_then(|answer| answer.resource()) else {
            self.answers.remove(&key);
            others.withdraw(job);
            return;
        };
        let until = Instant::now() + news.good_for().min(LONGEST).saturating_sub(age);
        // Letters cross; the answer that is good for longer is the younger one.
        if self.answers.get(&key).is_none_or(|known| known.until < until) {
            self.answers.put(key, Good { resource: Arc::new(resource), until });
        }
    }
}
