//! What BigQuery measures of a job, as series: its timeline of slots and units of work, and the slot time
//! of each stage. `get_metrics` asks for the job and hands it in.

use std::time::{Duration, SystemTime};

use connector_core::prelude::*;
use serde_json::Value;

use crate::api::{Job, moment, whole};

/// Names of metrics, and where a sample of the timeline has them.
const OF_TIMELINE: [(&str, &str); 4] = [
    ("slot_ms", "totalSlotMs"),
    ("active_units", "activeUnits"),
    ("pending_units", "pendingUnits"),
    ("completed_units", "completedUnits"),
];
/// The slot time of each stage, at its end.
const OF_STAGES: &str = "stage_slot_ms";
/// Names of metrics of the whole job, and where its statistics have them.
const OF_JOB: [(&str, &str); 2] =
    [("bytes_processed", "totalBytesProcessed"), ("bytes_billed", "totalBytesBilled")];

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Wanted<'a>(&'a MetricsQuery);

fn names() -> impl Iterator<Item = &'static str> {
    let timeline = OF_TIMELINE.iter().chain(&OF_JOB).map(|(name, _)| *name);
    timeline.chain([OF_STAGES])
}

impl<'a> Wanted<'a> {
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: there is no such metric.
    pub(crate) fn read(query: &'a MetricsQuery) -> Result<Self> {
        match query.queries.iter().find(|name| names().all(|known| known != *name)) {
            None => Ok(Self(query)),
            Some(unknown) => {
                let known: Vec<String> = names().map(|name| format!("`{name}`")).collect();
                Err(ConnectorError::invalid_task(format!(
                    "there is no metric {unknown:?}; there are {}",
                    known.join(", ")
                )))
            }
        }
    }

    /// Those metrics of the job that it has samples of.
    pub(crate) fn of_job(&self, job: &Job) -> Vec<Metric> {
        let started = job.moment("/startTime");
        let query = |name: &str| job.statistics.pointer("/query").and_then(|query| query.get(name));
        let list = |name: &str| query(name).and_then(Value::as_array).into_iter().flatten();
        let mut metrics = Vec::new();
        for (name, member) in OF_TIMELINE {
            let points = list("timeline").filter_map(|sample| {
                let elapsed = Duration::from_millis(whole(sample.get("elapsedMs")?)?);
                Some((started?.checked_add(elapsed)?, number(sample.get(member)?)?))
            });
            metrics.push((name, self.series(points).into_iter().collect::<Vec<_>>()));
        }
        let stages = list("queryPlan").filter_map(|stage| {
            let point = (moment(stage.get("endMs")?)?, number(stage.get("slotMs")?)?);
            let stage = stage.get("name")?.as_str()?;
            Some(self.series([point])?.label("stage", stage))
        });
        metrics.push((OF_STAGES, stages.collect()));
        let last = job.moment("/endTime").unwrap_or_else(SystemTime::now);
        for (name, member) in OF_JOB {
            let point = query(member).and_then(number).map(|value| (last, value));
            metrics.push((name, self.series(point).into_iter().collect()));
        }
        let asked =
            |name: &str| self.0.queries.is_empty() || self.0.queries.iter().any(|it| it == name);
        let metrics =
            metrics.into_iter().filter(|(name, series)| asked(name) && !series.is_empty());
        metrics.map(|(name, series)| Metric::range(name, series)).collect()
    }

    /// The points in the time that is asked for, no closer together than its step; `None` without any.
    fn series(&self, points: impl IntoIterator<Item = (SystemTime, f64)>) -> Option<Series> {
        let MetricsQuery { start, end, step, .. } = self.0;
        let mut next: Option<SystemTime> = *start;
        let mut kept = Vec::new();
        for (at, value) in points {
            let is_due = next.is_none_or(|next| at >= next);
            if is_due && end.is_none_or(|end| at <= end) {
                kept.push((at, value));
                next = step.and_then(|step| at.checked_add(step)).or(*start);
            }
        }
        (!kept.is_empty()).then(|| Series::new(kept))
    }
}

/// A measurement; beyond 2^53 a float tells it well enough for a chart.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}
