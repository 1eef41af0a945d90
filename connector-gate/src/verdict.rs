//! What the executor should see of a failure: one table of error kind and operation.
//! The rules of create, get and delete act on it; texts and codes of plain errors are in `status`.

use connector_core::ErrorKind;
use connector_core::host::CallError;

use crate::operation::Operation;

/// What becomes of a failed call to a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The executor gets an error.
    Error,
    /// The executor gets a job that has failed for good.
    FailedJob,
    /// The executor gets a job that has failed and may be tried again.
    RetryableJob,
    /// The call is made again; how it ends when that does not help is the operation's business.
    Again,
    /// The executor is told that all is well.
    Done,
}

/// The table. It follows what the executor does with each answer (protocol.md A.6, A.7):
/// an error of create burns an attempt, errors of get are counted for the life of a job and wedge
/// it, and a delete that fails is repeated for ever. A kind that core adds is taken for the mildest
/// until it has a row here; the test below asks for one.
pub(crate) const fn of_kind(operation: Operation, kind: ErrorKind) -> Verdict {
    match operation {
        Operation::Create => match kind {
            ErrorKind::InvalidTask
            | ErrorKind::Permanent
            | ErrorKind::NotFound
            | ErrorKind::Unsupported => Verdict::FailedJob,
            // Retryable, transient, unauthenticated: the next attempt may find the vendor well or
            // the credentials renewed. The call is not made again here: nobody knows whether the
            // first one made a job.
            _ => Verdict::Error,
        },
        Operation::Get => match kind {
            ErrorKind::InvalidTask
            | ErrorKind::Permanent
            | ErrorKind::NotFound
            | ErrorKind::Unsupported => Verdict::FailedJob,
            ErrorKind::Retryable => Verdict::RetryableJob,
            // Transient, unauthenticated.
            _ => Verdict::Again,
        },
        Operation::Run => match kind {
            ErrorKind::InvalidTask
            | ErrorKind::Permanent
            | ErrorKind::NotFound
            | ErrorKind::Unsupported => Verdict::FailedJob,
            ErrorKind::Retryable => Verdict::RetryableJob,
            // Transient, unauthenticated: Flyte 1 calls again after an error, whatever it is.
            _ => Verdict::Error,
        },
        Operation::Delete => match kind {
            ErrorKind::NotFound => Verdict::Done,
            ErrorKind::Transient { .. } => Verdict::Again,
            // The others.
            _ => Verdict::Error,
        },
        Operation::GetMetrics | Operation::GetLogs => Verdict::Error,
    }
}

/// The verdict on a failure. Metadata that cannot be read will not be read better by a later call.
pub(crate) const fn of(operation: Operation, error: &CallError) -> Verdict {
    match error {
        CallError::Connector(error) => of_kind(operation, error.kind()),
        CallError::Meta(_) => match operation {
            Operation::Create | Operation::Run | Operation::GetMetrics | Operation::GetLogs => {
                Verdict::Error
            }
            Operation::Get => Verdict::FailedJob,
            Operation::Delete => Verdict::Done,
        },
    }
}

#[cfg(test)]
mod tests {
    use connector_core::ErrorKind::{self, *};

    use super::Verdict::{self, Again, Done, Error, FailedJob, RetryableJob};
    use super::of_kind;
    use crate::operation::Operation;

    #[test]
    fn the_table() {
        let rows: [(ErrorKind, [Verdict; 4]); 7] = [
            (InvalidTask, [FailedJob, FailedJob, Error, FailedJob]),
            (Permanent, [FailedJob, FailedJob, Error, FailedJob]),
            (Retryable, [Error, RetryableJob, Error, RetryableJob]),
            (Transient { retry_after: None }, [Error, Again, Again, Error]),
            (NotFound, [FailedJob, FailedJob, Done, FailedJob]),
            (Unauthenticated, [Error, Again, Error, Error]),
            (Unsupported, [FailedJob, FailedJob, Error, FailedJob]),
        ];
        assert_eq!(rows.map(|(kind, _)| kind), *ErrorKind::ALL, "a kind without a row");
        let operations = [Operation::Create, Operation::Get, Operation::Delete, Operation::Run];
        for (kind, verdicts) in rows {
            assert_eq!(operations.map(|operation| of_kind(operation, kind)), verdicts, "{kind:?}");
        }
    }
}
