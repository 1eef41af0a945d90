//! What a caller sees of a failed call: one table of codes, one place for texts.
//! `dispatch` counts and logs by it, `grpc` answers with it.
//! Create, get and delete answer as the Python service does (protocol.md C.1).

use std::error::Error;

use connector_core::ErrorKind;
use connector_core::host::CallError;
use connector_gate::{Cause, Failure, Operation, TextLimit};
use tonic::{Code, Status};

/// The gRPC code of a failure.
pub(crate) fn code(failure: &Failure) -> Code {
    match &failure.cause {
        Cause::NotRegistered => Code::NotFound,
        Cause::Panicked(_) => Code::Internal,
        Cause::OutOfTime(_) => Code::DeadlineExceeded,
        Cause::Busy(_) => Code::ResourceExhausted,
        Cause::Ending => Code::Unavailable,
        Cause::NotSync(_) | Cause::NotFinal(_) => Code::Internal,
        Cause::Call(error) => match failure.operation {
            Operation::Create | Operation::Get | Operation::Delete | Operation::Run => {
                Code::Internal
            }
            Operation::GetMetrics | Operation::GetLogs => match error {
                CallError::Meta(_) => Code::InvalidArgument,
                CallError::Connector(error) => code_of_kind(error.kind()),
            },
        },
    }
}

/// The code of an error kind where no peer dictates one.
const fn code_of_kind(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::InvalidTask => Code::InvalidArgument,
        ErrorKind::Permanent => Code::FailedPrecondition,
        ErrorKind::Retryable => Code::Aborted,
        ErrorKind::Transient { .. } => Code::Unavailable,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::Unauthenticated => Code::Unauthenticated,
        ErrorKind::Unsupported => Code::Unimplemented,
        // A kind that core adds, until it has a row here; the tests below ask for one.
        _ => Code::Unknown,
    }
}

/// The text of a failure, whole.
pub(crate) fn text(failure: &Failure) -> String {
    let Failure { operation, task_type, cause, .. } = failure;
    let reason = match cause {
        Cause::NotRegistered => {
            return format!("Cannot find connector for task type: {task_type}.");
        }
        Cause::Call(error) => error.to_string(),
        Cause::Panicked(message) => format!("panic: {message}"),
        Cause::OutOfTime(limit) if limit.by_caller => {
            format!("the connector did not answer within the caller's {:?}", limit.set)
        }
        Cause::OutOfTime(limit) => format!(
            "the connector did not answer within the server's limit of {:?} (`--max-call-seconds`)",
            limit.set
        ),
        Cause::Busy(limit) => format!(
            "the connector had no room for this call within {:?}: too many are under way (the \
             policy's `concurrency` and `rate`)",
            limit.set
        ),
        Cause::NotSync(name) => format!("[{name}] does not support sync execution"),
        Cause::NotFinal(phase) => format!(
            "the connector is `sync` and answered the phase {phase}, which is not a final one: its tasks \
             are done when `run` ends"
        ),
        Cause::Ending => "this server is stopping; another one will take the call".to_owned(),
    };
    let abandoned = match (operation, cause) {
        (Operation::Create, Cause::OutOfTime(_)) => {
            "; it goes on, and a job that comes of it is cancelled unless the same attempt asks again"
        }
        _ => "",
    };
    format!("failed to {} {task_type} task with error:\n {reason}{abandoned}.", operation.as_str())
}

/// The gRPC status of a failure, whose whole text is in the log.
pub(crate) fn of(failure: &Failure, texts: TextLimit) -> Status {
    Status::new(code(failure), texts.capped(text(failure)))
}

/// Writes a failure to the log, with the chain of causes.
pub(crate) fn log(failure: &Failure) {
    let text = text(failure);
    let mut causes = String::new();
    if let Cause::Call(CallError::Connector(error)) = &failure.cause {
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Many messages end in their cause already.
            if !text.contains(&cause_text) {
                causes.push_str(": ");
                causes.push_str(&cause_text);
            }
            source = cause.source();
        }
    }
    tracing::warn!(
        operation = failure.operation.as_str(),
        task_type = failure.task_type,
        version = failure.version,
        code = ?code(failure),
        "{text}{causes}"
    );
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connector_core::MetaError;
    use connector_core::host::CallError;
    use connector_core::{ConnectorError, ErrorKind};
    use tonic::Code;

    use connector_gate::{Cause, Failure, Operation, TextLimit, TimeLimit};
    use tonic::Status;

    fn of(failure: &Failure) -> Status {
        super::of(failure, TextLimit::default())
    }

    fn failure(operation: Operation, cause: Cause) -> Failure {
        Failure { operation, task_type: "spark".to_owned(), version: 0, cause }
    }

    fn connector(kind: ErrorKind) -> Cause {
        Cause::Call(CallError::Connector(ConnectorError::new(kind, "no such table")))
    }

    const KINDS: [(ErrorKind, Code); 7] = [
        (ErrorKind::InvalidTask, Code::InvalidArgument),
        (ErrorKind::Permanent, Code::FailedPrecondition),
        (ErrorKind::Retryable, Code::Aborted),
        (ErrorKind::Transient { retry_after: None }, Code::Unavailable),
        (ErrorKind::NotFound, Code::NotFound),
        (ErrorKind::Unauthenticated, Code::Unauthenticated),
        (ErrorKind::Unsupported, Code::Unimplemented),
    ];

    #[test]
    fn create_get_and_delete_answer_as_python_does() {
        let as_python = [Operation::Create, Operation::Get, Operation::Delete, Operation::Run];
        for operation in as_python {
            for (kind, _) in KINDS {
                let status = of(&failure(operation, connector(kind)));
                assert_eq!(status.code(), Code::Internal);
                assert_eq!(
                    status.message(),
                    format!(
                        "failed to {} spark task with error:\n no such table.",
                        operation.as_str()
                    )
                );
            }
        }
        let unknown = of(&failure(Operation::Create, Cause::NotRegistered));
        assert_eq!(unknown.code(), Code::NotFound);
        assert_eq!(unknown.message(), "Cannot find connector for task type: spark.");
    }

    #[test]
    fn metrics_and_logs_answer_by_kind() {
        assert_eq!(KINDS.map(|(kind, _)| kind), *ErrorKind::ALL, "a kind without a row");
        for (kind, code) in KINDS {
            assert_eq!(of(&failure(Operation::GetLogs, connector(kind))).code(), code);
        }
        let meta = Cause::Call(CallError::Meta(MetaError::new("it is empty")));
        assert_eq!(of(&failure(Operation::GetMetrics, meta)).code(), Code::InvalidArgument);
    }

    #[test]
    fn panics_and_deadlines_say_so() {
        let panicked = of(&failure(Operation::Get, Cause::Panicked("oh".to_owned())));
        assert_eq!(panicked.code(), Code::Internal);
        assert_eq!(panicked.message(), "failed to get spark task with error:\n panic: oh.");
        let limit = TimeLimit::new(None, Duration::from_secs(60), None);
        let late = of(&failure(Operation::Create, Cause::OutOfTime(limit)));
        assert_eq!(late.code(), Code::DeadlineExceeded);
        assert!(late.message().contains("--max-call-seconds"), "{}", late.message());
    }
}
