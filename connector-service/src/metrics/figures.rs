//! The figures of one task type as the status page shows them: read from what the page of metrics counts.
//! `status_page` asks; nothing is counted here.

use std::time::UNIX_EPOCH;

use connector_gate::{Operation, labels};
use serde_json::{Map, Value as Json, json};

use super::counted::Counted;
use super::{CallMetrics, Families};

impl CallMetrics {
    /// As JSON; operations that were never called are left out.
    pub(crate) fn figures(&self) -> Map<String, Json> {
        match self.counted.get() {
            Some(counted) => counted.figures(),
            // Looking is no call: the same as zeros, of families that nobody prints.
            None => Families::new()
                .map(|none| Counted::new(&none, &self.task_type, self.served).figures())
                .unwrap_or_default(),
        }
    }

    /// How many callers wait for a create.
    pub(crate) fn creates_in_flight(&self) -> u64 {
        let counted = self.counted.get();
        let creates = counted.map_or(0, |it| it.operation(Operation::Create).in_flight.get());
        u64::try_from(creates).unwrap_or_default()
    }
}

impl Counted {
    fn figures(&self) -> Map<String, Json> {
        let calls = Operation::ALL
            .into_iter()
            .filter_map(|operation| Some((operation.as_str().to_owned(), self.calls(operation)?)));
        let (asked, errors, seconds) = self.sight.outside_totals();
        let outside = json!({
            "calls": asked,
            "errors": errors,
            "mean_seconds": mean(asked, seconds),
            "seconds_since_success": self.sight.since_success().map(|it| it.as_secs_f64()),
        });
        let all = [
            ("calls", calls.collect()),
            ("outside", outside),
            ("absorbed", self.absorbed()),
            ("deadline_exceeded", self.sight.late_calls().into()),
            ("last_error", self.last_error().into()),
        ];
        all.map(|(name, figure)| (name.to_owned(), figure)).into_iter().collect()
    }

    fn calls(&self, operation: Operation) -> Option<Json> {
        let metrics = self.operation(operation);
        let (ended, seconds) = metrics.latency.totals();
        let in_flight = metrics.in_flight.get();
        if ended == 0 && in_flight == 0 {
            return None;
        }
        let succeeded = metrics.successes.get();
        // Of calls beyond the last bound it is only known that they took longer.
        let under = |share| self.sight.quantile(operation, share).filter(|it| it.is_finite());
        Some(json!({
            "succeeded": succeeded,
            "failed": ended.saturating_sub(succeeded),
            "in_flight": in_flight,
            "mean_seconds": mean(ended, seconds),
            "half_under_seconds": under(0.5),
            "almost_all_under_seconds": under(0.99),
        }))
    }

    /// What the gate kept from the executor.
    fn absorbed(&self) -> Json {
        let task_type = self.task_type.as_str();
        let masked = labels::MASKED_ERRORS
            .iter()
            .map(|kind| self.rules.masked.with_label_values(&[task_type, *kind]).get());
        let as_jobs = labels::ERRORS_AS_JOBS.iter().map(|(operation, kind)| {
            self.rules.as_jobs.with_label_values(&[task_type, operation.as_str(), *kind]).get()
        });
        let abandoned = labels::ABANDONED_CREATES.iter().map(|outcome| {
            let count = self.rules.abandoned.with_label_values(&[task_type, *outcome]).get();
            ((*outcome).to_owned(), Json::from(count))
        });
        json!({
            "masked_errors": masked.sum::<u64>(),
            "errors_as_jobs": as_jobs.sum::<u64>(),
            "abandoned_creates": abandoned.collect::<Map<_, _>>(),
            "unknown_states": self.rules.unknown_states.get(),
        })
    }

    fn last_error(&self) -> Option<Json> {
        let error = self.sight.last_error()?;
        let at = error.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Some(json!({"at": at, "operation": error.operation, "text": &*error.text}))
    }
}

fn mean(count: u64, seconds: f64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    (count > 0).then(|| seconds / count as f64)
}
