//! Numbers that nobody counts with a handle: they are read when the page is printed.
//! `process` reads those of the process, `mod` those of the build and of the log.

use std::collections::HashMap;
use std::fmt;

use prometheus::Error;
use prometheus::core::{Collector, Desc};
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};

/// One number.
pub(super) struct Reading {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: MetricType,
}

type Read<const N: usize> = dyn Fn() -> [Option<f64>; N] + Send + Sync;

/// Numbers that are read together.
pub(super) struct Readings<const N: usize> {
    numbers: [Reading; N],
    descs: Vec<Desc>,
    labels: Vec<(&'static str, &'static str)>,
    read: Box<Read<N>>,
}

impl<const N: usize> Readings<N> {
    /// Numbers without labels. What cannot be read now is left out.
    ///
    /// # Errors
    /// An illegal name, which would be a mistake of the caller.
    pub(super) fn new(
        numbers: [Reading; N],
        read: impl Fn() -> [Option<f64>; N] + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let descs = numbers.iter().map(|number| {
            let Reading { name, help, .. } = number;
            Desc::new((*name).to_owned(), (*help).to_owned(), Vec::new(), HashMap::new())
        });
        let descs = descs.collect::<Result<_, _>>()?;
        Ok(Self { numbers, descs, labels: Vec::new(), read: Box::new(read) })
    }

    /// With a label that all of them carry.
    pub(super) fn with_label(mut self, name: &'static str, value: &'static str) -> Self {
        self.labels.push((name, value));
        self
    }
}

impl<const N: usize> fmt::Debug for Readings<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readings").field("descs", &self.descs).finish_non_exhaustive()
    }
}

impl<const N: usize> Collector for Readings<N> {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let values = (self.read)();
        let read = self.numbers.iter().zip(values);
        read.filter_map(|(number, value)| Some(self.family(number, value?))).collect()
    }
}

impl<const N: usize> Readings<N> {
    fn family(&self, number: &Reading, value: f64) -> MetricFamily {
        let labels = self.labels.iter().map(|(name, value)| {
            let mut label = LabelPair::default();
            label.set_name((*name).to_owned());
            label.set_value((*value).to_owned());
            label
        });
        let mut metric = Metric::from_label(labels.collect());
        if number.kind == MetricType::COUNTER {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
        let mut family = MetricFamily::default();
        family.set_name(number.name.to_owned());
        family.set_help(number.help.to_owned());
        family.set_field_type(number.kind);
        family.set_metric(vec![metric]);
        family
    }
}
