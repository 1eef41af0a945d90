//! Rule: once per attempt over all processes that share a store, whichever of them dies.
//! The flight stands in front: creates of an attempt in this process are one. It claims the attempt before the
//! connector is called, and writes down what came of it before anybody is told.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_core::ConnectorError;
use connector_core::host::CreateRequest;
use connector_core::policy::Abandoned;
use tokio::time::{Instant, sleep, timeout_at};

use super::Creates;
use super::flight::{Flight, Outcome, Row};
use super::takeover::{Flown, Made};
use crate::call::Call;
use crate::deadline::after;
use crate::durable::keep;
use crate::failure::Cause;
use crate::memory::Key;
use crate::observer::Observer;
use crate::state_store::{Attempt, Claim, Ticket, Written};

/// How long until an attempt that another process works on is claimed again: from the first to the second.
const CLAIM_AGAIN: (u64, u64) = (100, 250);

/// Whose the attempt is.
enum Claimed {
    /// This process's. With `taken_over` nobody knows whether its job is there.
    Mine { ticket: Ticket, taken_over: bool },
    /// This process's, with the job that is there.
    Job { ticket: Ticket, meta: Bytes },
    /// Another process's, which answered this.
    Answered(Bytes),
    /// There is nobody to ask.
    Alone,
    /// It cannot be claimed any more.
    Not(Cause),
}

impl Creates {
    /// The attempt in the store, if there is a store and the create has an identity.
    pub(super) fn attempt(&self, flight: &Flight, request: &CreateRequest) -> Option<Attempt> {
        let durable = self.site.durable.as_ref()?;
        flight.key?;
        let connection = request.connection.as_ref();
        durable.attempt(&flight.context, request, |bytes| self.site.shows_secret(bytes, connection))
    }

    /// Creates the job, unless another process has or does; whoever still waits for it.
    pub(super) async fn fly_claimed(
        self: Arc<Self>,
        attempt: Attempt,
        previous: Option<Key>,
        flight: Arc<Flight>,
        request: CreateRequest,
        observer: Arc<dyn Observer>,
    ) {
        let Some(durable) = &self.site.durable else {
            return;
        };
        let until = after(self.site.policy().create_limit);
        let flown = Flown { durable, attempt: &attempt, flight: &flight, observer: &observer };
        let claimed = self.claimed(flown, until).await;
        match (&claimed, previous) {
            // What the store would see to.
            (Claimed::Alone, previous) => self.cancel_job_before(previous, &flight, &observer),
            (Claimed::Not(_), _) | (_, None) => {}
            (_, Some(previous)) => drop(self.kept.remove(&previous)),
        }
        let outcome = match claimed {
            Claimed::Mine { ticket, taken_over } => {
                match self.made_or_found(flown, request, taken_over).await {
                    Made::Known(made) => self.recorded(flown, ticket, made, until).await,
                    Made::Unsure(cause) => {
                        durable.store.unsure(&ticket).await;
                        self.judge(Err(cause), &flight, &observer)
                    }
                }
            }
            Claimed::Job { ticket, meta } => {
                // Until somebody has it, it stands there as one to be cancelled: this process may die, too.
                *flight.row.lock().await = Row { ticket: Some(ticket), leaving: true };
                Outcome::Created(meta)
            }
            Claimed::Answered(meta) => Outcome::Answered(meta),
            Claimed::Alone => {
                let made = self.made_there(flight.context.clone(), request, &observer).await;
                let outcome = self.judge(made, &flight, &observer);
                self.tell_later(&attempt, &flight, &outcome);
                outcome
            }
            Claimed::Not(cause) => Outcome::Failed(Arc::new(cause)),
        };
        self.land(&flight, outcome, &observer);
    }

    /// Claims the attempt, until it is somebody's or nobody waits for it any more.
    async fn claimed(&self, flown: Flown<'_>, until: Instant) -> Claimed {
        loop {
            match flown.durable.store.claim(flown.attempt).await {
                Claim::Won { ticket, taken_over } => return Claimed::Mine { ticket, taken_over },
                Claim::Left { ticket, meta } => return Claimed::Job { ticket, meta },
                Claim::Answered(meta) => return Claimed::Answered(meta),
                Claim::Alone => return Claimed::Alone,
                Claim::Held | Claim::Leaving => {}
            }
            let wait = Duration::from_millis(fastrand::u64(CLAIM_AGAIN.0..CLAIM_AGAIN.1));
            let in_vain = after(wait) > until || !flown.flight.is_awaited();
            if in_vain || *self.draining.borrow() {
                return Claimed::Not(Cause::from(ConnectorError::transient(
                    "another server is at work on this attempt and has not answered yet",
                )));
            }
            sleep(wait).await;
        }
    }

