//! Measurements of a job, for [`AsyncConnector::get_metrics`](crate::AsyncConnector::get_metrics).
//!
//! They have the shape of Prometheus range queries: a metric has series, and a series has labels and
//! points in time.
//!
//! ```
//! use std::time::SystemTime;
//!
//! use connector_core::prelude::*;
//!
//! let used = Series::new([(SystemTime::now(), 0.5)]).label("worker", "a");
//! let metric = Metric::range("cpu_usage", [used]);
//! assert_eq!(metric.name, "cpu_usage");
//! ```
//!
//! What the server measures of itself is told in the guide.

// Queries are checked by the server before they come here: an end before the start is refused.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prost_types::Struct;
use serde_json::json;

use crate::custom_info::InfoValue;

/// What the caller asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricsQuery {
    /// Names or expressions of the metrics wanted; empty means the connector's default set.
    pub queries: Vec<String>,
    /// From when; `None` means from the job's start.
    pub start: Option<SystemTime>,
    /// Until when; `None` means until now. The server refuses an end before the start.
    pub end: Option<SystemTime>,
    /// The distance between points; `None` leaves it to the connector. Always positive.
    pub step: Option<Duration>,
}

impl MetricsQuery {
    /// The connector's default set, over the whole life of the job.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`MetricsQuery::queries`].
    #[must_use]
    pub fn queries<Q: Into<String>>(mut self, queries: impl IntoIterator<Item = Q>) -> Self {
        self.queries = queries.into_iter().map(Into::into).collect();
        self
    }

    /// Sets [`MetricsQuery::start`].
    #[must_use]
    pub fn start(mut self, start: impl Into<Option<SystemTime>>) -> Self {
        self.start = start.into();
        self
    }

    /// Sets [`MetricsQuery::end`].
    #[must_use]
    pub fn end(mut self, end: impl Into<Option<SystemTime>>) -> Self {
        self.end = end.into();
        self
    }

    /// Sets [`MetricsQuery::step`].
    #[must_use]
    pub fn step(mut self, step: impl Into<Option<Duration>>) -> Self {
        self.step = step.into();
        self
    }
}

/// One metric and its series.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// The name it was asked for with.
    pub name: String,
    /// The series in the `data` shape of a Prometheus range query.
    pub data: Struct,
}

impl Metric {
    /// A metric with data in a shape of the connector's own making.
    #[must_use]
    pub fn new(name: impl Into<String>, data: Struct) -> Self {
        Self { name: name.into(), data }
    }

    /// A metric with series, as Prometheus would return them for a range.
    #[must_use]
    pub fn range(name: impl Into<String>, series: impl IntoIterator<Item = Series>) -> Self {
        let result: Vec<serde_json::Value> = series.into_iter().map(Series::into_json).collect();
        let fields = [("resultType", json!("matrix")), ("result", json!(result))]
            .into_iter()
            .map(|(key, value)| (key.to_owned(), InfoValue::from(value).into_value()))
            .collect();
        Self::new(name, Struct { fields })
    }
}

/// One line of a chart.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Series {
    /// What tells it from the other series of the metric.
    pub labels: BTreeMap<String, String>,
    /// Times and values, oldest first.
    pub points: Vec<(SystemTime, f64)>,
}

impl Series {
    /// A line without labels.
    #[must_use]
    pub fn new(points: impl IntoIterator<Item = (SystemTime, f64)>) -> Self {
        Self { labels: BTreeMap::new(), points: points.into_iter().collect() }
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }

    fn into_json(self) -> serde_json::Value {
        let values: Vec<serde_json::Value> = self
            .points
            .into_iter()
            // Prometheus sends values as text, so NaN and infinities survive.
            .map(|(time, value)| json!([unix_seconds(time), sample_text(value)]))
            .collect();
        json!({"metric": self.labels, "values": values})
    }
}

fn unix_seconds(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

fn sample_text(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use serde_json::json;

    use super::{Metric, Series};
    use crate::custom_info::struct_to_json;

    #[test]
    fn has_the_shape_of_a_range_query() {
        let at = UNIX_EPOCH + Duration::from_millis(1_500);
        let series = Series::new([(at, 2.5), (at, f64::INFINITY)]).label("job", "a");
        let metric = Metric::range("cpu", [series]);
        assert_eq!(
            struct_to_json(&metric.data),
            json!({"resultType": "matrix", "result": [
                {"metric": {"job": "a"}, "values": [[1.5, "2.5"], [1.5, "+Inf"]]}
            ]})
        );
    }
}
