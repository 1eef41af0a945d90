//! What is known of a task type beyond counts of calls: how times are spread, how the outside system behaves,
//! when something went well or wrong last. `mod` keeps one for each type, `observer` fills it, the page of
//! metrics and the status page show it.
//! Series begin with the first call that they are about: of a connector that nobody uses there are none.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connector_gate::{Operation, labels};
use prometheus::core::{Collector, Metric as _};
use prometheus::{
    Error, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    Opts, Registry,
};

/// Upper bounds in seconds: a call over memory, a quick vendor, a slow one, and the 10 s of the executor.
const BUCKETS: [f64; 9] = [0.005, 0.025, 0.1, 0.25, 1.0, 2.5, 5.0, 10.0, 60.0];
/// So many bytes of an error are kept.
const MOST_TEXT: usize = 512;

/// The families.
#[derive(Debug, Clone)]
pub(super) struct Families {
    handling: HistogramVec,
    outside: HistogramVec,
    errors: IntCounterVec,
    late: IntCounterVec,
    success: GaugeVec,
}

impl Families {
    pub(super) fn new() -> Result<Self, Error> {
        let by_operation = ["task_type", "operation"];
        let histogram = |name: &str, help: &str| {
            let opts = HistogramOpts::new(format!("flyte_connector_{name}"), help);
            HistogramVec::new(opts.buckets(BUCKETS.to_vec()), &by_operation)
        };
        let opts = |name: &str, help: &str| Opts::new(format!("flyte_connector_{name}"), help);
        Ok(Self {
            handling: histogram(
                "handling_seconds",
                "Time from a call's arrival to its answer, failures included, as a histogram.",
            )?,
            outside: histogram(
                "outside_seconds",
                "Time that calls to connectors took, and so calls to outside systems.",
            )?,
            errors: IntCounterVec::new(
                opts(
                    "outside_errors_total",
                    "Calls to connectors that failed, whatever callers saw.",
                ),
                &["task_type", "kind"],
            )?,
            late: IntCounterVec::new(
                opts(
                    "deadline_exceeded_total",
                    "Calls that had no answer when their time was over.",
                ),
                &["task_type"],
            )?,
            success: GaugeVec::new(
                opts(
                    "outside_success_timestamp_seconds",
                    "When a call to the connector worked out last, in seconds since 1970.",
                ),
                &["task_type"],
            )?,
        })
    }

    pub(super) fn register(&self, registry: &Registry) -> Result<(), Error> {
        let families: [Box<dyn Collector>; 5] = [
            Box::new(self.handling.clone()),
            Box::new(self.outside.clone()),
            Box::new(self.errors.clone()),
            Box::new(self.late.clone()),
            Box::new(self.success.clone()),
        ];
        families.into_iter().try_for_each(|family| registry.register(family))
    }

    pub(super) fn of(&self, task_type: &str) -> Sight {
        Sight {
            families: self.clone(),
            task_type: task_type.to_owned(),
            handling: Default::default(),
            outside: Default::default(),
            errors: OnceLock::new(),
            late: self.late.with_label_values(&[task_type]),
            success: OnceLock::new(),
            succeeded: AtomicU64::new(0),
            last_error: Mutex::default(),
        }
    }
}

/// What went wrong last.
#[derive(Debug, Clone)]
pub(crate) struct LastError {
    /// When.
    pub(crate) at: SystemTime,
    /// In which call.
    pub(crate) operation: &'static str,
    /// In words, without secrets.
    pub(crate) text: Arc<str>,
}

/// What is known of one task type.
#[derive(Debug)]
pub(super) struct Sight {
    families: Families,
    task_type: String,
    handling: [OnceLock<Histogram>; Operation::ALL.len()],
    outside: [OnceLock<Histogram>; Operation::ALL.len()],
    errors: OnceLock<[IntCounter; labels::OUTSIDE_ERRORS.len()]>,
    late: IntCounter,
    success: OnceLock<Gauge>,
    /// The last success in milliseconds since 1970; 0 before the first.
    succeeded: AtomicU64,
    last_error: Mutex<Option<LastError>>,
}

impl Sight {
    /// A call has its answer.
    pub(super) fn handled(&self, operation: Operation, elapsed: Duration) {
        let family = &self.families.handling;
        self.observe(&self.handling, family, operation, elapsed);
    }

    /// A call had none when its time was over.
    pub(super) fn late(&self) {
        self.late.inc();
    }

    /// A call to the connector has ended.
    pub(super) fn outside(
        &self,
        operation: Operation,
        elapsed: Duration,
        error: Option<&'static str>,
    ) {
        self.observe(&self.outside, &self.families.outside, operation, elapsed);
        let errors = self.errors.get_or_init(|| {
            labels::OUTSIDE_ERRORS
                .map(|kind| self.families.errors.with_label_values(&[&self.task_type, kind]))
        });
        match error {
            Some(error) => {
                let place = labels::OUTSIDE_ERRORS.iter().position(|kind| *kind == error);
                if let Some(counter) = place.and_then(|place| errors.get(place)) {
                    counter.inc();
                }
            }
            None => self.succeed(),
        }
    }

