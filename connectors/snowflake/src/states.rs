//! What Snowflake says of a query, as a phase: the statuses of `/monitoring/queries`, all that its
//! Python client knows. RESTARTED is neither running nor failed to that client; here it waits.

use connector_core::prelude::*;

/// The statuses of a query. `NO_DATA` is no phase: the caller decides how long it waits for an answer.
pub(crate) const STATES: StateTable = StateTable::new(&[
    ("QUEUED", Phase::Queued),
    ("BLOCKED", Phase::WaitingForResources),
    ("QUEUED_REPARING_WAREHOUSE", Phase::WaitingForResources),
    // So it is spelled by the vendor's driver for Go.
    ("QUEUED_REPAIRING_WAREHOUSE", Phase::WaitingForResources),
    ("RESUMING_WAREHOUSE", Phase::Initializing),
    ("RESTARTED", Phase::Initializing),
    ("RUNNING", Phase::Running),
    ("SUCCESS", Phase::Succeeded),
    ("FAILED_WITH_ERROR", Phase::Failed),
    ("FAILED_WITH_INCIDENT", Phase::Failed),
    ("ABORTING", Phase::Failed),
    ("ABORTED", Phase::Failed),
    ("DISCONNECTED", Phase::Failed),
]);

/// What Snowflake says of a query that it does not know, or not yet.
pub(crate) const NO_DATA: &str = "NO_DATA";

/// Whether a query in that status still costs.
pub(crate) fn goes_on(status: &str) -> bool {
    status != NO_DATA && !STATES.phase(status).is_some_and(|phase| phase.is_terminal())
}

/// What a refused call means for the session it was made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing: the refusal is about the call.
    Good,
    /// The session's token has run out; its master token gets another one.
    Expired,
    /// There is no such session any more.
    Gone,
}

impl Standing {
    /// By the code of an answer.
    pub(crate) fn of(code: &str) -> Self {
        match code {
            "390112" => Self::Expired,
            // Id token expired, no such session, session gone, master token not found, expired, invalid.
            "390104" | "390110" | "390111" | "390113" | "390114" | "390115" => Self::Gone,
            _ => Self::Good,
        }
    }
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;

    use super::{STATES, Standing};

    #[test]
    fn every_documented_status_has_a_phase() {
        for (status, phase) in [
            ("QUEUED", Phase::Queued),
            ("BLOCKED", Phase::WaitingForResources),
            ("QUEUED_REPARING_WAREHOUSE", Phase::WaitingForResources),
            ("QUEUED_REPAIRING_WAREHOUSE", Phase::WaitingForResources),
            ("RESUMING_WAREHOUSE", Phase::Initializing),
            ("RESTARTED", Phase::Initializing),
            ("RUNNING", Phase::Running),
            ("SUCCESS", Phase::Succeeded),
            ("FAILED_WITH_ERROR", Phase::Failed),
            ("FAILED_WITH_INCIDENT", Phase::Failed),
            ("ABORTING", Phase::Failed),
            ("ABORTED", Phase::Failed),
            ("DISCONNECTED", Phase::Failed),
        ] {
            assert_eq!(STATES.phase(status), Some(phase), "{status}");
        }
        let new: Resource = STATES.resource("SUSPENDED");
        assert_eq!((new.phase, new.unknown_state.as_deref()), (Phase::Running, Some("SUSPENDED")));
    }

    #[test]
    fn only_a_sessions_own_codes_end_it() {
        assert_eq!(Standing::of("390112"), Standing::Expired);
        for code in ["390111", "390114"] {
            assert_eq!(Standing::of(code), Standing::Gone, "{code}");
        }
        for code in ["", "001003", "000604", "390100"] {
            assert_eq!(Standing::of(code), Standing::Good, "{code}");
        }
    }
}
