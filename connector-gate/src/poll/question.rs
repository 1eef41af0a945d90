//! Rule: polls of a job that come while it is being asked about share that question.
//! Every poll enters here, first of all. What is asked, and what becomes of the answer, is the business
//! of `poll/mod.rs`.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use connector_core::host::{ErasedResource, JobRequest};
use connector_core::{CallContext, ConnectorKey, Flyte, pb};
use rustc_hash::FxHasher;
use tokio::sync::oneshot;

use crate::failure::Cause;

/// In how many parts the questions are kept: polls of different jobs rarely meet.
const SHARDS: usize = 32;
/// The most room an empty part keeps after a rush.
const MOST_SPARE: usize = 64;

/// What a poll brings.
pub(super) type Answer = Result<ErasedResource, Cause>;

/// The questions of one connector that are under way.
#[derive(Debug)]
pub(super) struct Questions {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    asked: u64,
    questions: Vec<Question>,
}

/// One question under way. The poll that asks it holds what is asked; here is how to tell it again.
#[derive(Debug)]
struct Question {
    name: Name,
    number: u64,
    /// The job was deleted since: its state is no longer what was asked about.
    outdated: bool,
    waiting: Vec<Waiting>,
}

/// What questions are told apart by, at first glance: hashes of the job's metadata and of the secrets
/// and settings it is asked about with. What else there is of a poll is the same for all of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Name {
    job: u64,
    connection: u64,
    /// The two are not told outputs in the same words.
    flyte: Flyte,
}

/// A poll that would have asked the same.
#[derive(Debug)]
struct Waiting {
    connector: ConnectorKey,
    request: JobRequest,
    answer: oneshot::Sender<Answer>,
}

/// The place of a poll among those of its job.
#[derive(Debug)]
pub(super) enum Place<'a> {
    /// Nobody is asking: this poll does.
    First(Asking<'a>),
    /// The answer comes from the poll that asks, unless it leaves or turns out to ask another thing.
    Behind(oneshot::Receiver<Answer>),
}

/// A question this poll asks, until it is told.
#[derive(Debug)]
pub(super) struct Asking<'a> {
    questions: &'a Questions,
    job: u64,
    /// 0 once it is told.
    number: u64,
}

impl Questions {
    pub(super) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }

    /// Takes a place: the first to come asks.
    pub(super) fn enter(&self, context: &CallContext, request: &JobRequest) -> Place<'_> {
        let name = Name::of(context, request);
        let mut shard = self.shard(name.job);
        let same = shard.questions.iter_mut().find(|it| it.name == name && !it.outdated);
        if let Some(question) = same {
            let (answer, told) = oneshot::channel();
            let (connector, request) = (context.key.clone(), request.clone());
            question.waiting.push(Waiting { connector, request, answer });
            return Place::Behind(told);
        }
        shard.asked += 1;
        let number = shard.asked;
        shard.questions.push(Question { name, number, outdated: false, waiting: Vec::new() });
        Place::First(Asking { questions: self, job: name.job, number })
    }

    /// The job was deleted: whoever polls it from now on asks anew.
    pub(super) fn outdate(&self, resource_meta: &[u8]) {
        let job = hash(resource_meta);
        let mut shard = self.shard(job);
        shard.questions.iter_mut().filter(|it| it.name.job == job).for_each(|it| {
            it.outdated = true;
        });
    }

    fn shard(&self, job: u64) -> MutexGuard<'_, Shard> {
        let [first, ..] = &self.shards;
        let at = usize::try_from(job % SHARDS as u64).unwrap_or_default();
        let shard = self.shards.get(at).unwrap_or(first);
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Name {
    fn of(context: &CallContext, request: &JobRequest) -> Self {
        let job = hash(&*request.resource_meta);
        let connection = given(request).map(|it| hash((&it.secrets, &it.configs)));
        Self { job, connection: connection.unwrap_or_default(), flyte: context.flyte }
    }
}

