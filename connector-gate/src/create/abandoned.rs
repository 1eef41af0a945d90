//! Rule: a job whose creator has left is kept for the same attempt and then cancelled.
//! The executor keeps no metadata of a create that timed out and never deletes its job
//! (protocol.md A.6). At the end of the server there is no waiting.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_core::host::JobRequest;
use connector_core::policy::Abandoned;
use connector_core::{CallContext, Flyte, pb};
use tokio::time::sleep;

use super::Creates;
use super::flight::{Flight, Row};
use super::under_way::UnderWay;
use crate::backoff::Backoff;
use crate::deadline::after;
use crate::memory::Key;
use crate::observer::Observer;
use crate::operation::Operation;
use crate::state_store::Ticket;
use crate::verdict::{self, Verdict};

/// How long one attempt to cancel may take.
pub(super) const ONE_TRY: Duration = Duration::from_secs(30);
/// How long a cancellation is tried.
const ALL_TRIES: Duration = Duration::from_secs(600);

impl Creates {
    /// Nobody waits for this job any more: cancels it unless somebody comes in time.
    pub(super) fn abandon(self: &Arc<Self>, flight: &Arc<Flight>, observer: &Arc<dyn Observer>) {
        let (creates, flight, observer) =
            (Arc::clone(self), Arc::clone(flight), Arc::clone(observer));
        self.site.server.clone().spawn(async move {
            creates.note_leaving(&flight).await;
            creates.grace(&flight).await;
            // Until it is gone it stays where creates of the same attempt find it, and wait.
            let Some(under_way) = flight.give_up() else {
                return;
            };
            if let Some(meta) = flight.job() {
                let abandoned = creates.site.policy().abandoned;
                match abandoned {
                    _ if !creates.still_leaving(&flight).await => drop(under_way),
                    Abandoned::Keep => {
                        observer.abandoned_create("kept");
                        if let Some(key) = flight.key {
                            creates.kept.put(key, meta);
                        }
                        drop(under_way);
                    }
                    Abandoned::Cancel => {
                        let row = flight.row.lock().await.ticket.take();
                        creates.cancel(&flight, row, meta, observer, under_way).await;
                    }
                }
            }
            creates.forget(&flight);
            flight.settle();
        });
    }

    /// Writes down that the job is to be cancelled, before there is any waiting: the process may end over it.
    async fn note_leaving(&self, flight: &Flight) {
        let Some(durable) = &self.site.durable else {
            return;
        };
        if self.site.policy().abandoned == Abandoned::Keep && flight.may_be_wanted() {
            return;
        }
        let mut row = flight.row.lock().await;
        if row.leaving {
            return;
        }
        let Some(meta) = flight.job().filter(|_| !flight.is_wanted()) else {
            return;
        };
        let wait =
            if flight.may_be_wanted() { self.site.policy().create_grace } else { Duration::ZERO };
        let ticket = row.ticket.take();
        let ticket = durable.to_cancel(&flight.context, ticket, &meta, wait).await;
        *row = Row { ticket: Some(ticket), leaving: true };
    }

    /// Whether the job is still this process's to cancel, now that its time has come.
    async fn still_leaving(&self, flight: &Flight) -> bool {
        let Some(durable) = &self.site.durable else {
            return true;
        };
        match &*flight.row.lock().await {
            Row { ticket: Some(ticket), leaving: true } => durable.store.cancelling(ticket).await,
            _ => true,
        }
    }

    /// Waits as long as somebody may still come for the job.
    async fn grace(&self, flight: &Flight) {
        let mut draining = self.draining.subscribe();
        let grace = sleep(self.site.policy().create_grace);
        tokio::pin!(grace);
        while flight.may_be_wanted() && !*draining.borrow_and_update() {
            tokio::select! {
                () = &mut grace => return,
                () = flight.hurry.notified() => {}
                _ = draining.changed() => {}
            }
        }
    }

    /// The next attempt has begun: the job of the one before is over where nobody else sees to it.
    pub(super) fn cancel_job_before(
        self: &Arc<Self>,
        previous: Option<Key>,
        flight: &Arc<Flight>,
        observer: &Arc<dyn Observer>,
    ) {
        match (previous, flight.context.flyte) {
            (Some(previous), Flyte::V1) => self.cancel_previous(&previous, flight, observer),
            (Some(previous), Flyte::V2) => self.cancel_unpolled(&previous, flight, observer),
            (None, _) => {}
        }
    }

