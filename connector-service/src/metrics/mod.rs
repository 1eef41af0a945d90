//! Every metric of the service, once: names, labels, and the handles calls are counted with.
//! Names and labels are those of the Python service (protocol.md C.2), so its dashboards survive;
//! `grpc_code` and the in-flight gauge are ours. `admin` prints them.

mod doors;
mod figures;
mod observer;
#[cfg(target_os = "linux")]
mod process;
mod readings;
mod remembered;
mod rules;
mod sight;
mod state;
mod summary;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use connector_core::Registry;
use connector_gate::Operation;
use connector_state::Store;
pub(crate) use doors::DoorMetrics;
use prometheus::core::Collector;
use prometheus::proto::MetricType;
use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, TextEncoder};
use readings::{Reading, Readings};
pub(crate) use remembered::Remembered;
use rules::RuleMetrics;
use sight::Sight;
use summary::{Summary, SummaryVec};
use tonic::Code;

use crate::about::About;
use crate::telemetry;

/// The label of task types that no connector serves. A caller's text must not become a label, or
/// anybody could fill the memory of this server and of the metrics store.
const UNKNOWN: &str = "unknown";

/// All metrics, with a ready handle for every connector.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: prometheus::Registry,
    families: Families,
    by_type: HashMap<String, Arc<CallMetrics>>,
    /// Of task types that became known after the start.
    later: Mutex<HashMap<String, Arc<CallMetrics>>>,
    unknown: Arc<CallMetrics>,
}

/// The metrics of one task type.
#[derive(Debug)]
pub(crate) struct CallMetrics {
    task_type: String,
    operations: [OperationMetrics; Operation::ALL.len()],
    failures: IntCounterVec,
    input_bytes: Arc<Summary>,
    rules: RuleMetrics,
    sight: Sight,
}

#[derive(Debug)]
struct OperationMetrics {
    successes: IntCounter,
    latency: Arc<Summary>,
    in_flight: IntGauge,
    outside: IntCounter,
}

/// The families that handles are taken from.
#[derive(Debug)]
struct Families {
    successes: IntCounterVec,
    failures: IntCounterVec,
    latency: SummaryVec,
    input_bytes: SummaryVec,
    in_flight: IntGaugeVec,
    outside: IntCounterVec,
    rules: rules::Families,
    sight: sight::Families,
    upstreams: IntGaugeVec,
}

impl Metrics {
    /// Metrics for every connector of a registry.
    ///
    /// # Errors
    /// Two families under one name, which would be a mistake in this file.
    pub(crate) fn new(connectors: &Registry) -> Result<Self, prometheus::Error> {
        let families = Families::new()?;
        let registry = prometheus::Registry::new();
        families.register(&registry)?;
        register_facts(&registry)?;
        let mut by_type = HashMap::new();
        for entry in connectors.entries() {
            let task_type = entry.key.task_type.as_str();
            if !by_type.contains_key(task_type) {
                by_type.insert(task_type.to_owned(), Arc::new(families.of(task_type, true)));
            }
        }
        let unknown = Arc::new(families.of(UNKNOWN, false));
        Ok(Self { registry, families, by_type, later: Mutex::default(), unknown })
    }

    /// Adds what the rules remember to the page.
    ///
    /// # Errors
    /// It was added before, which would be a mistake of the caller.
    pub(crate) fn watch(&self, remembered: Remembered) -> Result<(), prometheus::Error> {
        self.registry.register(Box::new(remembered))
    }

    /// Adds what comes before calls to the page.
    ///
    /// # Errors
    /// It was added before, which would be a mistake of the caller.
    pub(crate) fn watch_door(&self, door: &DoorMetrics) -> Result<(), prometheus::Error> {
        door.register(&self.registry)
    }

    /// Adds how the state's database is to the page.
    ///
    /// # Errors
    /// It was added before, which would be a mistake of the caller.
    pub(crate) fn watch_state(&self, store: Store) -> Result<(), prometheus::Error> {
        self.registry.register(Box::new(state::readings(store)?))
    }

