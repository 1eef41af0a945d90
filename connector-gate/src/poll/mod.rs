//! Rules of get: no transient error leaves, and the outside system is asked at its own pace.
//! `question` has one poll of a job ask for all that come meanwhile, `pace` decides whether to ask at
//! all, `batch` asks for many at once, `others` are replicas that do the same; here one question is asked
//! again while that can help, and then answered with what is known (`jobs`).

mod batch;
mod jobs;
mod letter;
mod others;
mod pace;
mod question;
#[cfg(test)]
mod room;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use connector_core::CallContext;
use connector_core::host::{CallError, CreateRequest, ErasedResource, JobRequest};
use tokio::sync::oneshot::Receiver;
use tokio::time::{Instant, sleep, timeout_at};

use self::batch::{Asked, Batches};
use self::jobs::Jobs;
pub(crate) use self::letter::Letter;
use self::others::Others;
use self::pace::Pace;
use self::question::{Answer, Asking, Place, Questions};
use crate::answer;
use crate::backoff::Backoff;
use crate::call::Call;
use crate::deadline::{after, from};
use crate::failure::Cause;
use crate::isolation::Interrupted;
use crate::memory::{Key, Reading};
use crate::operation::Operation;
use crate::outputs::Declared;
use crate::site::{Ended, Site};
use crate::state_store::Sent;
use crate::verdict::{self, Verdict};

/// The polls of one connector.
#[derive(Debug)]
pub(crate) struct Polls {
    site: Arc<Site>,
    jobs: Jobs,
    questions: Questions,
    pace: Arc<Pace>,
    /// Once the policy has asked for them.
    batches: OnceLock<Arc<Batches>>,
}

/// What is left of a question that brought no answer.
struct Trouble {
    text: String,
    kind: &'static str,
    /// Whether asking again soon can help.
    again: bool,
    /// When the vendor wants to be asked again, at the earliest.
    asked: Option<Duration>,
}

/// What a poll gets that waits for another one's answer.
enum Told<'a> {
    Answer(Answer),
    /// The other one left, so it has to ask.
    NothingYet(Asking<'a>),
}

impl Polls {
    pub(crate) fn new(site: Arc<Site>) -> Arc<Self> {
        let policy = site.policy();
        let jobs = Jobs::new(&policy, site.texts);
        let durable = site.durable.as_ref();
        let others =
            durable.map(|durable| Others::new(durable.home.clone(), Arc::clone(&durable.store)));
        let pace = Arc::new(Pace::new(&policy, others));
        drop(policy);
        let batches = OnceLock::new();
        let polls = Self { site, jobs, questions: Questions::new(), pace, batches };
        polls.follow_policy();
        Arc::new(polls)
    }

    /// Goes by the policy as it is now.
    pub(crate) fn follow_policy(&self) {
        let policy = self.site.policy();
        self.pace.set(policy.poll_interval);
        // Where there were batches once, each may be of one job.
        if policy.batch_size > 1 {
            self.batches.get_or_init(|| Batches::new(Arc::clone(&self.site)));
        }
    }

