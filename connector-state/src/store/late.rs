//! What a database that was away, or out of this process's reach, decided meanwhile otherwise than this process had
//! to. Called as it is told what it missed (`upkeep`).

use connector_gate::state_store::{Claim, Ticket};

use super::Inner;
use super::told::{Heard, Told};
use crate::engine::Fault;

impl Inner {
    /// Sees to it that what was told late counts where it still can.
    pub(super) async fn heard_late(&self, told: &Told, heard: Heard) -> Result<(), Fault> {
        let Told::Created { ticket, .. } = told else {
            return Ok(());
        };
        match heard {
            // Whoever made the job thinks that it is the attempt's; so anybody may cancel it.
            Heard::Superseded => self.left_to_others(ticket).await,
            Heard::No => self.claimed_late(told).await,
            Heard::Yes | Heard::Later => Ok(()),
        }
    }

    /// The row is another's by now, as this process had seemed to be dead. Who only looks for what became of the
    /// job, to cancel it, is told that it has been handed out; who has made one is not.
    async fn claimed_late(&self, told: &Told) -> Result<(), Fault> {
        let Told::Created { ticket, meta, keep, untaken, attempt } = told else {
            return Ok(());
        };
        let claim = match attempt {
            Some(attempt) => self.try_claim(attempt, fastrand::i64(..)).await?,
            None => Claim::Held,
        };
        let own = match claim {
            Claim::Won { ticket, .. } => {
                let (meta, keep, untaken) = (meta.clone(), *keep, *untaken);
                let attempt = attempt.clone();
                Told::Created { ticket, meta, keep, untaken, attempt }
            }
            // The same job, which they would cancel.
            Claim::Left { ticket, meta: theirs } if theirs == *meta && untaken.is_none() => {
                Told::Wanted { ticket }
            }
            Claim::Left { ticket, meta: theirs } if theirs == *meta => Told::Release { ticket },
            Claim::Answered(theirs) if theirs == *meta => return Ok(()),
            other => {
                if let Claim::Left { ticket, .. } = &other {
                    self.drop_hold(ticket);
                }
                tracing::error!(
                    key = ticket.key,
                    "while the state was away, another process took this attempt over: if the outside \
                     system does not know the attempt's key, it has two jobs of it"
                );
                return Ok(());
            }
        };
        self.drop_hold(own.ticket());
        let rows = self.engine.run(own.steps(self)).await?.into_iter().next().unwrap_or_default();
        match self.heard(&own, rows).await {
            Heard::Superseded => self.left_to_others(own.ticket()).await,
            Heard::Yes | Heard::No | Heard::Later => Ok(()),
        }
    }

    /// Anybody may cancel that job.
    async fn left_to_others(&self, ticket: &Ticket) -> Result<(), Fault> {
        self.drop_hold(ticket);
        let release = Told::Release { ticket: ticket.clone() };
        self.engine.run(release.steps(self)).await.map(drop)
    }
}