    /// Writes down what came of a create. The outcome, as callers are told it.
    async fn recorded(
        self: &Arc<Self>,
        flown: Flown<'_>,
        ticket: Ticket,
        made: Result<Bytes, Cause>,
        until: Instant,
    ) -> Outcome {
        let Flown { durable, flight, observer, .. } = flown;
        let outcome = self.judge(made, flight, observer);
        let (meta, is_job) = match &outcome {
            Outcome::Created(meta) => (meta.clone(), true),
            Outcome::FailedJob(meta) | Outcome::Answered(meta) => (meta.clone(), false),
            Outcome::Failed(_) => {
                durable.store.failed(&ticket).await;
                return outcome;
            }
        };
        let policy = **self.site.policy();
        let leaving = is_job && !flight.is_awaited() && policy.abandoned == Abandoned::Cancel;
        let written = if leaving {
            durable.untaken(&flight.context, &ticket, &meta, &policy).await
        } else {
            durable.store.created(&ticket, &meta, keep(&policy, is_job)).await
        };
        match written {
            Written::Kept => {
                *flight.row.lock().await = Row { ticket: Some(ticket), leaving };
                outcome
            }
            Written::Superseded if is_job => {
                *flight.row.lock().await = Row { ticket: Some(ticket), leaving: true };
                // Nobody is given it, and it is cancelled as soon as it has landed.
                flight.supersede();
                outcome
            }
            Written::Superseded => {
                durable.store.cancelled(&ticket).await;
                outcome
            }
            Written::Lost if is_job => Box::pin(self.lost(flown, meta, until)).await,
            Written::Lost => outcome,
        }
    }

    /// Another process took the attempt over meanwhile, as this one had seemed to be dead.
    async fn lost(self: &Arc<Self>, flown: Flown<'_>, meta: Bytes, until: Instant) -> Outcome {
        let Flown { durable, flight, observer, .. } = flown;
        match self.claimed(flown, until).await {
            Claimed::Answered(theirs) if theirs == meta => Outcome::Answered(theirs),
            Claimed::Answered(theirs) => {
                self.cancel_later(flight, meta, observer);
                Outcome::Answered(theirs)
            }
            Claimed::Job { ticket, meta: theirs } => {
                if theirs != meta {
                    self.cancel_later(flight, meta, observer);
                }
                *flight.row.lock().await = Row { ticket: Some(ticket), leaving: true };
                Outcome::Created(theirs)
            }
            // It came to nothing over there, so this is the attempt's job.
            Claimed::Mine { ticket, .. } => {
                let keep = keep(&self.site.policy(), true);
                let row = durable.store.created(&ticket, &meta, keep).await;
                *flight.row.lock().await = Row { ticket: Some(ticket), leaving: false };
                if row != Written::Kept {
                    flight.supersede();
                }
                Outcome::Created(meta)
            }
            Claimed::Alone => Outcome::Created(meta),
            Claimed::Not(cause) => {
                self.cancel_later(flight, meta, observer);
                Outcome::Failed(Arc::new(cause))
            }
        }
    }

    /// Somebody has the job that may stand in the store as one to be cancelled.
    ///
    /// # Errors
    /// It is too late: another process has it, or cancels it.
    ///
    /// # Cancel safety
    /// The job counts as taken, and the next attempt cancels it.
    pub(super) async fn keep_wanted(
        &self,
        flight: &Flight,
        meta: &Bytes,
        call: &Call,
    ) -> Result<(), Cause> {
        let Some(durable) = &self.site.durable else {
            return Ok(());
        };
        let told = timeout_at(call.deadline, async {
            let mut row = flight.row.lock().await;
            if let Row { ticket: Some(ticket), leaving: true } = &*row {
                let wanted = durable.store.wanted(ticket).await;
                // Whoever comes next is not given it either.
                row.leaving = !wanted;
            }
            if let Row { ticket: Some(ticket), leaving: false } = &*row {
                // Whoever asks about it first tells the store.
                self.unpolled.put(Key::of(meta), Some(ticket.clone()));
            }
            !row.leaving
        });
        if told.await.map_err(|_elapsed| Cause::OutOfTime(call.limit))? {
            return Ok(());
        }
        if let Some(key) = flight.key {
            self.kept.remove(&key);
            self.unpolled.remove(&Key::of(meta));
        }
        Err(Cause::from(ConnectorError::transient(
            "the job of this attempt is being cancelled, as nobody had waited for it",
        )))
    }
}
