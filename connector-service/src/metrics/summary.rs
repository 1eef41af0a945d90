//! A Prometheus summary without quantiles: a count and a sum, as Python's client prints them.
//! The `prometheus` crate has the exposition type but no such metric.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::{Atomic, AtomicF64, AtomicU64, Collector, Desc, Describer};
use prometheus::proto::{LabelPair, Metric, MetricFamily, MetricType, Summary as SummaryProto};
use prometheus::{Error, Opts};

/// Count and sum of observations.
#[derive(Debug)]
pub(super) struct Summary {
    count: AtomicU64,
    sum: AtomicF64,
}

impl Summary {
    /// Adds one observation.
    pub(super) fn observe(&self, value: f64) {
        self.sum.inc_by(value);
        self.count.inc_by(1);
    }

    /// How many there were, and their sum.
    pub(super) fn totals(&self) -> (u64, f64) {
        (self.count.get(), self.sum.get())
    }
}

/// Summaries by label values.
#[derive(Debug, Clone)]
pub(super) struct SummaryVec {
    desc: Desc,
    children: Arc<Mutex<BTreeMap<Vec<String>, Arc<Summary>>>>,
}

impl SummaryVec {
    pub(super) fn new(opts: Opts, labels: &[&str]) -> Result<Self, Error> {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        let desc = opts.variable_labels(labels).describe()?;
        Ok(Self { desc, children: Arc::default() })
    }

    /// The summary with those label values. Taken once per connector, never on a call's path.
    pub(super) fn with_label_values(&self, values: &[&str]) -> Arc<Summary> {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        let summary = children.entry(values).or_insert_with(|| {
            Arc::new(Summary { count: AtomicU64::new(0), sum: AtomicF64::new(0.0) })
        });
        Arc::clone(summary)
    }
}

impl Collector for SummaryVec {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        let metrics = children.iter().map(|(values, summary)| {
            let mut labels: Vec<LabelPair> = self
                .desc
                .variable_labels
                .iter()
                .zip(values)
                .map(|(name, value)| {
                    let mut label = LabelPair::default();
                    label.set_name(name.clone());
                    label.set_value(value.clone());
                    label
                })
                .collect();
            labels.sort_by(|a, b| a.name().cmp(b.name()));
            let mut reading = SummaryProto::default();
            reading.set_sample_count(summary.count.get());
            reading.set_sample_sum(summary.sum.get());
            let mut metric = Metric::from_label(labels);
            metric.set_summary(reading);
            metric
        });
        let mut family = MetricFamily::default();
        family.set_name(self.desc.fq_name.clone());
        family.set_help(self.desc.help.clone());
        family.set_field_type(MetricType::SUMMARY);
        family.set_metric(metrics.collect());
        vec![family]
    }
}
