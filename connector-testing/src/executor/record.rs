//! What happened to a task: every attempt, call by call, and the end.
//! `attempt` writes it; `report` judges by it; tests may look at any of it.

use std::fmt;

use bytes::Bytes;
use connector_core::pb;

/// One task, from its first create to its removal.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRecord {
    /// The name of the run, as `TaskExecutionMetadata` told it.
    pub run: String,
    /// The task type.
    pub task_type: String,
    /// Its attempts, first the first.
    pub attempts: Vec<AttemptRecord>,
    /// How it ended.
    pub end: End,
}

/// One attempt.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AttemptRecord {
    /// Counted from 0.
    pub number: u32,
    /// Where its outputs belong.
    pub output_prefix: String,
    /// Its creates, in the order of their ends.
    pub creates: Vec<Created>,
    /// What the executor has stored of it; nothing if its create failed.
    pub resource_meta: Option<Bytes>,
    /// Polls that were answered.
    pub polls: u32,
    /// Why other polls failed.
    pub failed_polls: Vec<String>,
    /// Phases as they were seen, without repetitions.
    pub phases: Vec<i32>,
    /// Deletes that worked.
    pub deletes: u32,
    /// Why other deletes failed.
    pub failed_deletes: Vec<String>,
    /// Whether the executor would repeat a failing delete for ever.
    pub delete_is_stuck: bool,
    /// How often the executor restarted.
    pub restarts: u32,
}

/// How one create ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// With this resource metadata.
    Answered(Bytes),
    /// With an error, in words.
    Failed(String),
    /// Not: the executor died while it ran.
    Left,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// Well.
    Succeeded {
        /// The outputs, if the task declares any.
        outputs: Option<Vec<pb::task::NamedLiteral>>,
    },
    /// Badly: for good, or with no attempt left.
    Failed {
        /// What the executor calls it.
        code: FailureCode,
        /// Its message.
        message: String,
    },
    /// It was aborted.
    Aborted,
    /// Never: polling has stopped, and the task stays in the last phase seen.
    Wedged {
        /// That phase, as a number of the wire.
        phase: i32,
        /// Why polling stopped.
        cause: String,
    },
    /// Not within `ExecutorRules::patience`.
    Unfinished {
        /// The last phase seen, if any.
        phase: Option<i32>,
    },
}

/// The codes under which the executor fails a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCode {
    /// Create failed, or the job did.
    TaskFailedWithError,
    /// No poll ever worked.
    AutoRefreshCacheFailed,
    /// Answers kept being impossible.
    MaxSystemFailuresExceeded,
}

impl FailureCode {
    /// The executor's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TaskFailedWithError => "TaskFailedWithError",
            Self::AutoRefreshCacheFailed => "AutoRefreshCacheFailed",
            Self::MaxSystemFailuresExceeded => "MaxSystemFailuresExceeded",
        }
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of a phase number, or the number.
pub(crate) fn phase_name(phase: i32) -> String {
    pb::task_execution::Phase::try_from(phase)
        .map_or_else(|_unknown| phase.to_string(), |phase| phase.as_str_name().to_owned())
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succeeded { .. } => f.write_str("succeeded"),
            Self::Failed { code, message } => write!(f, "failed, {code}: {message}"),
            Self::Aborted => f.write_str("aborted"),
            Self::Wedged { phase, cause } => {
                write!(f, "stuck in {} for ever: {cause}", phase_name(*phase))
            }
            Self::Unfinished { phase: Some(phase) } => {
                write!(f, "still {} when patience ended", phase_name(*phase))
            }
            Self::Unfinished { phase: None } => f.write_str("without a phase when patience ended"),
        }
    }
}
