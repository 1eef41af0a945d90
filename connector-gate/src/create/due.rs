//! What somebody left in the store and whose time has come: jobs to be cancelled, and creates whose owner died
//! before it told whether it had made a job. `sweep` brings one after the other.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_core::host::JobRequest;
use connector_core::policy::Recovery;
use connector_core::{CallContext, ConnectorKey, pb};

use super::abandoned::ONE_TRY;
use super::takeover::question;
use super::{Creates, failed_job};
use crate::deadline::after;
use crate::durable::{Durable, Repeated};
use crate::failure::Cause;
use crate::observer::Observer;
use crate::operation::Operation;
use crate::scrub::{KnownSecrets, Scrub};
use crate::state_store::{Due, Ticket};
use crate::verdict::{self, Verdict};

/// How often one row is tried before it is given up: with the waits below for about five hours.
const MOST_TRIES: u32 = 60;
/// The first wait of a row that could not be settled; it doubles.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// The least wait for what only a call of its task can bring.
const WAIT_FOR_SECRET: Duration = Duration::from_secs(60);

/// How long a create whose owner died waits for its attempt to come back, before it is found out what came of
/// it only to cancel that.
const FOR_ITS_ATTEMPT: Duration = Duration::from_secs(10);

/// A row that is being settled.
struct Taken<'a> {
    durable: &'a Durable,
    due: &'a Due,
    key: &'a ConnectorKey,
    observer: &'a Arc<dyn Observer>,
}

/// How settling a row ended.
enum End {
    /// Its job is gone.
    Gone,
    /// There never was one.
    NoJob,
    /// It has to be tried again, not before that wait.
    Later(Duration, String),
    /// There is nothing to try.
    Never(String),
}

impl Creates {
    /// Sees to a row that is due: its job is gone afterwards, or it is tried again.
    ///
    /// # Cancel safety
    /// The row stays due; another try does all of it again.
    pub(crate) async fn settle(
        self: &Arc<Self>,
        due: Due,
        key: &ConnectorKey,
        observer: &Arc<dyn Observer>,
    ) {
        let Some(durable) = &self.site.durable else {
            return;
        };
        if due.meta.is_none() && due.tries == 0 {
            let problem = "its server died while it created the job; the attempt may come back";
            durable.store.put_off(&due.ticket, FOR_ITS_ATTEMPT, problem).await;
            return;
        }
        let taken = Taken { durable, due: &due, key, observer };
        let mut ticket = due.ticket.clone();
        let end = match &due.meta {
            Some(meta) => self.gone(&taken, meta).await,
            None => self.gone_if_made(&taken, &mut ticket).await,
        };
        match end {
            End::Gone => {
                observer.abandoned_create("cancelled");
                durable.store.cancelled(&ticket).await;
            }
            End::NoJob => durable.store.failed(&ticket).await,
            End::Later(least, problem) if due.tries < MOST_TRIES => {
                let problem = self.told(problem);
                tracing::warn!(%key, run = %due.attempt.run, "a job that nobody waits for is not \
                    cancelled yet: {problem}");
                let wait = FIRST_WAIT * 2_u32.saturating_pow(due.tries.min(16));
                durable.store.put_off(&ticket, wait.min(LONGEST_WAIT).max(least), &problem).await;
            }
            End::Later(_, problem) | End::Never(problem) => {
                let problem = self.told(problem);
                observer.abandoned_create("orphaned");
                tracing::error!(%key, run = %due.attempt.run, row = %ticket.key, "a job that nobody waits \
                    for is given up: {problem}; cancel it by hand");
                durable.store.given_up(&ticket, &problem).await;
            }
        }
    }

    /// A problem as it may be written down.
    pub(super) fn told(&self, mut problem: String) -> String {
        KnownSecrets::of_process().text(&mut problem);
        self.site.texts.capped(problem)
    }

    /// The connection for a row; the operator's secrets stand in for one where they can.
    ///
    /// # Errors
    /// Only its task can bring what is needed.
    fn connection(&self, taken: &Taken<'_>) -> Result<Option<pb::Connection>, End> {
        let Taken { durable, due, .. } = taken;
        let known = durable.connection(&due.attempt, due.meta.as_ref());
        if known.is_some() {
            return Ok(known);
        }
        let Some(secret) = self.site.seen.secret_of_task() else {
            return Ok(None);
        };
        if let Some(meta) = &due.meta {
            durable.waits_for_connection(meta);
        }
        let problem =
            format!("it needs the secret `{secret}`, which only a call of its task brings");
        Err(End::Later(WAIT_FOR_SECRET, problem))
    }

