//! Every metric of the service, once: names, labels, and the handles calls are counted with.
//! Names and labels are those of the Python service (protocol.md C.2), so its dashboards survive;
//! `grpc_code` and the in-flight gauge are ours. `admin` prints them.

mod counted;
mod doors;
mod figures;
mod observer;
#[cfg(target_os = "linux")]
mod process;
mod readings;
mod reloads;
mod remembered;
mod rules;
mod sight;
mod state;
mod summary;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use connector_core::Registry;
use connector_state::Store;
use counted::Counted;
pub(crate) use doors::DoorMetrics;
use prometheus::core::Collector;
use prometheus::proto::MetricType;
use prometheus::{IntCounterVec, IntGaugeVec, Opts, TextEncoder};
use readings::{Reading, Readings};
pub(crate) use reloads::ReloadMetrics;
pub(crate) use remembered::Remembered;
use summary::SummaryVec;

use crate::about::About;
use crate::telemetry;

/// The label of task types that no connector serves. A caller's text must not become a label, or
/// anybody could fill the memory of this server and of the metrics store.
const UNKNOWN: &str = "unknown";

/// With more task types than this the series of one begin with its first call: some seventy series each, most of
/// them of types that nobody uses, would make a page of megabytes. With fewer they are there from the start, at 0.
const MOST_FROM_THE_START: usize = 50;

/// All metrics, with a handle for every connector.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: prometheus::Registry,
    families: Arc<Families>,
    by_type: HashMap<String, Arc<CallMetrics>>,
    /// Of task types that became known after the start.
    later: Mutex<HashMap<String, Arc<CallMetrics>>>,
    unknown: Arc<CallMetrics>,
}

/// The metrics of one task type. Nothing is kept of one, and nothing printed, before there is something to count.
#[derive(Debug)]
pub(crate) struct CallMetrics {
    task_type: String,
    /// Whether a connector serves it.
    served: bool,
    families: Arc<Families>,
    counted: OnceLock<Counted>,
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
        let families = Arc::new(families);
        let mut by_type = HashMap::new();
        for entry in connectors.entries() {
            let task_type = entry.key.task_type.as_str();
            if !by_type.contains_key(task_type) {
                let calls = Arc::new(CallMetrics::new(task_type, true, &families));
                by_type.insert(task_type.to_owned(), calls);
            }
        }
        if by_type.len() <= MOST_FROM_THE_START {
            by_type.values().for_each(|calls| calls.begin());
        }
        let unknown = Arc::new(CallMetrics::new(UNKNOWN, false, &families));
        unknown.begin();
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

    /// Adds what becomes of settings that are read again to the page.
    ///
    /// # Errors
    /// It was added before, which would be a mistake of the caller.
    pub(crate) fn watch_reloads(&self) -> Result<ReloadMetrics, prometheus::Error> {
        let reloads = ReloadMetrics::new()?;
        reloads.register(&self.registry)?;
        Ok(reloads)
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
        if let Some(known) = later.get(task_type) {
            return Arc::clone(known);
        }
        let calls = Arc::new(CallMetrics::new(task_type, true, &self.families));
        later.insert(task_type.to_owned(), Arc::clone(&calls));
        if self.by_type.len() + later.len() <= MOST_FROM_THE_START {
            calls.begin();
        }
        calls
    }

    /// Whether another service behind this one is there.
    pub(crate) fn upstream(&self, name: &str, is_there: bool) {
        self.families.upstreams.with_label_values(&[name]).set(is_there.into());
    }

    /// How many calls are under way at this moment.
    pub(crate) fn in_flight(&self) -> usize {
        let later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.by_type.values().chain(later.values()).chain([&self.unknown]);
        let sum: i64 = all.filter_map(|calls| calls.counted.get()).map(Counted::in_flight).sum();
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
    fn new(task_type: &str, served: bool, families: &Arc<Families>) -> Self {
        let families = Arc::clone(families);
        Self { task_type: task_type.to_owned(), served, families, counted: OnceLock::new() }
    }

    /// Has its series on the page from now on.
    fn begin(&self) {
        self.counted();
    }

    fn counted(&self) -> &Counted {
        self.counted.get_or_init(|| Counted::new(&self.families, &self.task_type, self.served))
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
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connector_core::Registry;
    use connector_gate::{Cause, Failure, Observer as _, Operation};

    use super::Metrics;

    /// A page for so many task types, of which one was called, and how many lines are about each of two.
    fn page_of(types: usize) -> (String, [usize; 2]) {
        let metrics = Metrics::new(&Registry::default()).expect("families");
        let name = |number: usize| format!("some_task_type_{number:04}");
        let all: Vec<_> = (0..types).map(|number| metrics.serve(&name(number))).collect();
        let called = all.last().expect("a type");
        called.begun(Operation::Create);
        called.succeeded(Operation::Create, Duration::from_millis(5));
        let page = metrics.render().expect("text");
        let of = |number| page.lines().filter(|line| line.contains(&name(number))).count();
        let lines = [of(0), of(types - 1)];
        (page, lines)
    }

    #[test]
    fn of_many_task_types_those_are_printed_that_are_called() {
        let (few, [idle, called]) = page_of(8);
        assert!(idle > 40 && called > idle, "{idle} and {called} lines in\n{few}");
        let (_, [idle, called]) = page_of(1_000);
        assert!(idle > 40 && called > idle, "the first ones are there from the start");
        let (page, _) = page_of(1_000);
        assert!(page.len() < 500_000, "{} bytes", page.len());
        assert!(!page.contains("some_task_type_0500"));
    }

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
