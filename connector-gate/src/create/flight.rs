//! One create under way: who waits for it, and how it ended.
//! `create/mod.rs` keeps the flights; callers board one, and whoever receives its answer claims it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use connector_core::CallContext;
use connector_core::pb;
use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::time::{Instant, timeout_at};

use super::under_way::UnderWay;
use crate::failure::Cause;
use crate::memory::Key;
use crate::state_store::Ticket;

/// How a create ended, for every caller alike.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// A job was made; this is its metadata.
    Created(Bytes),
    /// No job was made; this metadata reports why.
    FailedJob(Bytes),
    /// The attempt was answered this by another process, which sees to its job.
    Answered(Bytes),
    /// No job was made, and callers get the error.
    Failed(Arc<Cause>),
}

/// A create under way, or one whose job waits for somebody to take it.
#[derive(Debug)]
pub(crate) struct Flight {
    /// What the same attempt finds it by, if it has an identity.
    pub(crate) key: Option<Key>,
    /// What a cancellation needs.
    pub(crate) context: CallContext,
    pub(crate) connection: Option<pb::Connection>,
    /// Wakes what waits before a cancellation.
    pub(crate) hurry: Notify,
    /// Its row in the store, if it has one there.
    pub(crate) row: AsyncMutex<Row>,
    landed: Notify,
    gone: Notify,
    stage: Mutex<Stage>,
}

/// The row of a create in the store that outlives the process. Whoever writes about it holds the lock, so
/// that a job which is taken while its leaving is written down is not cancelled.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// What its outcome is written with; none before it was claimed, and where the store is away.
    pub(crate) ticket: Option<Ticket>,
    /// Whether its job stands there as one to be cancelled.
    pub(crate) leaving: bool,
}

/// What a caller gets of a job that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The job, first of all.
    First,
    /// The job, as somebody before.
    Again,
    /// Nothing: the next attempt has begun, so the executor cannot be waiting for this one.
    TooLate,
}

#[derive(Debug)]
struct Stage {
    outcome: Option<Outcome>,
    callers: usize,
    claimed: bool,
    cancelled: bool,
    superseded: bool,
    settled: bool,
    /// Gone once nothing is left to do.
    under_way: Option<UnderWay>,
}

impl Stage {
    const fn job(&self) -> Option<&Bytes> {
        match &self.outcome {
            Some(Outcome::Created(meta)) => Some(meta),
            _ => None,
        }
    }
}

impl Flight {
    pub(crate) fn new(
        key: Option<Key>,
        context: CallContext,
        connection: Option<pb::Connection>,
        under_way: UnderWay,
    ) -> Self {
        let stage = Stage {
            outcome: None,
            callers: 0,
            claimed: false,
            cancelled: false,
            superseded: false,
            settled: false,
            under_way: Some(under_way),
        };
        Self {
            key,
            context,
            connection,
            hurry: Notify::new(),
            row: AsyncMutex::default(),
            landed: Notify::new(),
            gone: Notify::new(),
            stage: Mutex::new(stage),
        }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a caller, unless its job is being cancelled.
    pub(crate) fn board(&self) -> bool {
        let mut stage = self.stage();
        if !stage.cancelled {
            stage.callers += 1;
        }
        !stage.cancelled
    }

    /// Takes a caller away. Whether that leaves a job that nobody has taken.
    pub(crate) fn leave(&self) -> bool {
        let mut stage = self.stage();
        stage.callers = stage.callers.saturating_sub(1);
        stage.callers == 0 && !stage.claimed && !stage.cancelled && stage.job().is_some()
    }

    /// Tells all callers how it ended. Whether that leaves a job that nobody has taken.
    pub(crate) fn land(&self, outcome: Outcome) -> bool {
        let mut stage = self.stage();
        let made = matches!(outcome, Outcome::Created(_));
        if !made {
            stage.under_way = None;
        }
        stage.outcome = Some(outcome);
        self.landed.notify_waiters();
        made && stage.callers == 0
    }

    /// How it ended, once it has; `None` from the deadline on, also for a caller whose thread comes too late
    /// to see that it ended in time: by then nobody may be there to take the answer, and a job that counts as
    /// taken is never cancelled.
    ///
    /// # Cancel safety
    /// Nothing is lost by leaving.
    pub(crate) async fn outcome(&self, deadline: Instant) -> Option<Outcome> {
        let landed = async {
            loop {
                // Waiting begins before the look, so that no landing falls between the two.
                let landed = self.landed.notified();
                if let Some(outcome) = &self.stage().outcome {
                    return outcome.clone();
                }
                landed.await;
            }
        };
        let outcome = timeout_at(deadline, landed).await.ok()?;
        (Instant::now() <= deadline).then_some(outcome)
    }

    /// The metadata of the job that was made.
    pub(crate) fn job(&self) -> Option<Bytes> {
        self.stage().job().cloned()
    }

    /// Hands the job to a caller.
    pub(crate) fn claim(&self) -> Claim {
        let mut stage = self.stage();
        if stage.claimed {
            return Claim::Again;
        }
        if stage.superseded {
            return Claim::TooLate;
        }
        stage.under_way = None;
        stage.claimed = true;
        Claim::First
    }

    /// Takes the job away from later callers, unless somebody waits for it or has it.
    pub(crate) fn give_up(&self) -> Option<UnderWay> {
        let mut stage = self.stage();
        if stage.callers > 0 || stage.claimed || stage.cancelled {
            return None;
        }
        stage.cancelled = true;
        stage.under_way.take()
    }

    /// Says that the next attempt has begun, so that nobody will come for this one. The metadata,
    /// if somebody has it already: that answer was lost on its way.
    pub(crate) fn supersede(&self) -> Option<Bytes> {
        let mut stage = self.stage();
        stage.superseded = true;
        self.hurry.notify_one();
        stage.job().filter(|_| stage.claimed).cloned()
    }

    /// Says that the job is cancelled, or never will be.
    pub(crate) fn settle(&self) {
        self.stage().settled = true;
        self.gone.notify_waiters();
    }

    /// Waits until a job that is being cancelled is gone.
    pub(crate) async fn gone(&self) {
        loop {
            let gone = self.gone.notified();
            if self.stage().settled {
                return;
            }
            gone.await;
        }
    }

    /// Whether somebody waits for the answer.
    pub(crate) fn is_awaited(&self) -> bool {
        let stage = self.stage();
        stage.callers > 0 && !stage.superseded
    }

    /// Whether somebody has the job.
    pub(crate) fn is_taken(&self) -> bool {
        self.stage().claimed
    }

    /// Whether its job is being cancelled, or was.
    pub(crate) fn is_cancelled(&self) -> bool {
        let stage = self.stage();
        stage.cancelled || stage.superseded
    }

    /// Whether the job is anybody's, or will be soon.
    pub(crate) fn is_wanted(&self) -> bool {
        let stage = self.stage();
        stage.callers > 0 || stage.claimed || stage.cancelled
    }

    /// Whether somebody may still come for the job.
    pub(crate) fn may_be_wanted(&self) -> bool {
        self.key.is_some() && !self.stage().superseded
    }
}