    /// The metrics of a task type, whatever its version; types that nobody serves share one label.
    pub(crate) fn of(&self, task_type: Option<&str>) -> &Arc<CallMetrics> {
        task_type.and_then(|task_type| self.by_type.get(task_type)).unwrap_or(&self.unknown)
    }

    /// The metrics of a task type that became known after the start.
    pub(crate) fn serve(&self, task_type: &str) -> Arc<CallMetrics> {
        if let Some(known) = self.by_type.get(task_type) {
            return Arc::clone(known);
        }
        let mut later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
        let made = later.entry(task_type.to_owned());
        Arc::clone(made.or_insert_with(|| Arc::new(self.families.of(task_type, true))))
    }

    /// Whether another service behind this one is there.
    pub(crate) fn upstream(&self, name: &str, is_there: bool) {
        self.families.upstreams.with_label_values(&[name]).set(is_there.into());
    }

    /// How many calls are under way at this moment.
    pub(crate) fn in_flight(&self) -> usize {
        let later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.by_type.values().chain(later.values()).chain([&self.unknown]);
        let all = all.flat_map(|calls| &calls.operations);
        let sum: i64 = all.map(|operation| operation.in_flight.get()).sum();
        usize::try_from(sum).unwrap_or_default()
    }

    /// Everything in Prometheus' text format.
    ///
    /// # Errors
    /// A family without a name, which would be a mistake in this file.
    pub(crate) fn render(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

/// What is not counted by calls: the build, the log, the process.
fn register_facts(registry: &prometheus::Registry) -> Result<(), prometheus::Error> {
    let build = Reading {
        name: "flyte_connector_build_info",
        help: "Always 1; the labels say which version of the service this is, and its commit if known.",
        kind: MetricType::GAUGE,
    };
    let build = Readings::new([build], || [Some(1.0)])?;
    let about = About::of_process();
    let build = build.with_label("commit", about.known_commit());
    let build = build.with_label("version", About::version());
    registry.register(Box::new(build))?;
    let dropped = Reading {
        name: "flyte_connector_log_lines_dropped_total",
        help: "Lines of the log that were given up, as nobody read them fast enough.",
        kind: MetricType::COUNTER,
    };
    #[expect(clippy::cast_precision_loss, reason = "they stay far below 2^53")]
    let dropped = Readings::new([dropped], || [Some(telemetry::dropped_lines() as f64)])?;
    registry.register(Box::new(dropped))?;
    #[cfg(target_os = "linux")]
    registry.register(Box::new(process::readings()?))?;
    Ok(())
}

impl CallMetrics {
    fn ended_with(&self, operation: Operation, code: Code, elapsed: Duration) {
        self.operation(operation).end(elapsed);
        self.sight.handled(operation, elapsed);
        if code == Code::DeadlineExceeded {
            self.sight.late();
        }
        let (http, grpc) = code_labels(code);
        self.failures.with_label_values(&[&self.task_type, operation.as_str(), http, grpc]).inc();
    }

    const fn operation(&self, operation: Operation) -> &OperationMetrics {
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
}

impl OperationMetrics {
    fn end(&self, elapsed: Duration) {
        self.latency.observe(elapsed.as_secs_f64());
        self.in_flight.dec();
    }
}

impl Families {
    fn new() -> Result<Self, prometheus::Error> {
        let by_operation = ["task_type", "operation"];
        Ok(Self {
            successes: IntCounterVec::new(
                Opts::new("flyte_connector_requests_success_total", "Calls that worked out."),
                &by_operation,
            )?,
            failures: IntCounterVec::new(
                Opts::new(
                    "flyte_connector_requests_failure_total",
                    "Calls that failed, by HTTP-like error code and gRPC code.",
                ),
                &["task_type", "operation", "error_code", "grpc_code"],
            )?,
            latency: SummaryVec::new(
                Opts::new(
                    "flyte_connector_request_latency_seconds",
                    "Time from a call's arrival to its answer, failures included.",
                ),
                &by_operation,
            )?,
            input_bytes: SummaryVec::new(
                Opts::new(
                    "flyte_connector_input_literal_bytes",
                    "Size of the inputs of create calls.",
                ),
                &["task_type"],
            )?,
            in_flight: IntGaugeVec::new(
                Opts::new("flyte_connector_requests_in_flight", "Calls under way at this moment."),
                &by_operation,
            )?,
            outside: IntCounterVec::new(
                Opts::new(
                    "flyte_connector_outside_calls_total",
                    "Calls made to connectors, and so to outside systems; repeated ones count each.",
                ),
                &by_operation,
            )?,
            rules: rules::Families::new()?,
            sight: sight::Families::new()?,
            upstreams: IntGaugeVec::new(
                Opts::new(
                    "flyte_connector_upstream_up",
                    "Whether another connector service behind this one lists its connectors.",
                ),
                &["upstream"],
            )?,
        })
    }

    fn register(&self, registry: &prometheus::Registry) -> Result<(), prometheus::Error> {
        let families: [Box<dyn Collector>; 7] = [
            Box::new(self.successes.clone()),
            Box::new(self.failures.clone()),
            Box::new(self.latency.clone()),
            Box::new(self.input_bytes.clone()),
            Box::new(self.in_flight.clone()),
            Box::new(self.outside.clone()),
            Box::new(self.upstreams.clone()),
        ];
        families.into_iter().try_for_each(|family| registry.register(family))?;
        self.rules.register(registry)?;
        self.sight.register(registry)
    }

    fn of(&self, task_type: &str, served: bool) -> CallMetrics {
        let operations = Operation::ALL.map(|operation| {
            let labels = [task_type, operation.as_str()];
            OperationMetrics {
                successes: self.successes.with_label_values(&labels),
                latency: self.latency.with_label_values(&labels),
                in_flight: self.in_flight.with_label_values(&labels),
                outside: self.outside.with_label_values(&labels),
            }
        });
        CallMetrics {
            task_type: task_type.to_owned(),
            operations,
            failures: self.failures.clone(),
            input_bytes: self.input_bytes.with_label_values(&[task_type]),
            rules: self.rules.of(task_type, served),
            sight: self.sight.of(task_type),
        }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connector_core::Registry;
    use connector_gate::{Cause, Failure, Observer as _, Operation};

    use super::Metrics;

    #[test]
    fn prints_the_names_and_labels_that_dashboards_know() {
        let metrics = Metrics::new(&Registry::default()).expect("families");
        let call = metrics.of(Some("whatever"));
        call.begun(Operation::Create);
        call.succeeded(Operation::Create, Duration::from_millis(1_500));
        call.begun(Operation::Get);
        let (operation, task_type) = (Operation::Get, "whatever".to_owned());
        let failure = Failure { operation, task_type, version: 0, cause: Cause::NotRegistered };
        call.failed(&failure, Duration::ZERO);
        call.inputs(7);
        let text = metrics.render().expect("text");
        for line in [
            "# TYPE flyte_connector_requests_success_total counter",
            "flyte_connector_requests_success_total{operation=\"create\",task_type=\"unknown\"} 1",
            "flyte_connector_requests_failure_total{error_code=\"404\",grpc_code=\"NOT_FOUND\",\
             operation=\"get\",task_type=\"unknown\"} 1",
            "# TYPE flyte_connector_request_latency_seconds summary",
            "flyte_connector_request_latency_seconds_sum{operation=\"create\",task_type=\"unknown\"} \
             1.5",
            "flyte_connector_request_latency_seconds_count{operation=\"get\",task_type=\"unknown\"} 1",
            "flyte_connector_input_literal_bytes_sum{task_type=\"unknown\"} 7",
            "flyte_connector_requests_in_flight{operation=\"get\",task_type=\"unknown\"} 0",
            concat!(
                "flyte_connector_build_info{commit=\"\",version=\"",
                env!("CARGO_PKG_VERSION"),
                "\"} 1"
            ),
            "# TYPE flyte_connector_log_lines_dropped_total counter",
            "# TYPE process_cpu_seconds_total counter",
        ] {
            assert!(text.lines().any(|printed| printed == line), "no {line} in\n{text}");
        }
    }
}
