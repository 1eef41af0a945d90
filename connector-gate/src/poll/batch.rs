//! Rule: where the connector can ask about many jobs at once, polls share one call.
//! Polls that come within a short window go together, and free places are filled with jobs whose
//! answers are no longer good. One batch holds jobs of one account only.
//!
//! Of several replicas each gets its part of the polls. It waits for more of them that much longer, and before it
//! asks it takes the turn for each job (`others`): what another one asks about comes by letter.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connector_core::CallContext;
use connector_core::host::{CallError, ErasedResource, JobRequest};
use futures_util::future::join_all;
use lru::LruCache;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout_at};

use super::letter::JobName;
use super::others::Others;
use super::pace::Pace;
use crate::call::Call;
use crate::isolation::Interrupted;
use crate::memory::{Key, Reading};
use crate::operation::Operation;
use crate::rate::account;
use crate::site::{Ended, Site};

/// The most jobs known for filling batches.
const MOST_JOBS: usize = 10_000;
/// The longest that polls wait for more, however many replicas there are.
const LONGEST_WINDOW: Duration = Duration::from_secs(1);
/// Among how many jobs those are looked for that no other replica is at.
const MOST_CANDIDATES: usize = 1_000;

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
    /// Jobs in batches that are under way.
    under_way: HashSet<Key>,
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

/// Which polls leave: those of batches that are full with so many, or all that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    Full(usize),
    All,
}

/// A batch on its way to the connector.
#[derive(Default)]
struct Batch {
    waiting: Vec<Waiting>,
    /// Jobs that fill free places: nobody waits for them, but their answers will be asked for.
    filling: Vec<Asked>,
}

impl Batches {
    pub(super) fn new(site: Arc<Site>) -> Arc<Self> {
        let state = State {
            waiting: HashMap::new(),
            known: LruCache::unbounded(),
            under_way: HashSet::new(),
            given_up: 0,
        };
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

    /// The same for a job that may be known.
    pub(super) fn know_if_new(&self, request: &JobRequest, context: &CallContext) {
        if !self.state().known.contains(&Key::of(&request.resource_meta)) {
            self.know((request.clone(), context.clone()));
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
        let size = self.site.policy().batch_size.max(1);
        let waiting = {
            let mut state = self.state();
            let waiting = state.waiting.entry(account).or_default();
            waiting.push(Waiting { asked, answer });
            waiting.len()
        };
        let (batches, pace, call_of_batch) = (Arc::clone(self), Arc::clone(pace), call.clone());
        if waiting % size == 0 {
            // Full: it leaves at once, and those beyond it wait for more.
            self.site.server.spawn(async move {
                batches.send(account, Leaving::Full(size), &call_of_batch, &pace).await;
            });
        } else if waiting == 1 {
            let window = self.window(pace.replicas());
            self.site.server.spawn(async move {
                sleep(window).await;
                batches.send(account, Leaving::All, &call_of_batch, &pace).await;
            });
        }
        match timeout_at(call.deadline, answered).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(_dropped)) => Err(Interrupted::Ending),
            Err(_elapsed) => Err(Interrupted::OutOfTime),
        }
    }

    /// How long polls wait for more: so long that as many come as would to a server that is alone.
    fn window(&self, replicas: usize) -> Duration {
        let window = self.site.policy().batch_window;
        let replicas = u32::try_from(replicas).unwrap_or(u32::MAX);
        window.saturating_mul(replicas).min(LONGEST_WINDOW.max(window))
    }

    /// Takes what leaves, fills the free places, and calls the connector.
    async fn send(self: &Arc<Self>, account: Key, leaving: Leaving, call: &Call, pace: &Arc<Pace>) {
        let batches = self.batches(account, leaving, pace).into_iter();
        join_all(batches.map(|batch| self.send_one(batch, call, pace))).await;
    }

    async fn send_one(self: &Arc<Self>, batch: Batch, call: &Call, pace: &Arc<Pace>) {
        let (batch, elsewhere) = self.own_turns(batch, call, pace).await;
        if !elsewhere.is_empty() {
            let (batches, call, pace) = (Arc::clone(self), call.clone(), Arc::clone(pace));
            let waiting = async move { batches.hear_or_ask(elsewhere, &call, &pace).await };
            self.site.server.spawn(waiting);
        }
        self.ask_about(batch, call, pace).await;
    }