    /// Cancels a job.
    async fn gone(&self, taken: &Taken<'_>, meta: &Bytes) -> End {
        if self.site.is_sync || failed_job::recall(meta, self.site.texts).is_some() {
            return End::Gone;
        }
        let connection = match self.connection(taken) {
            Ok(connection) => connection,
            Err(end) => return end,
        };
        let deadline = after(ONE_TRY);
        let context = CallContext::new(taken.key.clone()).deadline(deadline.into_std());
        let request =
            JobRequest { resource_meta: meta.clone(), output_prefix: String::new(), connection };
        let deleted = self.site.delete(&request, &context, deadline, &**taken.observer).await;
        let connection = request.connection.as_ref();
        match deleted {
            Ok(Ok(())) => End::Gone,
            Ok(Err(error)) if verdict::of(Operation::Delete, &error) == Verdict::Done => End::Gone,
            Ok(Err(error)) => {
                // A call about the job may bring what helps.
                taken.durable.waits_for_connection(meta);
                let problem = self.site.scrubbed(error, connection).to_string();
                End::Later(Duration::ZERO, problem)
            }
            Err(interrupted) => {
                let problem = self.site.scrubbed_text(format!("{interrupted:?}"), connection);
                End::Later(Duration::ZERO, problem)
            }
        }
    }

    /// Finds out whether a job was made by an owner that died, and cancels it.
    async fn gone_if_made(self: &Arc<Self>, taken: &Taken<'_>, ticket: &mut Ticket) -> End {
        if self.site.is_sync {
            return End::NoJob;
        }
        let (durable, observer) = (taken.durable, taken.observer);
        let kept = taken.due.attempt.request.as_deref().and_then(Repeated::of);
        let Some(mut kept) = kept else {
            observer.taken_over("unaccounted");
            return End::Never(
                "its server died while it created the job, and nobody can say whether there is one"
                    .to_owned(),
            );
        };
        kept.request.connection = match self.connection(taken) {
            Ok(connection) => connection,
            Err(end) => return end,
        };
        let connection = kept.request.connection.clone();
        let job = match self.job_of(taken, kept).await {
            Ok(Some(job)) => job,
            Ok(None) => return End::NoJob,
            Err(end) => return end,
        };
        // Whoever comes next need not find out again. What Flyte must not keep is not kept here either.
        if self.site.secret_in(&job, connection.as_ref()).is_none() {
            let context = CallContext::new(taken.key.clone());
            *ticket = durable.to_cancel(&context, Some(ticket.clone()), &job, Duration::ZERO).await;
        }
        self.gone(taken, &job).await
    }

    /// The job that a dead owner made, or makes now where the outside system knows its key.
    async fn job_of(
        self: &Arc<Self>,
        taken: &Taken<'_>,
        kept: Repeated,
    ) -> Result<Option<Bytes>, End> {
        let Repeated { request, flyte } = kept;
        let observer = taken.observer;
        // A connector that can do both is asked: that starts nothing.
        if self.site.connector.finds() {
            let question = question(flyte, &request);
            let found = self.found(taken.key, question, flyte, &**observer).await;
            let found = found.map_err(|problem| End::Later(Duration::ZERO, problem))?;
            observer.taken_over(if found.is_some() { "found" } else { "not_found" });
            return Ok(found);
        }
        if taken.durable.recovery != Recovery::Keys {
            return Ok(None);
        }
        observer.taken_over("keys");
        let connection = request.connection.clone();
        let context = CallContext::new(taken.key.clone()).flyte(flyte);
        match self.made_there(context, request, observer).await {
            Ok(meta) => Ok(Some(meta)),
            Err(Cause::Call(error)) => {
                let hopeless = verdict::of(Operation::Create, &error) == Verdict::FailedJob;
                let problem = self.site.scrubbed(error, connection.as_ref()).to_string();
                if hopeless { Ok(None) } else { Err(End::Later(Duration::ZERO, problem)) }
            }
            Err(other) => {
                let problem = self.site.scrubbed_text(format!("{other:?}"), connection.as_ref());
                Err(End::Later(Duration::ZERO, problem))
            }
        }
    }
}
