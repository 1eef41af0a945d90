//! The eight phases a job can be in, as connectors name them.
//! Used by resources and by the server's conversion to the wire.
//! There is no undefined phase: the executor treats one as a system error.

use std::fmt;

/// Where a job stands.
///
/// The numbers are those of `flyteidl2.core.TaskExecution.Phase`; its zero (`UNDEFINED`) has no
/// counterpart here because the executor answers it with a system error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
#[non_exhaustive]
pub enum Phase {
    /// Accepted by the outside system, waiting for its turn.
    Queued = 1,
    /// Running. The executor does not show the message of this phase.
    Running = 2,
    /// Finished well; outputs are read now.
    Succeeded = 3,
    /// Cancelled from outside. The executor drops the message, so prefer [`Phase::Failed`] when the
    /// cause matters.
    Aborted = 4,
    /// Finished badly, for good: no retry.
    Failed = 5,
    /// The outside system is getting ready (pulling an image, starting a cluster).
    Initializing = 6,
    /// Waiting for capacity.
    WaitingForResources = 7,
    /// Finished badly; a new attempt may succeed.
    RetryableFailed = 8,
}

impl Phase {
    /// Every phase, in the order of its number.
    pub const ALL: &[Self] = &[
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Aborted,
        Self::Failed,
        Self::Initializing,
        Self::WaitingForResources,
        Self::RetryableFailed,
    ];

    /// Whether the executor stops polling after this phase.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Aborted | Self::Failed | Self::RetryableFailed)
    }

    /// The name the protocol gives this phase, such as `WAITING_FOR_RESOURCES`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Aborted => "ABORTED",
            Self::Failed => "FAILED",
            Self::Initializing => "INITIALIZING",
            Self::WaitingForResources => "WAITING_FOR_RESOURCES",
            Self::RetryableFailed => "RETRYABLE_FAILED",
        }
    }

    /// The phase of that protocol name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|phase| phase.as_str() == name)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Phase;
    use crate::pb::task_execution;

    #[test]
    fn numbers_and_names_are_those_of_the_wire() {
        for phase in Phase::ALL.iter().copied() {
            let wire = task_execution::Phase::try_from(phase as i32).expect("a wire phase");
            assert_eq!(wire.as_str_name(), phase.as_str());
            assert_eq!(Phase::from_name(phase.as_str()), Some(phase));
        }
        assert_eq!(Phase::from_name("UNDEFINED"), None);
    }

    #[test]
    fn four_phases_end_polling() {
        let terminal: Vec<_> = Phase::ALL.iter().copied().filter(|p| p.is_terminal()).collect();
        assert_eq!(
            terminal,
            [Phase::Succeeded, Phase::Aborted, Phase::Failed, Phase::RetryableFailed]
        );
    }
}
