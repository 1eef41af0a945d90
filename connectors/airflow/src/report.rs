//! What a run is to Flyte: phase, message, links, details. The message of a failure names the tasks that failed
//! and what they raised.

use std::collections::BTreeMap;
use std::time::SystemTime;

use connector_core::prelude::*;

use crate::api::Place;
use crate::states::{RUN, Run, TaskInstance, time};

/// The most tasks that a message tells of, and whose logs are read for it.
pub(crate) const MOST_TASKS: usize = 3;
/// The most of what a task raised, in letters.
const MOST_WORDS: usize = 1_000;

/// A run in the phase that Airflow's word for it means.
pub(crate) fn resource(run: &Run, place: Place<'_>) -> Resource {
    let mut resource: Resource = RUN.resource(&run.state);
    if resource.message.is_empty() {
        resource.message = format!("the run of `{}` is {}", place.dag_id, run.state);
    }
    resource = details(resource, run, place);
    resource.log_link(TaskLog::new("Airflow DAG run", page(place, &[])).show_while_pending(true))
}

/// The same in another phase.
pub(crate) fn told(mut resource: Resource, phase: Phase, message: impl Into<String>) -> Resource {
    resource.phase = phase;
    resource.message(message)
}

fn details(resource: Resource, run: &Run, place: Place<'_>) -> Resource {
    let resource = resource
        .info("dag_id", place.dag_id)
        .info("dag_run_id", place.run_id)
        .info("state", run.state.as_str());
    match duration(run) {
        Some(seconds) => resource.info("duration_seconds", seconds),
        None => resource,
    }
}

fn duration(run: &Run) -> Option<f64> {
    let began = time(run.start_date.as_deref())?;
    let ended = time(run.end_date.as_deref())?;
    Some(ended.duration_since(began).ok()?.as_secs_f64())
}

/// How many tasks there are in which state, as a detail.
pub(crate) fn with_tasks(resource: Resource, tasks: &[TaskInstance]) -> Resource {
    let mut states: BTreeMap<String, i64> = BTreeMap::new();
    for task in tasks {
        *states.entry(task.state().to_owned()).or_default() += 1;
    }
    resource.info("tasks", states)
}

/// A page of Airflow's for people.
fn page(place: Place<'_>, path: &[&str]) -> String {
    place.base.url(&[&["dags", place.dag_id, "runs", place.run_id], path].concat()).into()
}

/// Links to the tasks that failed.
pub(crate) fn with_links(
    mut resource: Resource,
    failed: &[&TaskInstance],
    place: Place<'_>,
) -> Resource {
    for task in failed.iter().take(MOST_TASKS) {
        let index = task.map_index.to_string();
        let path = match task.map_index {
            ..0 => vec!["tasks", task.task_id.as_str()],
            _ => vec!["tasks", task.task_id.as_str(), "mapped", index.as_str()],
        };
        let name = format!("Airflow task {}", task.name());
        resource = resource.log_link(TaskLog::new(name, page(place, &path)));
    }
    resource
}

/// Why a run failed: which tasks did, and what each of the first said.
pub(crate) fn failure(
    place: Place<'_>,
    tasks: &[TaskInstance],
    said: &[(String, Result<Option<String>>)],
) -> String {
    let failed = tasks.iter().filter(|task| task.has_failed()).count();
    let mut text = match failed {
        0 => format!(
            "the run of `{}` failed, and none of its tasks did: somebody has set it so, or it took longer than \
             the DAG's `dagrun_timeout`",
            place.dag_id
        ),
        1 => format!("the run of `{}` failed, with 1 task", place.dag_id),
        count => format!("the run of `{}` failed, with {count} tasks", place.dag_id),
    };
    for (task, error) in said {
        text.push_str(&format!("\n{task}"));
        match error {
            Ok(Some(error)) => text.push_str(&format!(": {}", head(error.trim()))),
            Ok(None) => {}
            Err(error) => text.push_str(&format!(" (its log cannot be read: {error})")),
        }
    }
    if failed > said.len() {
        text.push_str(&format!("\nand {} more", failed - said.len()));
    }
    text
}

/// How a message names a task that failed.
pub(crate) fn named(task: &TaskInstance) -> String {
    format!("task `{}`, try {}", task.name(), task.try_number)
}

fn head(text: &str) -> String {
    let mut head: String = text.chars().take(MOST_WORDS).collect();
    if head.len() < text.len() {
        head.push_str(" …");
    }
    head
}

/// Durations as metrics, one series a task; all of them, or none where others are asked for.
pub(crate) fn metrics(tasks: &[TaskInstance], queries: &[String]) -> Vec<Metric> {
    const NAME: &str = "task_duration_seconds";
    if !queries.is_empty() && !queries.iter().any(|query| query == NAME) {
        return Vec::new();
    }
    let series = tasks.iter().filter_map(|task| {
        let at = time(task.end_date.as_deref()).unwrap_or_else(SystemTime::now);
        Some(Series::new([(at, task.duration?)]).label("task", task.name()))
    });
    let series: Vec<Series> = series.collect();
    if series.is_empty() { Vec::new() } else { vec![Metric::range(NAME, series)] }
}
