//! What a job is to Flyte: phase, message, links, details, metrics.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connector_core::prelude::*;

use crate::api::Place;
use crate::states::{JOB, Job, Moved};

/// The most of a cause that a message has, in letters.
const MOST_WORDS: usize = 2_000;

/// A job in the phase that Flink's word for it means.
pub(crate) fn resource(state: &str, seen: &Job, place: Place<'_>) -> Resource {
    let mut resource: Resource = JOB.resource(state);
    if resource.message.is_empty() {
        resource.message = format!("the job is {state}");
    }
    let mut resource = resource.info("job_id", place.job_id).info("state", state);
    if seen.start_time > 0 {
        let moved = seen.moved();
        resource = resource.info("name", seen.name.as_str()).info(
            "duration_seconds",
            Duration::from_millis(seen.duration.unsigned_abs()).as_secs_f64(),
        );
        for (name, count) in counts(moved) {
            resource = resource.info(name, count);
        }
    }
    let mut page = place.base.url(&[""]);
    page.set_fragment(Some(&format!("/job/{}/overview", place.job_id)));
    resource.log_link(TaskLog::new("Flink job", page).show_while_pending(true))
}

/// The same in another phase.
pub(crate) fn told(mut resource: Resource, phase: Phase, message: impl Into<String>) -> Resource {
    resource.phase = phase;
    resource.message(message)
}

/// Why a job failed.
pub(crate) fn failure(seen: &Job, cause: Result<Option<String>>) -> String {
    let name = match seen.name.as_str() {
        "" => "the job failed".to_owned(),
        name => format!("the job `{name}` failed"),
    };
    match cause {
        Ok(Some(cause)) => {
            let head: String = cause.chars().take(MOST_WORDS).collect();
            let more = if head.len() < cause.len() { " …" } else { "" };
            format!("{name}: {head}{more}")
        }
        Ok(None) => format!("{name}, and Flink does not say why"),
        Err(error) => format!("{name} (why cannot be read: {error})"),
    }
}

fn counts(moved: Moved) -> [(&'static str, u64); 4] {
    [
        ("read_records", moved.read_records),
        ("write_records", moved.write_records),
        ("read_bytes", moved.read_bytes),
        ("write_bytes", moved.write_bytes),
    ]
}

/// What went through each operator, as metrics; all of them, or those asked for.
pub(crate) fn metrics(seen: &Job, queries: &[String]) -> Vec<Metric> {
    let ended = u64::try_from(seen.end_time).ok().map(Duration::from_millis);
    let at = ended.and_then(|end| UNIX_EPOCH.checked_add(end)).unwrap_or_else(SystemTime::now);
    let wanted = |name: &str| queries.is_empty() || queries.iter().any(|query| query == name);
    let names = counts(Moved::default()).map(|(name, _)| name);
    let metric = |(place, name): (usize, &'static str)| {
        let series = seen.vertices.iter().filter_map(|vertex| {
            let (_, count) = *counts(vertex.metrics).get(place)?;
            #[expect(clippy::cast_precision_loss, reason = "a chart has no use for more")]
            let count = count as f64;
            Some(Series::new([(at, count)]).label("operator", vertex.name.as_str()))
        });
        Metric::range(name, series)
    };
    names.into_iter().enumerate().filter(|(_, name)| wanted(name)).map(metric).collect()
}