    /// The next attempt has begun. A job of the one before that nobody ever asked about was made
    /// by a create whose answer was lost on its way.
    fn cancel_unpolled(
        self: &Arc<Self>,
        previous: &Key,
        flight: &Arc<Flight>,
        observer: &Arc<dyn Observer>,
    ) {
        let lost =
            self.kept.get(previous).filter(|meta| self.unpolled.remove(&Key::of(meta)).is_some());
        let Some(meta) = lost else {
            return;
        };
        self.kept.remove(previous);
        self.cancel_later(flight, meta, observer);
    }

    /// Cancels a job beside everything else.
    pub(super) fn cancel_later(
        self: &Arc<Self>,
        flight: &Arc<Flight>,
        meta: Bytes,
        observer: &Arc<dyn Observer>,
    ) {
        let (creates, flight, observer) =
            (Arc::clone(self), Arc::clone(flight), Arc::clone(observer));
        let under_way = self.unsettled.begin();
        self.site.server.spawn(async move {
            let row = creates.noted(&flight.context, &meta, flight.connection.as_ref()).await;
            creates.cancel(&flight, row, meta, observer, under_way).await;
        });
    }

    /// Writes down a job that is to be cancelled now, as one that is known by its metadata only. Metadata that
    /// Flyte must not keep is not kept there either.
    async fn noted(
        &self,
        context: &CallContext,
        meta: &Bytes,
        connection: Option<&pb::Connection>,
    ) -> Option<Ticket> {
        let durable = self.site.durable.as_ref()?;
        if self.site.secret_in(meta, connection).is_some() {
            return None;
        }
        Some(durable.to_cancel(context, None, meta, Duration::ZERO).await)
    }

    async fn cancel(
        &self,
        flight: &Flight,
        row: Option<Ticket>,
        meta: Bytes,
        observer: Arc<dyn Observer>,
        under_way: UnderWay,
    ) {
        let connection = flight.connection.clone();
        self.cancelled(&flight.context, row, meta, connection, &*observer).await;
        drop(under_way);
    }

    /// Deletes a job, trying again for a while, and tells how that ended.
    pub(super) async fn cancelled(
        &self,
        context: &CallContext,
        row: Option<Ticket>,
        meta: Bytes,
        connection: Option<pb::Connection>,
        observer: &dyn Observer,
    ) {
        let given_up = self.gone_or_given_up(context, meta, connection, observer).await;
        observer.abandoned_create(if given_up.is_none() { "cancelled" } else { "orphaned" });
        if let (Some(durable), Some(row)) = (&self.site.durable, row) {
            match given_up {
                None => durable.store.cancelled(&row).await,
                Some(problem) => durable.store.given_up(&row, &self.told(problem)).await,
            }
        }
    }

    /// Deletes a job, trying again for a while. Why it is not gone, without the secrets of its connection.
    async fn gone_or_given_up(
        &self,
        context: &CallContext,
        meta: Bytes,
        connection: Option<pb::Connection>,
        observer: &dyn Observer,
    ) -> Option<String> {
        let key = &context.key;
        let until = after(ALL_TRIES);
        let mut backoff = Backoff::new();
        loop {
            let deadline = after(ONE_TRY);
            let call = CallContext::new(key.clone()).deadline(deadline.into_std());
            let request = JobRequest {
                resource_meta: meta.clone(),
                output_prefix: String::new(),
                connection: connection.clone(),
            };
            let (problem, asked) = match self.site.delete(&request, &call, deadline, observer).await
            {
                Ok(Ok(())) => {
                    tracing::info!(%key, "a job that nobody waited for was cancelled");
                    return None;
                }
                Ok(Err(error)) => {
                    if verdict::of(Operation::Delete, &error) == Verdict::Done {
                        return None;
                    }
                    (error.to_string(), Backoff::asked(&error))
                }
                Err(interrupted) => (format!("{interrupted:?}"), None),
            };
            let wait = backoff.next(asked);
            if after(wait) > until {
                tracing::error!(
                    %key,
                    resource_meta = %String::from_utf8_lossy(&meta),
                    "a job that nobody waited for could not be cancelled: {problem}; cancel it by hand"
                );
                return Some(self.site.scrubbed_text(problem, connection.as_ref()));
            }
            tracing::warn!(%key, "a job that nobody waited for is not cancelled yet: {problem}");
            sleep(wait).await;
        }
    }
}
