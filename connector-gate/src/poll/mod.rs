//! Rules of get: no transient error leaves, and the outside system is asked at its own pace.
//! `pace` decides whether to ask at all, `batch` asks for many at once; here one question is asked
//! again while that can help, and then answered with what is known (`jobs`).

mod batch;
mod jobs;
mod pace;

use std::sync::Arc;

use bytes::Bytes;
use connector_core::CallContext;
use connector_core::host::{CallError, CreateRequest, ErasedResource, JobRequest};
use tokio::time::{sleep, timeout_at};

use self::batch::{Asked, Batches};
use self::jobs::Jobs;
use self::pace::Pace;
use crate::answer;
use crate::backoff::Backoff;
use crate::call::Call;
use crate::deadline::after;
use crate::failure::Cause;
use crate::isolation::Interrupted;
use crate::memory::Key;
use crate::operation::Operation;
use crate::outputs::Declared;
use crate::site::{Ended, Site};
use crate::verdict::{self, Verdict};

/// The polls of one connector.
#[derive(Debug)]
pub(crate) struct Polls {
    site: Arc<Site>,
    jobs: Jobs,
    pace: Arc<Pace>,
    batches: Option<Arc<Batches>>,
}

/// What is left of a question that brought no answer.
struct Trouble {
    text: String,
    kind: &'static str,
    /// Whether asking again soon can help.
    again: bool,
    /// When the vendor wants to be asked again, at the earliest.
    asked: Option<std::time::Duration>,
}

impl Polls {
    pub(crate) fn new(site: Arc<Site>) -> Arc<Self> {
        let batches = (site.policy.batch_size > 1).then(|| Batches::new(Arc::clone(&site)));
        let jobs = Jobs::new(site.policy.staleness_budget);
        let pace = Arc::new(Pace::new(site.policy.poll_interval));
        Arc::new(Self { site, jobs, pace, batches })
    }

    /// How much is remembered: states of jobs, answers still good, jobs to ask about together.
    pub(crate) fn remembered(&self) -> [(&'static str, usize); 3] {
        let together = self.batches.as_ref().map_or(0, |batches| batches.remembered());
        [("jobs", self.jobs.len()), ("answers", self.pace.len()), ("batched_jobs", together)]
    }

    /// What will ask about a job that is created now, if anything is to be remembered of it.
    pub(crate) fn first_request(
        &self,
        declares: bool,
        created: &CreateRequest,
        context: &CallContext,
    ) -> Option<Asked> {
        (declares || self.batches.is_some()).then(|| {
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
        if let (Some(batches), Some((first, context))) = (&self.batches, first) {
            let request = JobRequest { resource_meta: resource_meta.clone(), ..first };
            batches.know((request, context));
        }
    }

    /// A job was deleted: nothing about it is of use any more.
    pub(crate) fn deleted(&self, resource_meta: &[u8]) {
        if self.remembers_any() {
            self.forget(Key::of(resource_meta));
        }
    }

    /// Whether there can be a record of any job: the usual job leaves none.
    fn remembers_any(&self) -> bool {
        self.batches.is_some() || !self.pace.is_off() || !self.jobs.is_empty()
    }

    fn forget(&self, key: Key) {
        self.jobs.forget(&key);
        self.pace.forget(&key);
        if let Some(batches) = &self.batches {
            batches.forget(&key);
        }
    }

    /// Says where a job stands, from the last answer where that is still good.
    ///
    /// # Errors
    /// The first panic of a connector over a job; the end of the server.
    ///
    /// # Cancel safety
    /// A question to the outside system that others wait for goes on for them.
    pub(crate) async fn get(
        self: &Arc<Self>,
        request: &JobRequest,
        call: &Call,
    ) -> Result<ErasedResource, Cause> {
        if self.pace.is_off() {
            return self.ask_until_known(request, call).await;
        }
        // Boxed, as every poll would carry the room it takes.
        Box::pin(self.get_at_its_pace(request.clone(), call)).await
    }

    async fn get_at_its_pace(
        self: &Arc<Self>,
        request: JobRequest,
        call: &Call,
    ) -> Result<ErasedResource, Cause> {
        let key = Key::of(&request.resource_meta);
        let polls = Arc::clone(self);
        let asked = call.clone();
        let question = async move { polls.ask_until_known(&request, &asked).await };
        match timeout_at(call.deadline, self.pace.get(key, question)).await {
            Ok(answer) => answer,
            // The question was another caller's, who waits longer.
            Err(_elapsed) => {
                let cause = "the outside system has not answered yet";
                call.observer.masked_error("timeout");
                Ok(self.jobs.unknown(key, &call.context.key, cause, None))
            }
        }
    }

    /// Asks again while that can help, and then answers what is known.
    async fn ask_until_known(
        &self,
        request: &JobRequest,
        call: &Call,
    ) -> Result<ErasedResource, Cause> {
        let until = after(self.site.policy.retry_for).min(call.deadline);
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
            call.observer.masked_error(trouble.kind);
            let wait = backoff.next(trouble.asked);
            if trouble.again && after(wait) < until {
                sleep(wait).await;
                continue;
            }
            let key = Key::of(&request.resource_meta);
            return Ok(self.jobs.unknown(key, &call.context.key, &trouble.text, trouble.asked));
        }
    }

    /// Asks once.
    async fn ask(&self, request: &JobRequest, call: &Call) -> Ended<ErasedResource> {
        if let Some(batches) = &self.batches {
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
        let job = match verdict::of(Operation::Get, error) {
            Verdict::RetryableJob => answer::retryable(error.to_string()),
            Verdict::FailedJob => match error {
                CallError::Meta(error) => answer::failed(format!(
                    "{error}. The job was created by another connector or by an incompatible \
                     version of this one, so it cannot be followed any more"
                )),
                CallError::Connector(error) => answer::failed(error.message().to_owned()),
            },
            Verdict::Again | Verdict::Error | Verdict::Done => return None,
        };
        call.observer.error_as_job(Operation::Get, kind(error));
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
    fn known(
        &self,
        request: &JobRequest,
        mut resource: ErasedResource,
        call: &Call,
    ) -> ErasedResource {
        self.site.scrub(&mut resource, request.connection.as_ref());
        if let Some(state) = &resource.unknown_state {
            call.observer.unknown_state();
            tracing::warn!(key = %call.context.key, state, "the outside system says something the \
                connector does not know");
        }
        let declared = self.jobs.known(&request.resource_meta, resource.phase);
        if resource.phase == connector_core::Phase::Succeeded
            && self.site.policy.check_outputs
            && let Some(problem) = declared.and_then(|it| it.problem(&resource.outputs))
        {
            tracing::warn!(key = %call.context.key, "a success is reported as FAILED: {problem}");
            let links = std::mem::take(&mut resource.log_links);
            resource = answer::failed(format!(
                "the job succeeded, but its outputs are not those of the task: {problem}"
            ));
            resource.log_links = links;
        }
        if resource.phase.is_terminal() {
            self.forget_if_any(request);
        } else {
            self.pace.keep(|| Key::of(&request.resource_meta), &resource);
        }
        resource
    }

    fn forget_if_any(&self, request: &JobRequest) {
        if self.remembers_any() {
            self.forget(Key::of(&request.resource_meta));
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