    /// How much is remembered: states of jobs, answers still good, jobs to ask about together.
    pub(crate) fn remembered(&self) -> [(&'static str, Reading); 3] {
        let together = self.batches.get().map_or(Reading::of(0), |batches| batches.reading());
        let (jobs, answers) = (self.jobs.reading(), self.pace.reading());
        [("jobs", jobs), ("answers", answers), ("batched_jobs", together)]
    }

    /// Whether there are answers that are good for longer, which replicas tell each other.
    pub(crate) fn has_pace(&self) -> bool {
        !self.pace.is_off()
    }

    /// What other replicas are to be told, if there is anything.
    pub(crate) fn letter(&self) -> Option<Sent> {
        self.pace.others()?.letter()
    }

    /// Another replica wrote this, some time ago.
    pub(crate) fn hear(&self, letter: &Letter, age: Duration) {
        self.pace.hear(letter, age);
    }

    /// What will ask about a job that is created now, if anything is to be remembered of it.
    pub(crate) fn first_request(
        &self,
        declares: bool,
        created: &CreateRequest,
        context: &CallContext,
    ) -> Option<Asked> {
        (declares || self.batches.get().is_some()).then(|| {
            let request = JobRequest {
                resource_meta: Bytes::new(),
                output_prefix: created.output_prefix.clone(),
                connection: created.connection.clone(),
            };
            (request, context.clone())
        })
    }

    /// A job was created: remembers what its success must carry, and that it will be asked about.
    pub(crate) fn created(
        &self,
        declared: Option<Declared>,
        first: Option<Asked>,
        resource_meta: &Bytes,
    ) {
        if let Some(declared) = declared {
            self.jobs.declare(Key::of(resource_meta), declared);
        }
        if let (Some(batches), Some((first, context))) = (self.batches.get(), first) {
            let request = JobRequest { resource_meta: resource_meta.clone(), ..first };
            batches.know((request, context));
        }
    }

    /// A job was deleted: nothing about it is of use any more.
    pub(crate) fn deleted(&self, resource_meta: &Bytes) {
        self.questions.outdate(resource_meta);
        if self.remembers_any() {
            self.forget(resource_meta);
        }
    }

    /// Whether there can be a record of any job: the usual job leaves none.
    fn remembers_any(&self) -> bool {
        self.batches.get().is_some() || !self.pace.is_off() || !self.jobs.is_empty()
    }

    fn forget(&self, resource_meta: &Bytes) {
        let key = Key::of(resource_meta);
        self.jobs.forget(&key);
        self.pace.forget(resource_meta);
        if let Some(batches) = self.batches.get() {
            batches.forget(&key);
        }
    }

    /// Says where a job stands, from the last answer where that is still good.
    ///
    /// # Errors
    /// The first panic of a connector over a job; the end of the server.
    ///
    /// # Cancel safety
    /// Polls that wait for this one's answer ask anew, one of them for all.
    pub(crate) async fn get(
        self: &Arc<Self>,
        request: &JobRequest,
        call: &Call,
    ) -> Result<ErasedResource, Cause> {
        let mut began = call.began;
        let asking = match self.questions.enter(&call.context, request) {
            Place::First(asking) => asking,
            // Boxed, as every poll would carry the room it takes.
            Place::Behind(told) => match Box::pin(self.told(told, request, call)).await {
                Told::Answer(answer) => return answer,
                Told::NothingYet(asking) => {
                    began = Instant::now();
                    asking
                }
            },
        };
        let mut answer = match self.still_good(request) {
            Some(good) => {
                if let (Some(batches), Some(_)) = (self.batches.get(), self.pace.others()) {
                    // It may be another replica's answer; the next time this one may ask.
                    batches.know_if_new(request, &call.context);
                }
                Ok(good)
            }
            None => self.ask_until_known(request, call, began).await,
        };
        asking.tell(&call.context, request, &mut answer);
        answer
    }

    /// Waits for the answer of the poll that asks. If that one leaves, somebody else has to.
    async fn told(
        &self,
        mut told: Receiver<Answer>,
        request: &JobRequest,
        call: &Call,
    ) -> Told<'_> {
        let interrupted = loop {
            match timeout_at(call.deadline, told).await {
                // Seen once, by the poll that asked.
                Ok(Ok(Err(Cause::Panicked(message)))) => break Interrupted::Panicked(message),
                Ok(Ok(answer)) => return Told::Answer(answer),
                Ok(Err(_left)) => match self.questions.enter(&call.context, request) {
                    Place::First(asking) => return Told::NothingYet(asking),
                    Place::Behind(again) => told = again,
                },
                Err(_elapsed) => break Interrupted::OutOfTime,
            }
        };
        let trouble = self.interruption(request, interrupted, call);
        Told::Answer(trouble.map(|trouble| self.unknown(request, call, &trouble)))
    }

    /// The last answer, if it is good for longer.
    fn still_good(&self, request: &JobRequest) -> Option<ErasedResource> {
        if self.pace.is_off() { None } else { self.pace.fresh(&request.resource_meta) }
    }

    /// Asks again while that can help, and then answers what is known.
    async fn ask_until_known(
        &self,
        request: &JobRequest,
        call: &Call,
        began: Instant,
    ) -> Result<ErasedResource, Cause> {
        let until = from(began, self.site.policy().retry_for).min(call.deadline);
        let mut backoff = Backoff::new();
        if let Some(unknown) = self.jobs.not_yet(&request.resource_meta) {
            return Ok(unknown);
        }
        loop {
            let trouble = match self.ask(request, call).await {
                Ok(Ok(resource)) => {
                    return Ok(self.known(request, resource, call));
                }
                Ok(Err(error)) => {
                    let error = self.site.scrubbed(error, request.connection.as_ref());
                    match self.final_answer(&error, call) {
                        Some(resource) => {
                            self.forget_if_any(request);
                            return Ok(resource);
                        }
                        None => Trouble {
                            text: error.to_string(),
                            kind: kind(&error),
                            again: true,
                            asked: Backoff::asked(&error),
                        },
                    }
                }
                Err(interrupted) => self.interruption(request, interrupted, call)?,
            };
            let wait = backoff.next(trouble.asked);
            if trouble.again && after(wait) < until {
                call.observer.masked_error(trouble.kind, &trouble.text);
                sleep(wait).await;
                continue;
            }
            return Ok(self.unknown(request, call, &trouble));
        }
    }

