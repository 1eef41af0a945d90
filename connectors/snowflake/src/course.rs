//! What Snowflake's monitoring tells of a query's course, as log lines and metrics: when it started and
//! ended, on what warehouse, how it ended, rows and bytes. `get_logs` and `get_metrics` hand it in.
//!
//! The members are those that the vendor's driver for Go reads (`startTime`, `endTime`, `stats`); what is
//! not told makes no line and no sample.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connector_core::prelude::*;
use serde_json::Value;

use crate::report;
use crate::states::goes_on;

/// Names of metrics.
const METRICS: [&str; 3] = ["rows_produced", "bytes_scanned", "duration_seconds"];

/// The lines, oldest first.
pub(crate) fn lines(seen: &Value) -> Vec<LogLine> {
    let status = report::status(seen);
    let mut lines = Vec::new();
    if let Some(started) = moment(seen, "/startTime") {
        let text = |name: &str| {
            let text = seen.get(name).and_then(Value::as_str);
            text.filter(|text| !text.is_empty())
        };
        let mut line = "started".to_owned();
        if let Some(warehouse) = text("warehouseName") {
            line.push_str(&format!(" on the warehouse {warehouse}"));
        }
        if let Some(size) = text("warehouseExternalSize") {
            line.push_str(&format!(" ({size})"));
        }
        lines.push(LogLine::system(started, line));
    }
    if goes_on(status) {
        lines.push(LogLine::system(None, format!("it is {status}")));
        return lines;
    }
    let mut line = format!("ended: {}", report::told_end(seen));
    for (name, what) in [("producedRows", "rows produced"), ("scanBytes", "bytes scanned")] {
        if let Some(count) = count(seen, &format!("/stats/{name}")) {
            line.push_str(&format!(", {what}: {count}"));
        }
    }
    lines.push(LogLine::system(moment(seen, "/endTime"), line));
    lines
}

/// The metrics that are asked for and told.
///
/// # Errors
/// [`ErrorKind::InvalidTask`]: there is no such metric.
pub(crate) fn metrics(seen: &Value, query: &MetricsQuery, now: SystemTime) -> Result<Vec<Metric>> {
    if let Some(unknown) = query.queries.iter().find(|name| !METRICS.contains(&name.as_str())) {
        let known = METRICS.map(|name| format!("`{name}`")).join(", ");
        return Err(ConnectorError::invalid_task(format!(
            "there is no metric {unknown:?}; there are {known}"
        )));
    }
    let at = moment(seen, "/endTime").unwrap_or(now);
    let is_in_time =
        query.start.is_none_or(|start| at >= start) && query.end.is_none_or(|end| at <= end);
    let told = [
        count(seen, "/stats/producedRows").map(as_sample),
        count(seen, "/stats/scanBytes").map(as_sample),
        took(seen).map(|took| took.as_secs_f64()),
    ];
    let asked = |name: &str| query.queries.is_empty() || query.queries.iter().any(|it| it == name);
    let metrics = METRICS.into_iter().zip(told).filter(|(name, _)| is_in_time && asked(name));
    let metrics = metrics
        .filter_map(|(name, value)| Some(Metric::range(name, [Series::new([(at, value?)])])));
    Ok(metrics.collect())
}

/// How long it ran: as it is told, or between its start and its end.
fn took(seen: &Value) -> Option<Duration> {
    let told = count(seen, "/totalDuration").filter(|millis| *millis > 0);
    let told = told.map(Duration::from_millis);
    told.or_else(|| moment(seen, "/endTime")?.duration_since(moment(seen, "/startTime")?).ok())
}

/// A moment in milliseconds since 1970; 0 where there is none yet.
fn moment(seen: &Value, pointer: &str) -> Option<SystemTime> {
    let millis = count(seen, pointer).filter(|millis| *millis > 0)?;
    UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}

fn count(seen: &Value, pointer: &str) -> Option<u64> {
    let value = seen.pointer(pointer)?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Beyond 2^53 a float tells it well enough for a chart.
#[expect(clippy::cast_precision_loss, reason = "a chart shows fewer digits")]
const fn as_sample(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use connector_core::custom_info::struct_to_json;
    use connector_core::prelude::*;
    use serde_json::{Value, json};

    use super::{lines, metrics};

    fn told(seen: &Value) -> Vec<(Option<u64>, String)> {
        let seconds = |line: &LogLine| {
            let at = line.timestamp?.duration_since(UNIX_EPOCH).unwrap();
            Some(at.as_secs())
        };
        lines(seen).into_iter().map(|line| (seconds(&line), line.message)).collect()
    }

    #[test]
    fn a_query_from_its_start_to_its_end() {
        let mut seen = json!({
            "status": "RUNNING", "startTime": 1_700_000_001_000_u64, "endTime": 0,
            "warehouseName": "WH", "warehouseExternalSize": "X-Small",
        });
        let started = (Some(1_700_000_001), "started on the warehouse WH (X-Small)".to_owned());
        assert_eq!(told(&seen), [started.clone(), (None, "it is RUNNING".to_owned())]);
        seen["status"] = "SUCCESS".into();
        seen["endTime"] = 1_700_000_009_000_u64.into();
        seen["stats"] = json!({"producedRows": 42, "scanBytes": "1048576"});
        let ended = "ended: SUCCESS, rows produced: 42, bytes scanned: 1048576".to_owned();
        assert_eq!(told(&seen), [started.clone(), (Some(1_700_000_009), ended)]);
        let failed = json!({
            "status": "FAILED_WITH_ERROR", "errorCode": "001003", "errorMessage": "syntax error",
        });
        assert_eq!(told(&failed), [(None, "ended: 001003: syntax error".to_owned())]);
    }

    #[test]
    fn metrics_that_are_told_and_asked_for() {
        let seen = json!({
            "status": "SUCCESS", "startTime": 1_700_000_001_000_u64,
            "endTime": 1_700_000_009_000_u64, "stats": {"producedRows": 42},
        });
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_100);
        let all = metrics(&seen, &MetricsQuery::new(), now).unwrap();
        let names: Vec<&str> = all.iter().map(|metric| metric.name.as_str()).collect();
        assert_eq!(names, ["rows_produced", "duration_seconds"]);
        assert_eq!(
            struct_to_json(&all[1].data)["result"][0]["values"],
            json!([[1_700_000_009, "8"]])
        );
        let one = MetricsQuery::new().queries(["rows_produced"]);
        assert_eq!(metrics(&seen, &one, now).unwrap().len(), 1);
        assert!(metrics(&seen, &one.start(now), now).unwrap().is_empty());
        let error = metrics(&seen, &MetricsQuery::new().queries(["rows"]), now).unwrap_err();
        assert!(error.message().contains("`bytes_scanned`"), "{error}");
    }
}
