//! What BigQuery says of a job, as a phase: states, and the reasons of a job that failed.
//! Only `errorResult` says that a job has failed; `errors` may hold what did not matter.

use connector_core::prelude::*;

/// The states of a job. DONE with an `errorResult` is judged by [`failure`].
pub(crate) const STATES: StateTable = StateTable::new(&[
    ("PENDING", Phase::Initializing),
    ("RUNNING", Phase::Running),
    ("DONE", Phase::Succeeded),
]);

/// Reasons for which BigQuery itself advises to run the job again.
const AGAIN: [&str; 7] = [
    "backendError",
    "internalError",
    "jobBackendError",
    "jobInternalError",
    "jobRateLimitExceeded",
    "rateLimitExceeded",
    "tableUnavailable",
];

/// The phase of a job that failed for that reason.
pub(crate) fn failure(reason: &str) -> Phase {
    if AGAIN.contains(&reason) { Phase::RetryableFailed } else { Phase::Failed }
}

/// What a refused call means, by its first reason; `None` where the status says all.
pub(crate) fn refusal(status: u16, reason: &str) -> Option<ErrorKind> {
    let transient = Some(ErrorKind::Transient { retry_after: None });
    match (status, reason) {
        // Limits are 403 here, and no word about the job.
        (403, "rateLimitExceeded" | "quotaExceeded" | "userRateLimitExceeded") => transient,
        (_, "backendError" | "internalError" | "badGateway" | "jobRateLimitExceeded") => transient,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;

    use super::{STATES, failure, refusal};

    #[test]
    fn every_documented_state_has_a_phase() {
        assert_eq!(STATES.phase("PENDING"), Some(Phase::Initializing));
        assert_eq!(STATES.phase("RUNNING"), Some(Phase::Running));
        assert_eq!(STATES.phase("DONE"), Some(Phase::Succeeded));
        assert_eq!(STATES.phase("SUSPENDED"), None, "what is new runs");
    }

    #[test]
    fn reasons_of_failed_jobs() {
        for (reason, phase) in [
            ("invalidQuery", Phase::Failed),
            ("accessDenied", Phase::Failed),
            ("notFound", Phase::Failed),
            ("stopped", Phase::Failed),
            ("bytesBilledLimitExceeded", Phase::Failed),
            ("quotaExceeded", Phase::Failed),
            ("timeout", Phase::Failed),
            ("backendError", Phase::RetryableFailed),
            ("internalError", Phase::RetryableFailed),
            ("jobBackendError", Phase::RetryableFailed),
            ("jobInternalError", Phase::RetryableFailed),
            ("rateLimitExceeded", Phase::RetryableFailed),
            ("jobRateLimitExceeded", Phase::RetryableFailed),
            ("something new", Phase::Failed),
        ] {
            assert_eq!(failure(reason), phase, "{reason}");
        }
    }

    #[test]
    fn limits_are_no_refusals() {
        let transient = Some(ErrorKind::Transient { retry_after: None });
        for reason in ["rateLimitExceeded", "quotaExceeded"] {
            assert_eq!(refusal(403, reason), transient, "{reason}");
        }
        assert_eq!(refusal(400, "backendError"), transient);
        assert_eq!(refusal(403, "accessDenied"), None);
        assert_eq!(refusal(400, "invalidQuery"), None);
    }
}
