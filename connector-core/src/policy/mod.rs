//! What a [`Policy`] is made of: how the server treats one connector's calls.
//!
//! ```
//! use std::time::Duration;
//!
//! use connector_core::Policy;
//! use connector_core::policy::{Abandoned, CreateErrors};
//!
//! /// The next create finds the job by its key, so one that nobody waits for may go on.
//! const POLICY: Policy = Policy::new()
//!     .abandoned(Abandoned::Keep)
//!     .create_errors(CreateErrors::PlainError)
//!     .poll_interval(Duration::from_secs(30));
//! # let _ = POLICY;
//! ```
//!
//! It is named in `#[connector(policy = POLICY)]`. Operators override single values by environment
//! variables, see [`Policy`].

// `author` is the policy itself, `operator` what overrides it; the rules that obey are the server's.

pub(crate) mod author;
mod operator;

pub(crate) use author::Policy;
pub(crate) use operator::{overridden, settings_for_one, variables_for_all};

/// What an error of create that no retry can mend becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateErrors {
    /// A job that reports FAILED with the message on its first poll, so that no attempt is burnt.
    FailedJob,
    /// The plain error. The executor then starts another attempt, if any is left.
    PlainError,
}

/// What becomes of a job whose creator has left and which nobody asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abandoned {
    /// It is cancelled: the executor has forgotten it.
    Cancel,
    /// It is left running, for outside systems where the next create finds it by its key.
    Keep,
}

/// What becomes of a create whose server died over it, where nobody can say whether it made a job: the
/// connector neither hands out keys nor finds jobs by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takeover {
    /// A job is created, beside the one that may be there.
    Create,
    /// The attempt fails; the executor begins another one if any is left.
    Fail,
}

/// What is done about a create of which nobody knows how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// It is made again: the same key gives the same job ([`Policy::keyed`]).
    Keys,
    /// The connector is asked for the job ([`crate::AsyncConnector::find`]).
    Find,
    /// Nobody can say; [`Policy::takeover`] decides.
    Neither,
}

impl Recovery {
    /// Of a connector with that policy, which has or has not a `find` of its own.
    #[must_use]
    pub const fn of(policy: &Policy, finds: bool) -> Self {
        match (policy.keyed, finds) {
            (true, _) => Self::Keys,
            (false, true) => Self::Find,
            (false, false) => Self::Neither,
        }
    }

    /// A short lower-case name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Find => "find",
            Self::Neither => "neither",
        }
    }
}

/// Calls per second and how many may come at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Calls per second in the long run; above 0.
    pub per_second: f64,
    /// Calls that may come at once after a quiet time; at least 1.
    pub burst: u32,
}

/// Whose threads run a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Threads of its own, started at its first call: whatever it does, others are not held up.
    Own,
    /// The server's threads, which saves two thread switches per call. Only for a connector that
    /// never blocks and never computes for long: while it does, every call of every connector and
    /// the health check may wait.
    Shared,
}

/// What becomes of a question for the log or the metrics of a job that this server has neither created, polled
/// nor deleted in the last hour. Such a question brings no connection, so a secret of the task's own cannot
/// be hidden then; the operator's secrets are hidden always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnseenJobs {
    /// Refused where the task must have brought a secret: its connection requires one that the operator
    /// does not lend.
    RefuseWithSecrets,
    /// Refused: a task may bring a secret of its own although it need not.
    Refuse,
    /// Answered: no job's log or metrics quote its task's secrets, or whoever reads them may see them.
    Answer,
}
