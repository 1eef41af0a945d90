//! What the store is told: each as one statement that may be carried out twice and changes nothing the second
//! time, as after a broken connection nobody knows whether it was carried out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_gate::state_store::{Attempt, Cancellation, Keep, Ticket};
use tokio::time::Instant;

use super::Inner;
use super::known::Known;
use crate::engine::{Step, Value};
use crate::statements::Statements;

/// How long an answer is kept that nobody said a time for.
pub(super) const KEPT: Duration = Duration::from_secs(3_600);
/// How long a job stays listed that could not be cancelled.
const LISTED: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Something the database is to be told.
#[derive(Debug, Clone)]
pub(super) enum Told {
    Created {
        ticket: Ticket,
        meta: Bytes,
        keep: Keep,
        /// After which time it is to be cancelled, where nobody waits for it.
        untaken: Option<Duration>,
        /// What it was claimed for, should its row have become another's or nobody's meanwhile.
        attempt: Option<Arc<Attempt>>,
    },
    Failed {
        ticket: Ticket,
    },
    Unsure {
        ticket: Ticket,
    },
    ToCancel {
        ticket: Ticket,
        /// Whether it is a job of no attempt.
        is_unnamed: bool,
        job: Box<Cancellation>,
        due: Instant,
    },
    Cancelling {
        ticket: Ticket,
    },
    Wanted {
        ticket: Ticket,
    },
    Cancelled {
        ticket: Ticket,
    },
    PutOff {
        ticket: Ticket,
        wait: Duration,
        problem: String,
    },
    GivenUp {
        ticket: Ticket,
        problem: String,
    },
    /// The attempts of a task below one that has begun are over: the task as the key, the number as the fence.
    Supersede {
        ticket: Ticket,
    },
    /// Nobody of this process works on that job any more.
    Release {
        ticket: Ticket,
    },
    /// A claim of which nobody knows whether it was written: its key, and its nonce as the fence.
    Unclaim {
        ticket: Ticket,
    },
}

/// What the database said to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    Yes,
    /// It is the attempt's, but the next one has begun.
    Superseded,
    /// The row is another's.
    No,
    /// It is away and will be told later.
    Later,
}

/// A span, or what stands for none.
fn or_never(span: Option<Duration>) -> Value {
    span.map_or_else(|| (-1_i64).into(), Value::from)
}

