//! A job of BigQuery as Flyte's resource: phase, message, table, cost, and when it is worth asking again.
//! `get` answers with it; nothing is asked here.

use std::time::{Duration, SystemTime};

use connector_core::prelude::*;
use connector_sql::SwallowedText;
use pb::{literal as kinds, scalar};
use serde_json::Value;

use crate::api::{Job, Problem};
use crate::states;

/// The longest time between two looks at a job: less than a third of its polls, which come every 30 s.
const SELDOM: Duration = Duration::from_secs(90);

/// So long a job is young.
const YOUNG: Duration = Duration::from_secs(60);
/// No job lives that long: a query runs for six hours, and waits for a day at the most.
const OLDEST: Duration = Duration::from_secs(2 * 24 * 3_600);

/// What a job is to Flyte.
pub(crate) fn resource(job: &Job) -> Resource {
    let status = &job.status;
    let mut resource: Resource = match &status.error_result {
        Some(problem) => Resource::new(states::failure(&problem.reason)).message(told(problem)),
        None => of_state(job),
    };
    if !resource.phase.is_terminal()
        && let Some(wait) = worth_asking_after(job, SystemTime::now())
    {
        resource = resource.good_for(wait);
    }
    if resource.phase == Phase::Succeeded
        && let Some(table) = destination(&job.configuration)
    {
        resource = resource.outputs(DynamicOutputs::from_iter([("results", table)]));
    }
    for (name, value) in statistics(&job.statistics) {
        resource = resource.info(name, value);
    }
    if status.error_result.is_none() && !status.errors.is_empty() {
        let warnings: Vec<String> = status.errors.iter().map(told).collect();
        resource = resource.info("warnings", warnings.join("\n"));
    }
    resource
}

/// A job that has not failed.
fn of_state(job: &Job) -> Resource {
    let mut resource: Resource = states::STATES.resource(&job.status.state);
    if resource.message.is_empty() {
        resource.message.clone_from(&job.status.state);
    }
    if resource.phase == Phase::Succeeded && destination(&job.configuration).is_none() {
        let kind = job.statistics.pointer("/query/statementType").and_then(Value::as_str);
        let kind = kind.map(|kind| format!(" ({kind})")).unwrap_or_default();
        resource.message.push_str(&format!("; this statement{kind} has no table with results"));
    }
    let statement = job.configuration.pointer("/query/query").and_then(Value::as_str);
    if let Ok(Some(note)) = SwallowedText::Warn.judge(statement.unwrap_or_default()) {
        resource.message.push_str(&format!("; {note}"));
    }
    resource
}

/// A tenth of the job's age, and no more than [`SELDOM`]: long jobs cost few calls. `None` for young jobs,
/// which are asked about at every poll, and where the two clocks do not fit.
fn worth_asking_after(job: &Job, now: SystemTime) -> Option<Duration> {
    let age = now.duration_since(job.moment("/creationTime")?).ok()?;
    (YOUNG..OLDEST).contains(&age).then(|| (age / 10).min(SELDOM))
}

/// A problem in words.
pub(crate) fn told(problem: &Problem) -> String {
    let Problem { reason, location, message } = problem;
    match location.as_str() {
        "" => format!("{message} ({reason})"),
        location => format!("{message} ({reason}, at {location})"),
    }
}

/// The table that holds the result, as the data frame `results`.
fn destination(configuration: &Value) -> Option<pb::Literal> {
    let table = configuration.pointer("/query/destinationTable")?;
    let [project, dataset, table] =
        ["projectId", "datasetId", "tableId"].map(|name| table.get(name)?.as_str());
    let uri = format!("bq://{}:{}.{}", project?, dataset?, table?);
    let metadata = pb::StructuredDatasetMetadata {
        structured_dataset_type: Some(pb::StructuredDatasetType::default()),
    };
    let dataset = pb::StructuredDataset { uri, metadata: Some(metadata) };
    let scalar = pb::Scalar { value: Some(scalar::Value::StructuredDataset(dataset)) };
    Some(pb::Literal { value: Some(kinds::Value::Scalar(scalar.into())), ..Default::default() })
}

/// What the job cost, as far as it is told.
fn statistics(statistics: &Value) -> Vec<(&'static str, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    };
    [
        ("bytes_billed", "/query/totalBytesBilled"),
        ("bytes_processed", "/query/totalBytesProcessed"),
        ("slot_ms", "/query/totalSlotMs"),
        ("cache_hit", "/query/cacheHit"),
        ("statement_type", "/query/statementType"),
        ("rows_affected", "/query/numDmlAffectedRows"),
    ]
    .into_iter()
    .filter_map(|(name, pointer)| Some((name, text(statistics.pointer(pointer)?)?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use serde_json::json;

    use super::worth_asking_after;

    #[test]
    fn old_jobs_are_asked_about_less_often() {
        let job = |created: &str| {
            serde_json::from_value(json!({
                "jobReference": {}, "statistics": {"creationTime": created},
            }))
            .unwrap()
        };
        let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(1_000 + seconds);
        let wait = |seconds| worth_asking_after(&job("1000000"), at(seconds));
        assert_eq!((wait(0), wait(59)), (None, None));
        assert_eq!(wait(60), Some(Duration::from_secs(6)));
        assert_eq!(wait(300), Some(Duration::from_secs(30)));
        assert_eq!(wait(100_000), Some(Duration::from_secs(90)));
        // Clocks that do not fit, and times that are none.
        assert_eq!(wait(1_000_000), None);
        assert_eq!(worth_asking_after(&job("1000000"), UNIX_EPOCH), None);
        for strange in ["", "soon", "-5", "99999999999999999999999"] {
            assert_eq!(worth_asking_after(&job(strange), at(0)), None, "{strange}");
        }
    }
}
