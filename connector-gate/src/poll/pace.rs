//! Rule: the outside system is asked about a job no more often than it wants.
//! Between, the last answer counts.

use std::sync::Arc;
use std::time::Duration;

use connector_core::host::ErasedResource;
use prost::Message;
use tokio::time::Instant;

use crate::live::LiveSpan;
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
    interval: LiveSpan,
    answers: Box<dyn Store<Good>>,
}

#[derive(Debug, Clone)]
struct Good {
    resource: Arc<ErasedResource>,
    until: Instant,
}

impl Pace {
    pub(super) fn new(interval: Duration) -> Self {
        let interval = LiveSpan::new(interval.min(LONGEST));
        Self { interval, answers: Box::new(Memory::new(MOST_ANSWERS, LONGEST)) }
    }

    /// Asks that often from now on. An answer that is kept is good for as long as it was.
    pub(super) fn set(&self, interval: Duration) {
        self.interval.set(interval.min(LONGEST));
    }

    pub(super) fn len(&self) -> usize {
        self.answers.len()
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
    pub(super) fn fresh(&self, key: &Key) -> Option<Arc<ErasedResource>> {
        let good = self.answers.get(key).filter(|good| Instant::now() < good.until);
        good.map(|good| good.resource)
    }

    /// Keeps an answer for as long as it is good, if that is any time at all.
    pub(super) fn keep(&self, key: impl FnOnce() -> Key, resource: &ErasedResource) {
        let interval = self.interval.now();
        let good_for = resource.good_for.unwrap_or_default().min(LONGEST).max(interval);
        if good_for.is_zero() {
            return;
        }
        let size = resource.message.len() + resource.custom_info.encoded_len();
        if size > LARGEST {
            return;
        }
        let resource = Arc::new(resource.clone());
        self.answers.put(key(), Good { resource, until: Instant::now() + good_for });
    }
}
