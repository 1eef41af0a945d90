//! Rule: a job whose creator has left is kept for the same attempt and then cancelled.
//! The executor keeps no metadata of a create that timed out and never deletes its job
//! (protocol.md A.6). At the end of the server there is no waiting.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_core::host::JobRequest;
use connector_core::policy::Abandoned;
use connector_core::{CallContext, pb};
use tokio::time::sleep;

use super::Creates;
use super::flight::Flight;
use super::under_way::UnderWay;
use crate::backoff::Backoff;
use crate::deadline::after;
use crate::memory::Key;
use crate::observer::Observer;
use crate::operation::Operation;
use crate::verdict::{self, Verdict};

/// How long one attempt to cancel may take.
const ONE_TRY: Duration = Duration::from_secs(30);
/// How long a cancellation is tried.
const ALL_TRIES: Duration = Duration::from_secs(600);

impl Creates {
    /// Nobody waits for this job any more: cancels it unless somebody comes in time.
    pub(super) fn abandon(self: &Arc<Self>, flight: &Arc<Flight>, observer: &Arc<dyn Observer>) {
        let (creates, flight, observer) =
            (Arc::clone(self), Arc::clone(flight), Arc::clone(observer));
        self.site.server.clone().spawn(async move {
            creates.grace(&flight).await;
            // Until it is gone it stays where creates of the same attempt find it, and wait.
            let Some(under_way) = flight.give_up() else {
                return;
            };
            if let Some(meta) = flight.job() {
                match creates.site.policy.abandoned {
                    Abandoned::Keep => {
                        observer.abandoned_create("kept");
                        if let Some(key) = flight.key {
                            creates.kept.put(key, meta);
                        }
                        drop(under_way);
                    }
                    Abandoned::Cancel => creates.cancel(&flight, meta, observer, under_way).await,
                }
            }
            creates.forget(&flight);
            flight.settle();
        });
    }

    /// Waits as long as somebody may still come for the job.
    async fn grace(&self, flight: &Flight) {
        let mut draining = self.draining.subscribe();
        let grace = sleep(self.site.policy.create_grace);
        tokio::pin!(grace);
        while flight.may_be_wanted() && !*draining.borrow_and_update() {
            tokio::select! {
                () = &mut grace => return,
                () = flight.hurry.notified() => {}
                _ = draining.changed() => {}
            }
        }
    }

    /// The next attempt has begun. A job of the one before that nobody ever asked about was made
    /// by a create whose answer was lost on its way.
    pub(super) fn cancel_unpolled(
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
            creates.cancel(&flight, meta, observer, under_way).await;
        });
    }

    async fn cancel(
        &self,
        flight: &Flight,
        meta: Bytes,
        observer: Arc<dyn Observer>,
        under_way: UnderWay,
    ) {
        let done =
            self.cancelled(&flight.context, meta, flight.connection.clone(), &*observer).await;
        observer.abandoned_create(if done { "cancelled" } else { "orphaned" });
        drop(under_way);
    }

    /// Deletes a job, trying again for a while. Whether it is gone.
    pub(super) async fn cancelled(
        &self,
        context: &CallContext,
        meta: Bytes,
        connection: Option<pb::Connection>,
        observer: &dyn Observer,
    ) -> bool {
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
                    return true;
                }
                Ok(Err(error)) => {
                    if verdict::of(Operation::Delete, &error) == Verdict::Done {
                        return true;
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
                return false;
            }
            tracing::warn!(%key, "a job that nobody waited for is not cancelled yet: {problem}");
            sleep(wait).await;
        }
    }
}
