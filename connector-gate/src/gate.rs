//! The gate in front of a connector: everything the executor cannot absorb is absorbed here.
//! `dispatch` finds the gate of a call and calls its operations. One module per rule.
//! What the executor should see of each kind of error is told in `verdict`.

use std::sync::Arc;

use bytes::Bytes;
use connector_core::host::{CreateRequest, ErasedResource, JobRequest, QueryRequest};
use connector_core::logs::LogQuery;
use connector_core::metrics::{Metric, MetricsQuery};
use connector_core::{Flyte, Phase, Policy};

use tokio::sync::{Mutex, Semaphore};

use crate::call::Call;
use crate::create::{Creates, failed_job};
use crate::delete;
use crate::failure::Cause;
use crate::finished::{self, Finished};
use crate::isolation::Interrupted;
use crate::memory::Reading;
use crate::operation::Operation;
use crate::outputs::Declared;
use crate::poll::Polls;
use crate::scrub::{KnownSecrets, Scrub};
use crate::site::{Ended, Site};
use crate::stream::{self, LogPages};

/// The most rows that a process has taken for one connector.
const MOST_DUE: usize = 32;

/// One connector behind all rules.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) site: Arc<Site>,
    pub(crate) creates: Arc<Creates>,
    pub(crate) polls: Arc<Polls>,
    /// Held by whoever settles what others left: one row at a time.
    pub(crate) settling: Mutex<()>,
    /// Places of the rows that wait for that, which each connector has for itself: where one does not answer, the
    /// cancels of others go on.
    pub(crate) due: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new(site: Site) -> Self {
        let site = Arc::new(site);
        let (creates, polls) = (Creates::new(Arc::clone(&site)), Polls::new(Arc::clone(&site)));
        let due = Arc::new(Semaphore::new(MOST_DUE));
        Self { site, creates, polls, settling: Mutex::default(), due }
    }

    /// Treats calls by that policy from now on.
    pub(crate) fn set_policy(&self, policy: Policy) {
        self.site.set_policy(policy);
        self.polls.follow_policy();
    }

    /// The job that was over when it was created, if the metadata is that of one: the create could not
    /// work, or the task was done within it.
    fn job_over(&self, resource_meta: &[u8]) -> Option<ErasedResource> {
        let failed = failed_job::recall(resource_meta, self.site.texts);
        failed.or_else(|| {
            self.site.is_sync.then(|| finished::recall(resource_meta, &self.site)).flatten()
        })
    }

    /// Runs a task that is done within the call; see `finished`.
    pub(crate) async fn run(&self, request: CreateRequest, call: &Call) -> Result<Finished, Cause> {
        self.site.seen.note(request.connection.as_ref());
        finished::run(&self.site, request, call).await
    }

    /// Notes the secrets of a call about a job, for what will be said without its connection at hand.
    fn note_secrets(&self, request: &JobRequest) {
        let noted = self.site.seen.note(request.connection.as_ref());
        self.site.seen.saw(&request.resource_meta, noted);
        if let Some(durable) = &self.site.durable {
            durable.brought(&request.resource_meta, request.connection.as_ref());
        }
    }

    /// Creates a job once per attempt; see `create`.
    pub(crate) async fn create(&self, request: CreateRequest, call: &Call) -> Result<Bytes, Cause> {
        let noted = self.site.seen.note(request.connection.as_ref());
        let declared = Declared::checked_by(&self.site.policy(), &request.template);
        let first = self.polls.first_request(declared.is_some(), &request, &call.context);
        let meta = self.creates.create(request, call).await?;
        self.site.seen.saw(&meta, noted);
        if self.job_over(&meta).is_none() {
            self.polls.created(declared, first, &meta);
        }
        Ok(meta)
    }

    /// Says where a job stands; see `poll`.
    pub(crate) async fn get(
        &self,
        request: JobRequest,
        call: &Call,
    ) -> Result<ErasedResource, Cause> {
        if let Some(job) = self.job_over(&request.resource_meta) {
            return Ok(job);
        }
        self.note_secrets(&request);
        self.creates.asked_about(&request.resource_meta);
        if call.context.flyte == Flyte::V1 {
            return self.get_for_flyte_1(&request, call).await;
        }
        self.polls.get(&request, call).await
    }

    /// The same for Flyte 1, which deletes no job that it tries again.
    async fn get_for_flyte_1(
        &self,
        request: &JobRequest,
        call: &Call,
    ) -> Result<ErasedResource, Cause> {
        if let Some(answer) = self.creates.last_answer(&request.resource_meta) {
            return Ok(answer);
        }
        let answer = self.polls.get(request, call).await?;
        if answer.phase == Phase::RetryableFailed {
            self.creates.leave_behind(request, &answer, call);
        }
        Ok(answer)
    }

    /// Deletes a job; see `delete`.
    pub(crate) async fn delete(&self, request: JobRequest, call: &Call) -> Result<(), Cause> {
        if self.job_over(&request.resource_meta).is_some() {
            return Ok(());
        }
        self.note_secrets(&request);
        self.creates.asked_about(&request.resource_meta);
        delete::delete(&self.site, &request, call).await?;
        self.polls.deleted(&request.resource_meta);
        Ok(())
    }

    /// Asks for measurements. Without a connection at hand, every secret known is taken
    /// out, and a job whose secrets are not known is refused; see `unseen`.
    pub(crate) async fn get_metrics(
        &self,
        request: QueryRequest<MetricsQuery>,
        call: &Call,
    ) -> Result<Vec<Metric>, Cause> {
        let (start, end) = (request.query.start, request.query.end);
        if start.zip(end).is_some_and(|(start, end)| end < start) {
            // A range that ends before it begins holds nothing.
            return Ok(Vec::new());
        }
        self.site.seen.may_be_shown(&request.resource_meta)?;
        let context = call.context.clone();
        let asked = self.site.call(
            Operation::GetMetrics,
            call.deadline,
            &*call.observer,
            |connector| async move { connector.get_metrics(request, context).await },
        );
        let mut metrics = question(asked.await, call)?;
        KnownSecrets::of_process().metrics(&mut metrics);
        Ok(metrics)
    }

    /// Asks for log lines. Without a connection at hand, every secret known is taken
    /// out, and a job whose secrets are not known is refused; see `unseen`.
    pub(crate) async fn get_logs(
        &self,
        request: QueryRequest<LogQuery>,
        call: &Call,
    ) -> Result<LogPages, Cause> {
        self.site.seen.may_be_shown(&request.resource_meta)?;
        let context = call.context.clone();
        let asked = self.site.call(
            Operation::GetLogs,
            call.deadline,
            &*call.observer,
            |connector| async move { connector.get_logs(request, context).await },
        );
        let logs = question(asked.await, call)?;
        Ok(stream::pages(logs, &self.site.workplace, call))
    }

    /// How much the rules remember, by what it is.
    pub(crate) fn remembered(&self) -> impl Iterator<Item = (&'static str, Reading)> {
        let durable = self.site.durable.as_ref();
        let [connections, unasked] =
            durable.map_or([Reading::of(0); 2], |durable| durable.remembered());
        let of_site = [
            ("accounts", self.site.rates.reading()),
            ("brought_secrets", self.site.brought.reading()),
            ("connections", connections),
            ("unasked_jobs", unasked),
            ("seen_jobs", self.site.seen.reading()),
        ];
        self.creates.remembered().into_iter().chain(self.polls.remembered()).chain(of_site)
    }
}

/// The answer to a question that carries no connection.
fn question<T>(asked: Ended<T>, call: &Call) -> Result<T, Cause> {
    let known = KnownSecrets::of_process();
    match asked {
        Ok(answer) => answer.map_err(|error| Cause::Call(known.error(error))),
        Err(Interrupted::Panicked(mut message)) => {
            known.text(&mut message);
            Err(Cause::Panicked(message))
        }
        Err(interrupted) => Err(call.cause(interrupted)),
    }
}
