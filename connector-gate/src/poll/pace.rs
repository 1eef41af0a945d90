//! Rule: the outside system is asked about a job no more often than it wants.
//! Between, the last answer counts; callers who come at the same time share one question.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connector_core::host::ErasedResource;
use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use prost::Message;
use tokio::time::Instant;

use crate::failure::Cause;
use crate::memory::{Key, Memory, Store};

/// The most answers kept.
const MOST_ANSWERS: usize = 100_000;
/// The longest an answer stays good, whatever a connector says.
const LONGEST: Duration = Duration::from_secs(3_600);
/// The largest answer kept. Jobs that are not finished have little to say.
const LARGEST: usize = 16 * 1024;
/// From how many questions on those that nobody waits for are looked for.
const MANY_QUESTIONS: usize = 1_024;

type Answer = Result<Arc<ErasedResource>, Arc<Cause>>;
type Question = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Answers that are still good, and questions under way.
pub(super) struct Pace {
    interval: Duration,
    answers: Box<dyn Store<Good>>,
    questions: Mutex<HashMap<Key, WeakShared<Question>>>,
}

#[derive(Debug, Clone)]
struct Good {
    resource: Arc<ErasedResource>,
    until: Instant,
}

impl std::fmt::Debug for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pace")
            .field("interval", &self.interval)
            .field("answers", &self.answers)
            .finish_non_exhaustive()
    }
}

impl Pace {
    pub(super) fn new(interval: Duration) -> Self {
        let interval = interval.min(LONGEST);
        Self {
            interval,
            answers: Box::new(Memory::new(MOST_ANSWERS, LONGEST)),
            questions: Mutex::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.answers.len() + self.questions().len()
    }

    /// Whether every poll asks: nothing here has a pace.
    pub(super) fn is_off(&self) -> bool {
        self.interval.is_zero() && self.answers.is_empty()
    }

    /// Whether every job has a pace.
    pub(super) const fn has_interval(&self) -> bool {
        !self.interval.is_zero()
    }

    pub(super) fn forget(&self, key: &Key) {
        self.answers.remove(key);
    }

    /// Whether the answer for a job is still good.
    pub(super) fn is_fresh(&self, key: &Key) -> bool {
        self.answers.get(key).is_some_and(|good| Instant::now() < good.until)
    }

    /// Keeps an answer for as long as it is good, if that is any time at all.
    pub(super) fn keep(&self, key: impl FnOnce() -> Key, resource: &ErasedResource) {
        let good_for = resource.good_for.unwrap_or_default().min(LONGEST).max(self.interval);
        let size = resource.message.len() + resource.custom_info.encoded_len();
        if good_for.is_zero() || size > LARGEST {
            return;
        }
        let resource = Arc::new(resource.clone());
        self.answers.put(key(), Good { resource, until: Instant::now() + good_for });
    }

    /// The answer that is still good, the one others wait for, or the answer to a new question.
    pub(super) async fn get(
        &self,
        key: Key,
        question: impl Future<Output = Result<ErasedResource, Cause>> + Send + 'static,
    ) -> Result<ErasedResource, Cause> {
        match self.answers.get(&key) {
            Some(good) if Instant::now() < good.until => {
                return Ok(ErasedResource::clone(&good.resource));
            }
            // A job without a pace is asked about at every poll, even at two polls at once.
            None if !self.has_interval() => return question.await,
            _ => {}
        }
        let shared = self.question(key, question);
        let answer = shared.await;
        self.questions().remove(&key);
        match answer {
            Ok(resource) => Ok(Arc::unwrap_or_clone(resource)),
            Err(cause) => Err(cause.shared()),
        }
    }

    fn question(
        &self,
        key: Key,
        question: impl Future<Output = Result<ErasedResource, Cause>> + Send + 'static,
    ) -> Shared<Question> {
        let mut questions = self.questions();
        if let Some(asked) = questions.get(&key).and_then(WeakShared::upgrade) {
            return asked;
        }
        if questions.len() >= MANY_QUESTIONS {
            questions.retain(|_, asked| asked.upgrade().is_some());
        }
        let question: Question =
            Box::pin(question.map(|answer| answer.map(Arc::new).map_err(Arc::new)));
        let shared = question.shared();
        if let Some(weak) = shared.downgrade() {
            questions.insert(key, weak);
        }
        shared
    }

    fn questions(&self) -> MutexGuard<'_, HashMap<Key, WeakShared<Question>>> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
