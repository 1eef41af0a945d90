//! What the gate tells of the calls of a task type: counted here, and failures written to the log.
//! `server` gives these to the gate.

use std::time::Duration;

use connector_gate::{Failure, Observer, Operation};
use tonic::Code;

use super::CallMetrics;
use crate::status;

impl Observer for CallMetrics {
    fn begun(&self, operation: Operation) {
        self.counted().operation(operation).in_flight.inc();
    }

    #[cfg(feature = "otel")]
    fn opened(&self, span: &tracing::Span, call: connector_gate::OpenedCall<'_>) {
        crate::otlp::go_on(span, call);
    }

    fn succeeded(&self, operation: Operation, elapsed: Duration) {
        let counted = self.counted();
        let metrics = counted.operation(operation);
        metrics.successes.inc();
        metrics.end(elapsed);
        counted.sight.handled(operation, elapsed);
    }

    fn failed(&self, failure: &Failure, elapsed: Duration) {
        self.counted().ended_with(failure.operation, status::code(failure), elapsed);
        self.counted().sight.went_wrong(failure.operation, &status::text(failure));
        status::log(failure);
    }

    fn left(&self, operation: Operation, elapsed: Duration) {
        self.counted().ended_with(operation, Code::Cancelled, elapsed);
    }

    fn inputs(&self, bytes: usize) {
        #[expect(clippy::cast_precision_loss, reason = "sizes stay far below 2^53")]
        self.counted().input_bytes.observe(bytes as f64);
    }

    fn outside_call(&self, operation: Operation) {
        self.counted().operation(operation).outside.inc();
    }

    fn outside_ended(&self, operation: Operation, elapsed: Duration, error: Option<&'static str>) {
        self.counted().sight.outside(operation, elapsed, error);
    }

    fn masked_error(&self, kind: &'static str, text: &str) {
        self.counted().sight.went_wrong(Operation::Get, text);
        self.counted().rules.masked.with_label_values(&[&self.task_type, kind]).inc();
    }

    fn error_as_job(&self, operation: Operation, kind: &'static str, text: &str) {
        self.counted().sight.went_wrong(operation, text);
        let labels = [self.task_type.as_str(), operation.as_str(), kind];
        self.counted().rules.as_jobs.with_label_values(&labels).inc();
    }

    fn abandoned_create(&self, outcome: &'static str) {
        self.counted().rules.abandoned.with_label_values(&[&self.task_type, outcome]).inc();
    }

    fn taken_over(&self, outcome: &'static str) {
        self.counted().rules.taken_over.with_label_values(&[&self.task_type, outcome]).inc();
    }

    fn unknown_state(&self) {
        self.counted().rules.unknown_states.inc();
    }
}