/// Every poll pays for this, so it is quick rather than safe from whoever looks for two alike: they
/// would wait for one another, and be told only after a closer look.
fn hash(value: impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Asking<'_> {
    /// Tells the answer to those who wait for the same one.
    pub(super) fn tell(mut self, context: &CallContext, request: &JobRequest, answer: &mut Answer) {
        let waiting = self.end();
        if !waiting.is_empty() {
            // Looked at in full: nobody is told what was learnt with the secrets of another.
            let same = |it: &Waiting| it.connector == context.key && is_same(&it.request, request);
            share(waiting.into_iter().filter(same), answer);
        }
    }

    /// Takes the question away, if it is still there.
    fn end(&mut self) -> Vec<Waiting> {
        let number = std::mem::take(&mut self.number);
        let mut shard = self.questions.shard(self.job);
        let questions = &mut shard.questions;
        let Some(at) = questions.iter().position(|it| it.number == number) else {
            return Vec::new();
        };
        let ended = questions.swap_remove(at);
        if questions.is_empty() && questions.capacity() > MOST_SPARE {
            *questions = Vec::new();
        }
        ended.waiting
    }
}

impl Drop for Asking<'_> {
    /// A poll that leaves without an answer: those behind it come again, and the first of them asks.
    fn drop(&mut self) {
        if self.number != 0 {
            drop(self.end());
        }
    }
}

fn share(waiting: impl Iterator<Item = Waiting>, answer: &mut Answer) {
    let tell = |it: Waiting, answer| drop(it.answer.send(answer));
    match answer {
        Ok(resource) => waiting.for_each(|it| tell(it, Ok(resource.clone()))),
        Err(cause) => {
            let shared = Arc::new(std::mem::replace(cause, Cause::Ending));
            waiting.for_each(|it| tell(it, Err(shared.shared())));
            *cause = shared.shared();
        }
    }
}

fn is_same(one: &JobRequest, other: &JobRequest) -> bool {
    one.resource_meta == other.resource_meta
        && one.output_prefix == other.output_prefix
        && given(one) == given(other)
}

