//! Rule: where the connector can ask about many jobs at once, polls share one call.
//! Polls that come within a short window go together, and free places are filled with jobs whose
//! answers are no longer good. One batch holds jobs of one account only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use connector_core::CallContext;
use connector_core::host::{CallError, ErasedResource, JobRequest};
use futures_util::future::join_all;
use lru::LruCache;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout_at};

use super::pace::Pace;
use crate::call::Call;
use crate::isolation::Interrupted;
use crate::memory::{Key, Reading};
use crate::operation::Operation;
use crate::rate::account;
use crate::site::{Ended, Site};

/// The most jobs known for filling batches.
const MOST_JOBS: usize = 10_000;

/// What joins polls of one connector.
#[derive(Debug)]
pub(super) struct Batches {
    site: Arc<Site>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Polls waiting for their batch, by account.
    waiting: HashMap<Key, Vec<Waiting>>,
    /// Jobs that are polled, the one asked about longest ago last.
    known: LruCache<Key, Asked>,
    /// Jobs so far that were not known any more, for want of room.
    given_up: u64,
}

/// A question about a job, and what the call that brought it told.
pub(super) type Asked = (JobRequest, CallContext);

#[derive(Debug)]
struct Waiting {
    asked: Asked,
    answer: oneshot::Sender<Ended<ErasedResource>>,
}

/// A batch on its way to the connector.
struct Batch {
    waiting: Vec<Waiting>,
    /// Jobs that fill free places: nobody waits for them, but their answers will be asked for.
    filling: Vec<Asked>,
}

impl Batches {
    pub(super) fn new(site: Arc<Site>) -> Arc<Self> {
        let state = State { waiting: HashMap::new(), known: LruCache::unbounded(), given_up: 0 };
        Arc::new(Self { site, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reading(&self) -> Reading {
        let state = self.state();
        Reading { count: state.known.len(), given_up: state.given_up }
    }

    /// Makes a job known, for filling batches.
    pub(super) fn know(&self, job: Asked) {
        let mut state = self.state();
        state.known.put(Key::of(&job.0.resource_meta), job);
        while state.known.len() > MOST_JOBS {
            state.known.pop_lru();
            state.given_up += 1;
        }
    }

    pub(super) fn forget(&self, key: &Key) {
        self.state().known.pop(key);
    }

    /// Asks about one job together with others.
    ///
    /// # Cancel safety
    /// The batch goes on for the others.
    pub(super) async fn ask(
        self: &Arc<Self>,
        request: JobRequest,
        call: &Call,
        pace: &Arc<Pace>,
    ) -> Ended<ErasedResource> {
        let asked = (request.clone(), call.context.clone());
        self.know(asked.clone());
        let account = account(request.connection.as_ref());
        let (answer, answered) = oneshot::channel();
        let size = self.site.policy().batch_size;
        let waiting = {
            let mut state = self.state();
            let waiting = state.waiting.entry(account).or_default();
            waiting.push(Waiting { asked, answer });
            waiting.len()
        };
        let (batches, pace, call_of_batch) = (Arc::clone(self), Arc::clone(pace), call.clone());
        if waiting >= size {
            // Full: it leaves at once.
            self.site
                .server
                .spawn(async move { batches.send(account, &call_of_batch, &pace).await });
        } else if waiting == 1 {
            let window = self.site.policy().batch_window;
            self.site.server.spawn(async move {
                sleep(window).await;
                batches.send(account, &call_of_batch, &pace).await;
            });
        }
        match timeout_at(call.deadline, answered).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(_dropped)) => Err(Interrupted::Ending),
            Err(_elapsed) => Err(Interrupted::OutOfTime),
        }
    }

    /// Takes what waits, fills the free places, and calls the connector.
    async fn send(&self, account: Key, call: &Call, pace: &Pace) {
        let batches = self.batches(account, pace).into_iter();
        join_all(batches.map(|batch| self.send_one(batch, call, pace))).await;
    }

    async fn send_one(&self, batch: Batch, call: &Call, pace: &Pace) {
        let first = batch.waiting.first().and_then(|waiting| waiting.asked.0.connection.as_ref());
        let requests: Vec<Asked> = batch
            .waiting
            .iter()
            .map(|waiting| waiting.asked.clone())
            .chain(batch.filling.iter().cloned())
            .collect();
        let answers = match self.site.turn(first, call.deadline).await {
            Ok(()) => {
                self.site
                    .call(Operation::Get, call.deadline, &*call.observer, |connector| async move {
                        connector.get_many(requests).await
                    })
                    .await
            }
            Err(interrupted) => Err(interrupted),
        };
        self.hand_out(batch, answers, pace);
    }

    /// All that waits: mostly one batch, and more of them where they have become smaller meanwhile.
    fn batches(&self, account: Key, pace: &Pace) -> Vec<Batch> {
        let size = self.site.policy().batch_size.max(1);
        let mut state = self.state();
        let mut rest = state.waiting.remove(&account).unwrap_or_default();
        let mut batches = Vec::new();
        while !rest.is_empty() {
            let later = rest.split_off(size.min(rest.len()));
            batches.push(Self::batch(&state, account, rest, size, pace));
            rest = later;
        }
        batches
    }

    fn batch(
        state: &State,
        account_of_batch: Key,
        waiting: Vec<Waiting>,
        size: usize,
        pace: &Pace,
    ) -> Batch {
        let mut filling = Vec::new();
        // Without a pace the next poll asks anew, whatever was answered here.
        if pace.has_interval() && waiting.len() < size {
            let asked: Vec<Key> =
                waiting.iter().map(|waiting| Key::of(&waiting.asked.0.resource_meta)).collect();
            let stale = state.known.iter().rev().filter(|(key, (job, _))| {
                account(job.connection.as_ref()) == account_of_batch
                    && !asked.contains(key)
                    && !pace.is_fresh(key)
            });
            filling = stale.take(size - waiting.len()).map(|(_, job)| job.clone()).collect();
        }
        Batch { waiting, filling }
    }

    fn hand_out(
        &self,
        batch: Batch,
        answers: Result<Vec<Result<ErasedResource, CallError>>, Interrupted>,
        pace: &Pace,
    ) {
        let mut answers = match answers {
            Ok(answers) => answers.into_iter(),
            Err(interrupted) => {
                for waiting in batch.waiting {
                    waiting.answer.send(Err(interrupted.clone())).ok();
                }
                return;
            }
        };
        for (waiting, answer) in batch.waiting.into_iter().zip(answers.by_ref()) {
            waiting.answer.send(Ok(answer)).ok();
        }
        for ((job, _), answer) in batch.filling.into_iter().zip(answers) {
            let key = Key::of(&job.resource_meta);
            match answer {
                // How a job ended is told, with all rules, to the one who asks for it.
                Ok(resource) if !resource.phase.is_terminal() => {
                    let resource = self.site.tellable(resource, job.connection.as_ref());
                    pace.keep(|| key, &resource);
                }
                _ => {}
            }
            // It comes last in the next round.
            self.state().known.promote(&key);
        }
    }
}
