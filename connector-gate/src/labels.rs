//! The words that the rules count by, all of them, so that a service can show every counter from the start:
//! what is not there cannot be told from what is 0.
//! `Observer` gets no other words; the tests here hold them against the table of verdicts.

use crate::operation::Operation;

/// What [`crate::Observer::masked_error`] tells.
pub const MASKED_ERRORS: [&str; 5] = ["transient", "unauthenticated", "timeout", "busy", "panic"];

/// What [`crate::Observer::error_as_job`] tells.
pub const ERRORS_AS_JOBS: [(Operation, &str); 15] = [
    (Operation::Create, "invalid_task"),
    (Operation::Create, "permanent"),
    (Operation::Create, "not_found"),
    (Operation::Create, "unsupported"),
    (Operation::Get, "invalid_task"),
    (Operation::Get, "permanent"),
    (Operation::Get, "retryable"),
    (Operation::Get, "not_found"),
    (Operation::Get, "unsupported"),
    (Operation::Get, "resource_meta"),
    (Operation::Run, "invalid_task"),
    (Operation::Run, "permanent"),
    (Operation::Run, "retryable"),
    (Operation::Run, "not_found"),
    (Operation::Run, "unsupported"),
];

/// What [`crate::Observer::abandoned_create`] tells.
pub const ABANDONED_CREATES: [&str; 3] = ["cancelled", "kept", "orphaned"];

/// What [`crate::Observer::outside_ended`] tells of calls that failed.
pub const OUTSIDE_ERRORS: [&str; 9] = [
    "invalid_task",
    "permanent",
    "retryable",
    "transient",
    "not_found",
    "unauthenticated",
    "unsupported",
    "timeout",
    "panic",
];

/// What [`crate::Observer::taken_over`] tells of a create whose owner died over it. `keys`: it was made again,
/// and the outside system knows its key. `found`: its job was there. `not_found`: it was not, and was made.
/// `blind`: nobody can say, and it was made again. `refused`: nobody can say, and it failed. `unaccounted`: the
/// attempt did not come back, and nobody can say whether a job runs on.
pub const TAKEOVERS: [&str; 6] = ["keys", "found", "not_found", "blind", "refused", "unaccounted"];

#[cfg(test)]
mod tests {
    use connector_core::host::CallError;
    use connector_core::{ErrorKind, MetaError};

    use super::{ERRORS_AS_JOBS, MASKED_ERRORS, OUTSIDE_ERRORS};
    use crate::operation::Operation;
    use crate::verdict::{Verdict, of, of_kind};

    #[test]
    fn the_words_are_those_of_the_verdicts() {
        for kind in ErrorKind::ALL {
            assert!(OUTSIDE_ERRORS.contains(&kind.as_str()), "{kind:?}");
        }
        for operation in Operation::ALL {
            for kind in ErrorKind::ALL.iter().copied() {
                let verdict = of_kind(operation, kind);
                let is_job = matches!(verdict, Verdict::FailedJob | Verdict::RetryableJob);
                let counted = ERRORS_AS_JOBS.contains(&(operation, kind.as_str()));
                assert_eq!(is_job, counted, "{operation:?} {kind:?}");
                let again = operation == Operation::Get && verdict == Verdict::Again;
                assert!(!again || MASKED_ERRORS.contains(&kind.as_str()), "{kind:?}");
            }
        }
        let meta = CallError::Meta(MetaError::new("unreadable"));
        assert_eq!(of(Operation::Get, &meta), Verdict::FailedJob);
        assert!(ERRORS_AS_JOBS.contains(&(Operation::Get, "resource_meta")));
    }
}
