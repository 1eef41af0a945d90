//! One attempt of a task: create it, follow it by polls and looks, delete it.
//! `mod.rs` runs one after the other; the rules about numbers and times are in `ExecutorRules`.
//! What an answer means is `look`'s business, what a failed poll means `cache`'s.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use connector_service::pb;
use futures_util::future::join_all;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at, sleep, sleep_until};
use tonic::Status;

use super::Shared;
use super::cache::{CacheItem, Cached};
use super::look::{Look, look};
use super::record::{AttemptRecord, Created, End, FailureCode, phase_name};
use super::trouble::{RepeatedCreate, Trouble};
use super::wire::{Stored, told};
use crate::identity::AttemptName;
use crate::task::Task;

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// And the task with it.
    Ended(End),
    /// The next one may succeed.
    Retry(String),
}

/// One attempt in the making.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) task: &'a Task,
    pub(crate) trouble: &'a Trouble,
    pub(crate) name: AttemptName<'a>,
    pub(crate) abort_at: Option<Instant>,
    pub(crate) order: Mutex<fastrand::Rng>,
    pub(crate) record: Mutex<AttemptRecord>,
}

impl Attempt<'_> {
    /// Runs the attempt. What it answers beside the verdict is what the executor has stored of it.
    pub(crate) async fn run(&self, restarts: &mut VecDeque<Instant>) -> (Verdict, Option<Stored>) {
        let prefix = self.name.output_prefix(self.shared.outputs.folder.as_deref());
        self.note(|record| {
            record.number = self.name.number;
            record.output_prefix.clone_from(&prefix);
        });
        let resource_meta = match self.create(&prefix).await {
            Ok(resource_meta) => resource_meta,
            Err(status) => {
                let code = status.code();
                let failure = format!(
                    "failed to create task from connector with rpc error: code = {code:?} desc = {}",
                    status.message()
                );
                // Nothing is stored, so there is nothing to delete, on an abort either.
                return (self.unless_aborted(Verdict::Retry(failure)), None);
            }
        };
        let stored = Stored {
            resource_meta,
            category: pb::TaskCategory {
                name: self.task.template.r#type.clone(),
                version: self.task.template.task_type_version,
            },
            output_prefix: prefix,
            connection: self.task.connection.clone(),
        };
        self.note(|record| record.resource_meta = Some(stored.resource_meta.clone()));
        let mut cache = Mutex::new(CacheItem::default());
        loop {
            let followed = self.follow(&stored, &cache, restarts.front().copied()).await;
            match followed {
                Some(verdict) => return (verdict, Some(stored)),
                None => {
                    let item = cache.into_inner().unwrap_or_else(PoisonError::into_inner);
                    cache = Mutex::new(item.restarted());
                    restarts.pop_front();
                    self.note(|record| record.restarts += 1);
                }
            }
        }
    }

    fn unless_aborted(&self, verdict: Verdict) -> Verdict {
        match self.abort_at {
            Some(at) if at <= Instant::now() => Verdict::Ended(End::Aborted),
            _ => verdict,
        }
    }

    fn note<T>(&self, change: impl FnOnce(&mut AttemptRecord) -> T) -> T {
        change(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn create(&self, prefix: &str) -> Result<Bytes, Status> {
        match self.trouble.repeated_create.filter(|_| self.name.number == 0) {
            None => self.create_once(prefix).await,
            Some(RepeatedCreate::Concurrent { calls }) => {
                let last = join_all((1..calls).map(|_| self.create_once(prefix)));
                let (answer, _) = tokio::join!(self.create_once(prefix), last);
                answer
            }
            Some(RepeatedCreate::AfterAnswer { pause }) => {
                // Whatever it was, it is lost with the executor that had it.
                drop(self.create_once(prefix).await);
                sleep(pause).await;
                self.create_once(prefix).await
            }
            Some(RepeatedCreate::NotWrittenDown { pause }) => {
                let first = self.create_once(prefix).await;
                sleep(pause).await;
                let second = self.create_once(prefix).await;
                first.or(second)
            }
            Some(RepeatedCreate::WhileCalling { after, pause }) => {
                let call = tokio::time::timeout(after, self.create_once(prefix)).await;
                if call.is_err() {
                    self.note(|record| record.creates.push(Created::Left));
                }
                sleep(pause).await;
                self.create_once(prefix).await
            }
        }
    }

    async fn create_once(&self, prefix: &str) -> Result<Bytes, Status> {
        let number = usize::try_from(self.name.number).unwrap_or(usize::MAX);
        let hasty = self.trouble.create_deadlines.get(number).copied();
        let deadline = hasty.or(self.shared.rules.create_deadline);
        let created = self.shared.wire.create(&self.shared.rules, self.request(prefix), deadline);
        let created = created.await;
        self.note(|record| {
            record.creates.push(match &created {
                Ok(resource_meta) => Created::Answered(resource_meta.clone()),
                Err(status) => Created::Failed(told(status)),
            });
        });
        created
    }

    /// The request, with the inputs in another order every time: the executor's order is random.
    fn request(&self, prefix: &str) -> pb::CreateTaskRequest {
        let mut literals = self.task.inputs.clone();
        self.order.lock().unwrap_or_else(PoisonError::into_inner).shuffle(&mut literals);
        self.name.request(self.task, literals, prefix)
    }

    /// Polls and looks until the attempt has ended; `None` when the executor restarts before.
    async fn follow(
        &self,
        stored: &Stored,
        cache: &Mutex<CacheItem>,
        restart_at: Option<Instant>,
    ) -> Option<Verdict> {
        let polls = self.poll(stored, cache);
        let looks = self.look(stored, cache, restart_at);
        tokio::pin!(polls, looks);
        tokio::select! {
            verdict = &mut looks => return verdict,
            () = &mut polls => {}
        }
        looks.await
    }

    async fn poll(&self, stored: &Stored, cache: &Mutex<CacheItem>) {
        if cache.lock().unwrap_or_else(PoisonError::into_inner).has_stopped() {
            return;
        }
        let mut ticks = interval(self.shared.rules.poll_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let outcome = self.shared.wire.get(&self.shared.rules, stored).await;
            self.note(|record| match &outcome {
                Ok(answer) => {
                    record.polls += 1;
                    let phase = answer.resource.as_ref().map_or(0, |resource| resource.phase);
                    if record.phases.last() != Some(&phase) {
                        record.phases.push(phase);
                    }
                }
                Err(status) => record.failed_polls.push(told(status)),
            });
            let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
            if !cache.take(outcome, self.shared.rules.max_poll_failures) {
                return;
            }
        }
    }

    async fn look(
        &self,
        stored: &Stored,
        cache: &Mutex<CacheItem>,
        restart_at: Option<Instant>,
    ) -> Option<Verdict> {
        let rules = &self.shared.rules;
        let first = Instant::now() + rules.look_interval;
        let mut ticks = interval_at(first, rules.look_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let patience = Instant::now() + rules.patience;
        let mut impossible = 0;
        loop {
            tokio::select! {
                biased;
                () = reached(self.abort_at) => {
                    // Polls go on meanwhile: the executor stops them only afterwards.
                    self.delete(stored).await;
                    return Some(Verdict::Ended(End::Aborted));
                }
                () = reached(restart_at) => return None,
                _ = ticks.tick() => {}
                () = sleep_until(patience) => {
                    let phase = cache.lock().unwrap_or_else(PoisonError::into_inner).phase();
                    return Some(Verdict::Ended(End::Unfinished { phase }));
                }
            }
            let seen = {
                let cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
                self.seen(&cache, stored, restart_at.is_some())
            };
            match seen {
                Look::Going => impossible = 0,
                Look::Ended(end) => return Some(Verdict::Ended(end)),
                Look::Retry(why) => return Some(Verdict::Retry(why)),
                Look::Impossible(message) => {
                    impossible += 1;
                    if impossible > rules.max_system_failures {
                        let code = FailureCode::MaxSystemFailuresExceeded;
                        return Some(Verdict::Ended(End::Failed { code, message }));
                    }
                    // Each one changes the task's state, which makes the executor look again.
                    ticks.reset_after(rules.system_failure_interval);
                }
            }
        }
    }

    fn seen(&self, cache: &CacheItem, stored: &Stored, will_restart: bool) -> Look {
        match cache.look() {
            Cached::Nothing => Look::Going,
            Cached::Answer(answer) => {
                look(answer, self.task, &self.shared.outputs, &stored.output_prefix)
            }
            Cached::NeverAnswered(status) => Look::Ended(End::Failed {
                code: FailureCode::AutoRefreshCacheFailed,
                message: told(status),
            }),
            // The restart will make a failure of it.
            Cached::Stale(..) if will_restart => Look::Going,
            Cached::Stale(answer, status) => {
                let phase = answer.resource.as_ref().map_or(0, |resource| resource.phase);
                let cause = format!(
                    "more than {} polls failed in its life, the last with {}; {} is the last phase \
                     the executor will ever see",
                    self.shared.rules.max_poll_failures,
                    told(status),
                    phase_name(phase),
                );
                Look::Ended(End::Wedged { phase, cause })
            }
        }
    }

    /// Deletes the job until that has worked, as the executor does, but not for ever.
    pub(crate) async fn delete(&self, stored: &Stored) {
        let rules = &self.shared.rules;
        let wanted = if self.trouble.delete_twice { 2 } else { 1 };
        let (mut done, mut failures) = (0, 0);
        while done < wanted {
            match self.shared.wire.delete(rules, stored).await {
                Ok(()) => {
                    done += 1;
                    self.note(|record| record.deletes += 1);
                }
                Err(status) => {
                    failures += 1;
                    self.note(|record| record.failed_deletes.push(told(&status)));
                    if failures > rules.give_up_deleting_after {
                        self.note(|record| record.delete_is_stuck = true);
                        return;
                    }
                    sleep(rules.delete_interval).await;
                }
            }
        }
    }
}

/// Waits for a moment; for ever, if there is none.
async fn reached(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
