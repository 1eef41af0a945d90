//! What the rules of the gate count: errors that never reached the executor, and what became of
//! them. `observer` counts with them.

use connector_gate::labels;
use prometheus::core::Collector;
use prometheus::{Error, IntCounter, IntCounterVec, Opts, Registry};

/// The counters of one task type.
#[derive(Debug)]
pub(super) struct RuleMetrics {
    pub(super) masked: IntCounterVec,
    pub(super) as_jobs: IntCounterVec,
    pub(super) abandoned: IntCounterVec,
    pub(super) taken_over: IntCounterVec,
    pub(super) unknown_states: IntCounter,
}

/// The families they are taken from.
#[derive(Debug)]
pub(super) struct Families {
    masked: IntCounterVec,
    as_jobs: IntCounterVec,
    abandoned: IntCounterVec,
    taken_over: IntCounterVec,
    unknown_states: IntCounterVec,
}

impl Families {
    pub(super) fn new() -> Result<Self, Error> {
        let family = |name, help, labels: &[&str]| {
            IntCounterVec::new(Opts::new(format!("flyte_connector_{name}"), help), labels)
        };
        Ok(Self {
            masked: family(
                "masked_errors_total",
                "Polls of an outside system that failed without the executor seeing an error.",
                &["task_type", "kind"],
            )?,
            as_jobs: family(
                "errors_as_jobs_total",
                "Errors that became a job in a failed phase instead of an error of the call.",
                &["task_type", "operation", "kind"],
            )?,
            abandoned: family(
                "abandoned_creates_total",
                "Jobs whose creator had left: cancelled, kept, or orphaned when cancelling failed.",
                &["task_type", "outcome"],
            )?,
            taken_over: family(
                "takeovers_total",
                "Creates taken over from a server that died over them, by what came of it.",
                &["task_type", "outcome"],
            )?,
            unknown_states: family(
                "unknown_states_total",
                "Answers of an outside system in a state that the connector does not know.",
                &["task_type"],
            )?,
        })
    }

    pub(super) fn register(&self, registry: &Registry) -> Result<(), Error> {
        let families: [Box<dyn Collector>; 5] = [
            Box::new(self.masked.clone()),
            Box::new(self.as_jobs.clone()),
            Box::new(self.abandoned.clone()),
            Box::new(self.taken_over.clone()),
            Box::new(self.unknown_states.clone()),
        ];
        families.into_iter().try_for_each(|family| registry.register(family))
    }

    /// The counters of a task type. Those of one that is `served` are there from the start, at 0: an alert
    /// on what grows needs to know where it grew from.
    pub(super) fn of(&self, task_type: &str, served: bool) -> RuleMetrics {
        if served {
            for kind in labels::MASKED_ERRORS {
                self.masked.with_label_values(&[task_type, kind]);
            }
            for (operation, kind) in labels::ERRORS_AS_JOBS {
                self.as_jobs.with_label_values(&[task_type, operation.as_str(), kind]);
            }
            for outcome in labels::ABANDONED_CREATES {
                self.abandoned.with_label_values(&[task_type, outcome]);
            }
            for outcome in labels::TAKEOVERS {
                self.taken_over.with_label_values(&[task_type, outcome]);
            }
        }
        RuleMetrics {
            masked: self.masked.clone(),
            as_jobs: self.as_jobs.clone(),
            abandoned: self.abandoned.clone(),
            taken_over: self.taken_over.clone(),
            unknown_states: self.unknown_states.with_label_values(&[task_type]),
        }
    }
}

#[cfg(test)]
mod tests {
    use connector_examples::echo::Echo;
    use connector_examples::simulator::Simulator;
    use connector_gate::labels;

    use crate::metrics::Metrics;

    const RULES: [&str; 4] = ["masked_errors", "errors_as_jobs", "abandoned_creates", "takeovers"];

    async fn page(more: bool) -> String {
        let registry = connector_core::Registry::builder().register(Simulator::default());
        let registry = if more { registry.register(Echo) } else { registry };
        Metrics::new(&registry.build().await.unwrap()).unwrap().render().unwrap()
    }

    #[tokio::test]
    async fn every_counter_of_a_served_type_is_there_at_0_from_the_start() {
        let page = page(true).await;
        for task_type in ["simulator", "echo"] {
            let masked =
                labels::MASKED_ERRORS.map(|kind| format!("masked_errors_total{{kind=\"{kind}\""));
            let as_jobs = labels::ERRORS_AS_JOBS.map(|(operation, kind)| {
                let operation = operation.as_str();
                format!("errors_as_jobs_total{{kind=\"{kind}\",operation=\"{operation}\"")
            });
            let abandoned = labels::ABANDONED_CREATES
                .map(|outcome| format!("abandoned_creates_total{{outcome=\"{outcome}\""));
            let taken_over =
                labels::TAKEOVERS.map(|outcome| format!("takeovers_total{{outcome=\"{outcome}\""));
            let rules = masked.iter().chain(&as_jobs).chain(&abandoned).chain(&taken_over);
            for series in rules {
                let line = format!("flyte_connector_{series},task_type=\"{task_type}\"}} 0");
                assert!(page.lines().any(|printed| printed == line), "no {line} in\n{page}");
            }
            for family in ["unknown_states_total", "outside_calls_total"] {
                let begin = format!("flyte_connector_{family}{{");
                let label = format!("task_type=\"{task_type}\"}} 0");
                let mut lines = page.lines();
                assert!(lines.any(|it| it.starts_with(&begin) && it.ends_with(&label)), "{family}");
            }
        }
        // What nobody serves has no rules to be broken.
        let of_unknown = page.lines().filter(|line| line.contains("\"unknown\""));
        let counted = |line: &&str| RULES.iter().any(|rule| line.contains(rule));
        assert_eq!(of_unknown.filter(counted).count(), 0);
    }

    #[tokio::test]
    async fn a_task_type_adds_little_to_the_page() {
        let (one, two) = (page(false).await, page(true).await);
        let added = two.len() - one.len();
        assert!(added < 5 * 1024, "{added} bytes");
    }
}
