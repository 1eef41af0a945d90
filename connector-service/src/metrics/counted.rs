//! What is counted of the calls of one task type. `mod` makes it, `observer` counts with it, `figures` reads it.

use std::sync::Arc;
use std::time::Duration;

use connector_gate::Operation;
use prometheus::{IntCounter, IntCounterVec, IntGauge};
use tonic::Code;

use super::Families;
use super::rules::RuleMetrics;
use super::sight::Sight;
use super::summary::Summary;

/// The handles of one task type.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) task_type: String,
    operations: [OperationMetrics; Operation::ALL.len()],
    failures: IntCounterVec,
    pub(super) input_bytes: Arc<Summary>,
    pub(super) rules: RuleMetrics,
    pub(super) sight: Sight,
}

/// Those of one operation.
#[derive(Debug)]
pub(super) struct OperationMetrics {
    pub(super) successes: IntCounter,
    pub(super) latency: Arc<Summary>,
    pub(super) in_flight: IntGauge,
    pub(super) outside: IntCounter,
}

impl Counted {
    pub(super) fn new(families: &Families, task_type: &str, served: bool) -> Self {
        let operations = Operation::ALL.map(|operation| {
            let labels = [task_type, operation.as_str()];
            OperationMetrics {
                successes: families.successes.with_label_values(&labels),
                latency: families.latency.with_label_values(&labels),
                in_flight: families.in_flight.with_label_values(&labels),
                outside: families.outside.with_label_values(&labels),
            }
        });
        Self {
            task_type: task_type.to_owned(),
            operations,
            failures: families.failures.clone(),
            input_bytes: families.input_bytes.with_label_values(&[task_type]),
            rules: families.rules.of(task_type, served),
            sight: families.sight.of(task_type),
        }
    }

    pub(super) fn ended_with(&self, operation: Operation, code: Code, elapsed: Duration) {
        self.operation(operation).end(elapsed);
        self.sight.handled(operation, elapsed);
        if code == Code::DeadlineExceeded {
            self.sight.late();
        }
        let (http, grpc) = code_labels(code);
        self.failures.with_label_values(&[&self.task_type, operation.as_str(), http, grpc]).inc();
    }

    pub(super) const fn operation(&self, operation: Operation) -> &OperationMetrics {
        let [create, get, delete, get_metrics, get_logs, run] = &self.operations;
        match operation {
            Operation::Create => create,
            Operation::Get => get,
            Operation::Delete => delete,
            Operation::GetMetrics => get_metrics,
            Operation::GetLogs => get_logs,
            Operation::Run => run,
        }
    }

    /// How many calls are under way.
    pub(super) fn in_flight(&self) -> i64 {
        self.operations.iter().map(|operation| operation.in_flight.get()).sum()
    }
}

impl OperationMetrics {
    pub(super) fn end(&self, elapsed: Duration) {
        self.latency.observe(elapsed.as_secs_f64());
        self.in_flight.dec();
    }
}

/// The `error_code` Python's dashboards know (404 and 500 are its only ones) and the gRPC name.
const fn code_labels(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::Ok => ("200", "OK"),
        Code::Cancelled => ("499", "CANCELLED"),
        Code::Unknown => ("500", "UNKNOWN"),
        Code::InvalidArgument => ("400", "INVALID_ARGUMENT"),
        Code::DeadlineExceeded => ("504", "DEADLINE_EXCEEDED"),
        Code::NotFound => ("404", "NOT_FOUND"),
        Code::AlreadyExists => ("409", "ALREADY_EXISTS"),
        Code::PermissionDenied => ("403", "PERMISSION_DENIED"),
        Code::ResourceExhausted => ("429", "RESOURCE_EXHAUSTED"),
        Code::FailedPrecondition => ("400", "FAILED_PRECONDITION"),
        Code::Aborted => ("409", "ABORTED"),
        Code::OutOfRange => ("400", "OUT_OF_RANGE"),
        Code::Unimplemented => ("501", "UNIMPLEMENTED"),
        Code::Internal => ("500", "INTERNAL"),
        Code::Unavailable => ("503", "UNAVAILABLE"),
        Code::DataLoss => ("500", "DATA_LOSS"),
        Code::Unauthenticated => ("401", "UNAUTHENTICATED"),
    }
}