    /// The answer for a job whose state could not be learnt.
    fn unknown(&self, request: &JobRequest, call: &Call, trouble: &Trouble) -> ErasedResource {
        call.observer.masked_error(trouble.kind, &trouble.text);
        let key = Key::of(&request.resource_meta);
        let budget = self.site.policy().staleness_budget;
        self.jobs.unknown(key, &call.context.key, &trouble.text, trouble.asked, budget)
    }

    /// Asks once.
    async fn ask(&self, request: &JobRequest, call: &Call) -> Ended<ErasedResource> {
        if let Some(batches) = self.batches.get() {
            return Box::pin(batches.ask(request.clone(), call, &self.pace)).await;
        }
        self.site.turn(request.connection.as_ref(), call.deadline).await?;
        let (request, context) = (request.clone(), call.context.clone());
        self.site
            .call(Operation::Get, call.deadline, &*call.observer, |connector| async move {
                connector.get(request, context).await
            })
            .await
    }

    /// The job that a final error stands for.
    fn final_answer(&self, error: &CallError, call: &Call) -> Option<ErasedResource> {
        let told = |text: String| self.site.texts.capped(text);
        let job = match verdict::of(Operation::Get, error) {
            Verdict::RetryableJob => answer::retryable(told(error.to_string())),
            Verdict::FailedJob => match error {
                CallError::Meta(error) => answer::failed(told(format!(
                    "{error}. The job was created by another connector or by an incompatible \
                     version of this one, so it cannot be followed any more"
                ))),
                CallError::Connector(error) => answer::failed(told(error.message().to_owned())),
            },
            Verdict::Again | Verdict::Error | Verdict::Done => return None,
        };
        call.observer.error_as_job(Operation::Get, kind(error), &job.message);
        tracing::warn!(key = %call.context.key, "the job is reported as {}: {error}", job.phase);
        Some(job)
    }

    /// What to make of a connector that did not come to an answer.
    fn interruption(
        &self,
        request: &JobRequest,
        interrupted: Interrupted,
        call: &Call,
    ) -> Result<Trouble, Cause> {
        let trouble =
            |text: &str, kind| Trouble { text: text.to_owned(), kind, again: false, asked: None };
        match interrupted {
            Interrupted::Panicked(message) => {
                let message = self.site.scrubbed_text(message, request.connection.as_ref());
                // A mistake in the connector should be seen; as an error of every poll it would
                // wedge the job.
                if self.jobs.first_panic(Key::of(&request.resource_meta)) {
                    return Err(Cause::Panicked(message));
                }
                Ok(trouble(&format!("the connector panicked: {message}"), "panic"))
            }
            Interrupted::OutOfTime => {
                let set = call.limit.set;
                let text = format!("the connector did not answer within {set:?}");
                Ok(trouble(&text, "timeout"))
            }
            Interrupted::Busy => {
                Ok(trouble("too many calls of the connector are under way", "busy"))
            }
            Interrupted::Ending => Err(Cause::Ending),
        }
    }

    /// The outside system has answered.
    fn known(&self, request: &JobRequest, resource: ErasedResource, call: &Call) -> ErasedResource {
        let mut resource = self.site.tellable(resource, request.connection.as_ref());
        if let Some(state) = &resource.unknown_state {
            call.observer.unknown_state();
            tracing::warn!(key = %call.context.key, state, "the outside system says something the \
                connector does not know");
        }
        let declared = self.jobs.known(&request.resource_meta, resource.phase);
        if let Some(declared) = declared.filter(|_| self.site.policy().check_outputs) {
            resource = declared.held_against(resource, &call.context.key, self.site.texts);
        }
        if resource.phase.is_terminal() {
            self.forget_if_any(request);
        } else {
            self.pace.keep(&request.resource_meta, &resource);
        }
        resource
    }

    fn forget_if_any(&self, request: &JobRequest) {
        if self.remembers_any() {
            self.forget(&request.resource_meta);
        }
    }
}

const fn kind(error: &CallError) -> &'static str {
    match error {
        CallError::Meta(_) => "resource_meta",
        CallError::Connector(error) => error.kind().as_str(),
    }
}

#[cfg(test)]
mod tests;
