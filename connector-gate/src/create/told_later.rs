//! What was created while the store could not be reached is written down there once it can, so that other
//! processes answer it, and the next attempt ends it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_core::policy::Abandoned;
use tokio::time::sleep;

use super::Creates;
use super::flight::{Flight, Outcome};
use crate::deadline::after;
use crate::durable::{Durable, keep};
use crate::memory::Key;
use crate::state_store::{Attempt, Claim, Written};

/// How often the store is tried, give or take a quarter.
const EVERY: Duration = Duration::from_secs(5);

impl Creates {
    /// Tells the store later what an attempt was answered, for as long as the answer is remembered here.
    pub(super) fn tell_later(
        self: &Arc<Self>,
        attempt: &Attempt,
        flight: &Arc<Flight>,
        outcome: &Outcome,
    ) {
        let (Outcome::Created(meta) | Outcome::FailedJob(meta)) = outcome else {
            return;
        };
        let is_job = matches!(outcome, Outcome::Created(_));
        let (creates, attempt) = (Arc::clone(self), attempt.clone());
        let (flight, meta) = (Arc::clone(flight), meta.clone());
        self.site.server.spawn(async move {
            let until = after(creates.site.policy().create_memory);
            loop {
                sleep(EVERY.mul_f64(0.75 + fastrand::f64() / 2.0)).await;
                let in_vain = after(Duration::ZERO) > until || flight.is_cancelled();
                let Some(durable) = creates.site.durable.as_ref().filter(|_| !in_vain) else {
                    return;
                };
                // It may be cancelled yet, and must not be anybody's answer then.
                let cancels = creates.site.policy().abandoned == Abandoned::Cancel;
                let is_open = is_job && cancels && !flight.is_taken();
                if *creates.draining.borrow() {
                    return;
                }
                if !is_open && creates.told_now(durable, &attempt, &meta, is_job).await {
                    return;
                }
            }
        });
    }

    /// Tells the store what an attempt was answered. False while it cannot be reached.
    async fn told_now(
        &self,
        durable: &Durable,
        attempt: &Attempt,
        meta: &Bytes,
        is_job: bool,
    ) -> bool {
        let keep = keep(&self.site.policy(), is_job);
        match durable.store.claim(attempt).await {
            Claim::Alone => false,
            Claim::Won { ticket, .. } => {
                let key = Key::of(meta);
                match durable.store.created(&ticket, meta, keep).await {
                    Written::Superseded => {
                        // The next attempt has begun elsewhere: it is anybody's to cancel now.
                        let problem = "it was created while the database was away, for an attempt that is over";
                        durable.store.put_off(&ticket, Duration::ZERO, problem).await;
                    }
                    Written::Kept if is_job && self.unpolled.get(&key).is_none() => {
                        durable.store.asked(&ticket);
                    }
                    Written::Kept => self.unpolled.put(key, Some(ticket)),
                    Written::Lost => {}
                }
                true
            }
            Claim::Left { ticket, .. } => {
                durable.store.wanted(&ticket).await;
                true
            }
            // Somebody else made one as well: both were handed out, and neither is told from the other.
            Claim::Held | Claim::Answered(_) | Claim::Leaving => true,
        }
    }
}