/// The connection of a poll; one without secrets and settings is none.
fn given(request: &JobRequest) -> Option<&pb::Connection> {
    request.connection.as_ref().filter(|it| !it.secrets.is_empty() || !it.configs.is_empty())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connector_core::pb::Connection;
    use connector_core::prelude::*;
    use futures_util::FutureExt;
    use futures_util::future::join_all;
    use tokio::time::{sleep, timeout};

    use super::MOST_SPARE;
    use crate::failure::Cause;
    use crate::probe::{Answer, Bench};

    const SECOND: Duration = Duration::from_secs(1);

    fn slow(message: &str) -> Answer {
        Answer::SaysAfter(SECOND, Resource::queued().message(message))
    }

    #[tokio::test(start_paused = true)]
    async fn polls_of_one_job_at_one_moment_are_one_question() {
        let bench = Bench::new(&[]).await;
        bench.answer([slow("one"), slow("two")]);
        for (round, said) in [(1, "one"), (2, "two")] {
            let answers = join_all((0..20).map(|_| bench.poll("j"))).await;
            for answer in answers {
                assert_eq!(answer.unwrap(), (Phase::Queued, said.to_owned()));
            }
            assert_eq!(bench.polls(), round, "each one after is a question of its own");
        }
        bench.answer((0..10).map(|n| slow(&n.to_string())));
        let jobs: Vec<String> = (0..10).map(|n| format!("j-{n}")).collect();
        join_all(jobs.iter().map(|job| bench.poll(job))).await;
        assert_eq!(bench.polls(), 12, "other jobs are other questions");
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_that_leaves_takes_nobody_along() {
        let bench = Bench::new(&[]).await;
        bench.answer([Answer::Hangs, slow("well")]);
        let mut first = Box::pin(bench.poll("j"));
        assert!((&mut first).now_or_never().is_none());
        let others = join_all((0..5).map(|_| bench.poll("j")));
        let leaving = async {
            sleep(SECOND).await;
            drop(first);
        };
        let (others, ()) = tokio::join!(others, leaving);
        for answer in others {
            assert_eq!(answer.unwrap(), (Phase::Queued, "well".to_owned()));
        }
        assert_eq!(bench.polls(), 2, "one of them asked for all");
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_waits_for_another_no_longer_than_it_has_time() {
        let bench = Bench::new(&[]).await;
        bench.answer([Answer::Hangs]);
        let patient = bench.call(Some(60 * SECOND));
        let mut first = Box::pin(bench.gate.get(bench.job("j"), &patient));
        assert!((&mut first).now_or_never().is_none());
        let (phase, message) = timeout(9 * SECOND, bench.poll("j")).await.unwrap().unwrap();
        assert_eq!(phase, Phase::Running);
        assert!(message.ends_with("did not answer within 10s"), "{message}");
        assert_eq!((bench.polls(), bench.told("masked timeout")), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_told_what_was_learnt_with_the_secrets_of_another() {
        let bench = Bench::new(&[]).await;
        bench.answer([slow("for a"), slow("for b"), slow("for nobody")]);
        let ask = async |secret: Option<&str>, prefix: &str| {
            let mut request = bench.job("j");
            request.output_prefix = prefix.to_owned();
            request.connection = secret.map(|secret| {
                let secrets = [("token".to_owned(), secret.to_owned())].into();
                Connection { secrets, ..Default::default() }
            });
            bench.gate.get(request, &bench.call(None)).await.unwrap().message
        };
        let said = tokio::join!(
            ask(Some("a-secret"), ""),
            ask(Some("b-secret"), ""),
            ask(None, ""),
            ask(Some("a-secret"), "")
        );
        let said = <[String; 4]>::from(said);
        assert_eq!(said, ["for a", "for b", "for nobody", "for a"]);
        assert_eq!(bench.polls(), 3);
        // What is alike at first glance only is found out, and asked about by itself.
        bench.answer([slow("here"), slow("there")]);
        let said = tokio::join!(ask(None, "s3://here"), ask(None, "s3://there"));
        assert_eq!(<[String; 2]>::from(said), ["here", "there"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deleted_job_is_asked_about_anew() {
        let bench = Bench::new(&[]).await;
        bench.answer([slow("runs"), Answer::Fails(ConnectorError::not_found("gone"))]);
        let mut before = Box::pin(bench.poll("j"));
        assert!((&mut before).now_or_never().is_none());
        bench.delete("j").await.unwrap();
        assert_eq!(bench.poll("j").await.unwrap(), (Phase::Failed, "gone".to_owned()));
        assert_eq!(before.await.unwrap(), (Phase::Queued, "runs".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_seen_by_the_poll_that_asked() {
        let bench = Bench::new(&[]).await;
        // Tried again after a moment, so that the others come while the first one asks.
        bench.answer([Answer::Fails(ConnectorError::transient("503")), Answer::Panics]);
        let answers = join_all((0..5).map(|_| bench.poll("j"))).await;
        let seen = answers.iter().filter(|answer| matches!(answer, Err(Cause::Panicked(_))));
        assert_eq!(seen.count(), 1);
        for (phase, message) in answers.into_iter().flatten() {
            assert_eq!(phase, Phase::Running);
            assert!(message.ends_with("panicked: the probe was told to"), "{message}");
        }
        assert_eq!(bench.told("masked panic"), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rush_leaves_nothing_behind() {
        let bench = Bench::new(&[("CONCURRENCY", "10000")]).await;
        let jobs: Vec<String> = (0..5_000).map(|n| format!("j-{n}")).collect();
        bench.answer((0..5_000).map(|_| slow("")));
        join_all(jobs.iter().map(|job| bench.poll(job))).await;
        for shard in &bench.gate.polls.questions.shards {
            let questions = &shard.lock().unwrap().questions;
            assert!(questions.is_empty() && questions.capacity() <= MOST_SPARE);
        }
    }
}