impl Told {
    /// A job to be cancelled; one that is known by its metadata only gets a name of its own.
    pub(super) fn to_cancel(job: &Cancellation, after: Duration) -> Self {
        let (is_unnamed, ticket) = match &job.ticket {
            Some(ticket) => (false, ticket.clone()),
            // Below every fence of the database, so that whoever takes it later has a higher one.
            None => {
                let key = format!("job-{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
                (true, Ticket { key, fence: fastrand::i64(i64::MIN..0) })
            }
        };
        let now = Instant::now();
        let due = now.checked_add(after).unwrap_or(now);
        Self::ToCancel { ticket, is_unnamed, job: Box::new(job.clone()), due }
    }

    pub(super) const fn ticket(&self) -> &Ticket {
        match self {
            Self::Created { ticket, .. }
            | Self::Failed { ticket }
            | Self::Unsure { ticket }
            | Self::ToCancel { ticket, .. }
            | Self::Cancelling { ticket }
            | Self::Wanted { ticket }
            | Self::Cancelled { ticket }
            | Self::PutOff { ticket, .. }
            | Self::GivenUp { ticket, .. }
            | Self::Supersede { ticket }
            | Self::Release { ticket }
            | Self::Unclaim { ticket } => ticket,
        }
    }

    /// About how many bytes it holds.
    pub(super) fn size(&self) -> usize {
        let held = match self {
            Self::Created { meta, attempt, .. } => {
                let attempt = attempt.as_ref().map_or(0, |it| 2 * it.key.len() + it.run.len());
                meta.len() + attempt
            }
            Self::ToCancel { job, .. } => job.meta.len() + job.run.len() + job.task_type.len(),
            Self::PutOff { problem, .. } | Self::GivenUp { problem, .. } => problem.len(),
            Self::Failed { .. }
            | Self::Unsure { .. }
            | Self::Cancelling { .. }
            | Self::Wanted { .. }
            | Self::Cancelled { .. }
            | Self::Supersede { .. }
            | Self::Release { .. }
            | Self::Unclaim { .. } => 0,
        };
        held + self.ticket().key.len() + size_of::<Self>()
    }

    /// The statements that tell it, the first of which answers.
    pub(super) fn steps(&self, inner: &Inner) -> Vec<Step> {
        let of = inner.statements();
        let Ticket { key, fence } = self.ticket();
        let mut values: Vec<Value> = vec![key.as_str().into(), (*fence).into()];
        let (statement, more): (&'static str, Vec<Value>) = match self {
            Self::Created { meta, keep, untaken, .. } => {
                let lease = inner.settings.lease.into();
                let keep_for = keep.for_repeats.into();
                let (untaken, asked) = (or_never(*untaken), or_never(keep.asked_within));
                (&of.created, vec![meta.into(), keep_for, lease, untaken, asked])
            }
            Self::Failed { .. } => (&of.failed, Vec::new()),
            Self::Unsure { .. } => (&of.unsure, Vec::new()),
            Self::ToCancel { is_unnamed: true, .. } => return vec![self.unnamed(inner, of)],
            Self::ToCancel { job, due, .. } => {
                let after = due.saturating_duration_since(Instant::now());
                let owner = inner.owner.as_str().into();
                let lease = inner.settings.lease.into();
                (&of.to_cancel, vec![(&job.meta).into(), after.into(), owner, lease])
            }
            Self::Cancelling { .. } => (&of.cancelling, Vec::new()),
            Self::Wanted { .. } => (&of.wanted, vec![KEPT.into()]),
            Self::Cancelled { .. } => (&of.cancelled, Vec::new()),
            Self::PutOff { wait, problem, .. } => {
                (&of.put_off, vec![(*wait).into(), problem.as_str().into()])
            }
            Self::GivenUp { problem, .. } => {
                (&of.given_up, vec![problem.as_str().into(), LISTED.into()])
            }
            Self::Supersede { .. } => (&of.supersede, Vec::new()),
            Self::Release { .. } => (&of.release, Vec::new()),
            Self::Unclaim { .. } => {
                let taken = Step { statement: &of.unclaim_taken, values: values.clone() };
                return vec![Step { statement: &of.unclaim_new, values }, taken];
            }
        };
        values.extend(more);
        vec![Step { statement, values }]
    }

    /// The statement that writes a job down which has no row yet.
    pub(super) fn unnamed(&self, inner: &Inner, of: &'static Statements) -> Step {
        let Ticket { key, fence } = self.ticket();
        let Self::ToCancel { job, due, .. } = self else {
            return Step { statement: &of.read, values: vec![key.as_str().into()] };
        };
        let values = vec![
            key.as_str().into(),
            job.task_type.as_str().into(),
            i64::from(job.version).into(),
            job.run.as_str().into(),
            (&job.meta).into(),
            inner.owner.as_str().into(),
            (*fence).into(),
            due.saturating_duration_since(Instant::now()).into(),
            inner.settings.lease.into(),
        ];
        Step { statement: &of.to_cancel_unnamed, values }
    }

    /// The statement that writes an answer down whose row is gone; none where nothing is known of the attempt.
    pub(super) fn created_anew(&self, inner: &Inner) -> Option<Step> {
        let Self::Created { ticket, meta, keep, attempt: Some(attempt), .. } = self else {
            return None;
        };
        let values = vec![
            ticket.key.as_str().into(),
            attempt.task_type.as_str().into(),
            i64::from(attempt.version).into(),
            attempt.run.as_str().into(),
            meta.into(),
            inner.owner.as_str().into(),
            ticket.fence.into(),
            keep.for_repeats.into(),
            or_never(keep.asked_within),
            attempt.task.as_deref().map_or(Value::Null, Value::from),
            i64::from(attempt.number).into(),
        ];
        Some(Step { statement: &inner.statements().created_anew, values })
    }

    /// Whether it matters if a row was changed.
    pub(super) const fn asks_back(&self) -> bool {
        matches!(
            self,
            Self::Created { .. }
                | Self::Cancelling { .. }
                | Self::Wanted { .. }
                | Self::ToCancel { is_unnamed: false, .. }
        )
    }

    /// What it means that a row was changed, of which the statement says whether the next attempt has begun.
    pub(super) fn changed(&self, superseded: Option<i64>) -> Heard {
        match self {
            Self::Created { .. } if superseded == Some(1) => Heard::Superseded,
            _ => Heard::Yes,
        }
    }

    /// What it means that none was changed, while the row is that: it was told before, or the row is another's.
    pub(super) fn unchanged(&self, known: &Known) -> Heard {
        if known.fence != self.ticket().fence {
            return Heard::No;
        }
        match (self, known.status.as_str(), known.superseded) {
            (Self::Created { .. }, "to-cancel", true) => Heard::Superseded,
            (Self::Created { .. } | Self::Wanted { .. }, "answered", _) => Heard::Yes,
            _ => Heard::No,
        }
    }
}