    fn succeed(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.succeeded.store(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let family = &self.families.success;
        self.success
            .get_or_init(|| family.with_label_values(&[&self.task_type]))
            .set(now.as_secs_f64());
    }

    fn observe(
        &self,
        histograms: &[OnceLock<Histogram>],
        family: &HistogramVec,
        operation: Operation,
        elapsed: Duration,
    ) {
        if let Some(histogram) = histograms.get(operation as usize) {
            let labels = || [self.task_type.as_str(), operation.as_str()];
            let histogram = histogram.get_or_init(|| family.with_label_values(&labels()));
            histogram.observe(elapsed.as_secs_f64());
        }
    }

    /// Something went wrong; the text has no secrets.
    pub(super) fn went_wrong(&self, operation: Operation, text: &str) {
        let text: Arc<str> = text.chars().take(MOST_TEXT).collect::<String>().into();
        let error = LastError { at: SystemTime::now(), operation: operation.as_str(), text };
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// What went wrong last.
    pub(super) fn last_error(&self) -> Option<LastError> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long ago a call to the connector worked out, if one did.
    pub(super) fn since_success(&self) -> Option<Duration> {
        let at = self.succeeded.load(Ordering::Relaxed);
        let at = UNIX_EPOCH + Duration::from_millis(at);
        (at > UNIX_EPOCH).then(|| SystemTime::now().duration_since(at).unwrap_or_default())
    }

    /// How many calls to the connector have ended, how many of them badly, and the seconds they took.
    pub(super) fn outside_totals(&self) -> (u64, u64, f64) {
        let ended = self.outside.iter().filter_map(OnceLock::get);
        let (count, seconds) = ended.fold((0, 0.0), |(count, seconds), it| {
            (count + it.get_sample_count(), seconds + it.get_sample_sum())
        });
        let errors = self.errors.get().map_or(0, |all| all.iter().map(IntCounter::get).sum());
        (count, errors, seconds)
    }

    /// How many calls were late.
    pub(super) fn late_calls(&self) -> u64 {
        self.late.get()
    }

    /// The handling time that a share of an operation's calls stays under, in seconds: a bound of the
    /// histogram, or nothing where there were no calls.
    pub(super) fn quantile(&self, operation: Operation, share: f64) -> Option<f64> {
        let histogram = self.handling.get(operation as usize)?.get()?;
        let metric = histogram.metric();
        let buckets = metric.get_histogram();
        let count = buckets.get_sample_count();
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
        let wanted = share * count as f64;
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
        let found = buckets.get_bucket().iter().find(|it| it.cumulative_count() as f64 >= wanted);
        (count > 0).then(|| found.map_or(f64::INFINITY, |bucket| bucket.upper_bound()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connector_gate::Operation;
    use prometheus::{Registry, TextEncoder};

    use super::{Families, labels};

    fn page(registry: &Registry) -> String {
        TextEncoder::new().encode_to_string(&registry.gather()).unwrap()
    }

    #[test]
    fn series_begin_with_the_first_call_and_then_all_kinds_are_there() {
        let (families, registry) = (Families::new().unwrap(), Registry::new());
        families.register(&registry).unwrap();
        let sight = families.of("render");
        let before = page(&registry);
        let late = "flyte_connector_deadline_exceeded_total{task_type=\"render\"} 0";
        assert!(before.contains(late), "{before}");
        assert_eq!(before.matches("task_type=\"render\"").count(), 1, "{before}");
        assert_eq!((sight.since_success(), sight.quantile(Operation::Get, 0.5)), (None, None));

        sight.outside(Operation::Get, Duration::from_millis(20), None);
        sight.outside(Operation::Get, Duration::from_secs(3), Some("timeout"));
        sight.handled(Operation::Get, Duration::from_millis(20));
        sight.handled(Operation::Get, Duration::from_secs(100));
        let page = page(&registry);
        for kind in labels::OUTSIDE_ERRORS {
            let count = u8::from(kind == "timeout");
            let line = format!(
                "flyte_connector_outside_errors_total{{kind=\"{kind}\",task_type=\"render\"}} {count}"
            );
            assert!(page.contains(&line), "no {line} in\n{page}");
        }
        for line in [
            "flyte_connector_outside_seconds_bucket{operation=\"get\",task_type=\"render\",le=\"0.025\"} 1",
            "flyte_connector_outside_seconds_count{operation=\"get\",task_type=\"render\"} 2",
            "flyte_connector_handling_seconds_bucket{operation=\"get\",task_type=\"render\",le=\"60\"} 1",
            "flyte_connector_outside_success_timestamp_seconds{task_type=\"render\"} ",
        ] {
            assert!(page.contains(line), "no {line} in\n{page}");
        }
        assert!(sight.since_success().unwrap() < Duration::from_secs(60));
        assert_eq!(sight.quantile(Operation::Get, 0.5), Some(0.025));
        assert_eq!(sight.quantile(Operation::Get, 0.99), Some(f64::INFINITY));
        let (calls, errors, seconds) = sight.outside_totals();
        assert_eq!((calls, errors), (2, 1));
        assert!((3.0..3.1).contains(&seconds), "{seconds}");
    }

    #[test]
    fn the_last_error_is_kept_and_short() {
        let sight = Families::new().unwrap().of("render");
        assert!(sight.last_error().is_none());
        sight.went_wrong(Operation::Get, "first");
        sight.went_wrong(Operation::Create, &"ö".repeat(10_000));
        let last = sight.last_error().unwrap();
        assert_eq!((last.operation, last.text.chars().count()), ("create", super::MOST_TEXT));
    }
}