    /// The jobs of a batch that are this replica's to ask about, and polls of those that are not.
    async fn own_turns(&self, mut batch: Batch, call: &Call, pace: &Pace) -> (Batch, Vec<Waiting>) {
        let size = self.site.policy().batch_size;
        let free = size.saturating_sub(batch.waiting.len());
        // Without a pace the next poll asks anew, whatever another one was answered.
        let Some(others) = pace.others().filter(|_| pace.has_interval()) else {
            batch.filling.truncate(free);
            return (batch, Vec::new());
        };
        let name = |(job, _): &Asked| others.name(&job.resource_meta);
        let wanted: Vec<JobName> = batch.waiting.iter().map(|it| name(&it.asked)).collect();
        let along: Vec<JobName> = batch.filling.iter().map(name).collect();
        let span = call.deadline.saturating_duration_since(Instant::now()).min(pace.interval());
        let Some(own) = others.turns(&wanted, &along, size, span).await else {
            batch.filling.truncate(free);
            return (batch, Vec::new());
        };
        batch.filling.retain(|asked| own.contains(&name(asked)));
        let is_own = |waiting: &Waiting| own.contains(&name(&waiting.asked));
        let (waiting, elsewhere) = batch.waiting.into_iter().partition(is_own);
        (Batch { waiting, ..batch }, elsewhere)
    }

    /// Answers polls by what another replica learns, which is asking about their jobs. If it tells nothing in
    /// half of the time that is left, or has nothing to tell, this one asks after all.
    async fn hear_or_ask(&self, mut waiting: Vec<Waiting>, call: &Call, pace: &Pace) {
        let began = Instant::now();
        let until = began + call.deadline.saturating_duration_since(began) / 2;
        let mut unheard = Vec::new();
        while let Some(others) = pace.others().filter(|_| !waiting.is_empty()) {
            // Before looking: what arrives meanwhile counts.
            let arrives = others.arrives();
            let withdrawn = take_heard(&mut waiting, others, pace, began);
            unheard.extend(withdrawn);
            if waiting.is_empty() || timeout_at(until, arrives).await.is_err() {
                break;
            }
        }
        unheard.extend(waiting);
        self.ask_about(Batch { waiting: unheard, filling: Vec::new() }, call, pace).await;
    }

    async fn ask_about(&self, batch: Batch, call: &Call, pace: &Pace) {
        let asked = || {
            let waiting = batch.waiting.iter().map(|waiting| &waiting.asked);
            waiting.chain(&batch.filling)
        };
        let Some((first, _)) = asked().next() else {
            return;
        };
        let requests: Vec<Asked> = asked().cloned().collect();
        let jobs: Vec<Key> = asked().map(|(job, _)| Key::of(&job.resource_meta)).collect();
        self.state().under_way.extend(&jobs);
        let answers = match self.site.turn(first.connection.as_ref(), call.deadline).await {
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
        let mut state = self.state();
        for job in &jobs {
            state.under_way.remove(job);
        }
    }

    /// What leaves: mostly one batch, and more of them where they have become smaller meanwhile. What is left waits
    /// for the end of the window in which it came. What was full as its last poll came leaves also where batches have
    /// become larger: for a batch of one no window was begun, and nobody else would send it.
    fn batches(&self, account: Key, leaving: Leaving, pace: &Pace) -> Vec<Batch> {
        let now = self.site.policy().batch_size.max(1);
        let size = if let Leaving::Full(size) = leaving { size.min(now) } else { now };
        let mut state = self.state();
        let mut rest = state.waiting.remove(&account).unwrap_or_default();
        let mut batches = Vec::new();
        while rest.len() >= size || leaving == Leaving::All && !rest.is_empty() {
            let later = rest.split_off(size.min(rest.len()));
            batches.push(Self::batch(&state, account, rest, size, pace));
            rest = later;
        }
        if !rest.is_empty() {
            state.waiting.insert(account, rest);
        }
        batches
    }

    /// Polls, and jobs to fill the free places; more of these than there are places where other replicas may be at
    /// some of them.
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
                    && !state.under_way.contains(key)
                    && !pace.is_fresh(&job.resource_meta)
            });
            let free = size - waiting.len();
            let most = pace.others().map_or(free, |_| free.max(MOST_CANDIDATES));
            filling = stale.take(most).map(|(_, job)| job.clone()).collect();
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
                batch.filling.iter().for_each(|(job, _)| pace.forget(&job.resource_meta));
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
                    pace.keep(&job.resource_meta, &resource);
                }
                // Nor do other replicas get it by letter.
                _ => pace.forget(&job.resource_meta),
            }
            // It comes last in the next round.
            self.state().known.promote(&key);
        }
    }
}

/// Answers those polls whose answer has come by letter, and takes out those to which none will come.
fn take_heard(
    waiting: &mut Vec<Waiting>,
    others: &Others,
    pace: &Pace,
    since: Instant,
) -> Vec<Waiting> {
    let mut withdrawn = Vec::new();
    for poll in std::mem::take(waiting) {
        let meta = &poll.asked.0.resource_meta;
        if let Some(resource) = pace.fresh(meta) {
            poll.answer.send(Ok(Ok(resource))).ok();
        } else if others.has_withdrawn(others.name(meta), since) {
            withdrawn.push(poll);
        } else {
            waiting.push(poll);
        }
    }
    withdrawn
}
