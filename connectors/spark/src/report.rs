//! What a driver is to Flyte: phase, message, links, details.

use connector_core::prelude::*;
use connector_http::{BaseUrl, Url};

use crate::SparkDriver;
use crate::pages::{STREAMS, page};
use crate::states::{DRIVER, Status, decoded, exception, exit_code, last_lines};

/// A driver in the phase that Spark's word for it means.
pub(crate) fn resource(
    status: &Status,
    driver: &SparkDriver,
    (ui, worker): (Option<&BaseUrl>, Option<&Url>),
) -> Resource {
    let state = status.state();
    let mut resource: Resource = DRIVER.resource(state);
    if resource.message.is_empty() {
        resource.message = match state {
            "SUBMITTED" => "the driver waits for a worker with enough free cores and memory".to_owned(),
            "UNKNOWN" => "the master was started anew and waits for the driver's worker".to_owned(),
            "KILLED" => "the driver was killed: from here, by somebody else, or by its master, which may do so when it is \
                         started anew".to_owned(),
            "RELAUNCHING" => "the driver's worker is gone, and another one is to start it again".to_owned(),
            _ => format!("the driver is {state}"),
        };
    }
    let mut resource =
        resource.info("submission_id", driver.submission_id.as_str()).info("state", state);
    if let Some(worker) = &status.worker_id {
        resource = resource.info("worker", worker.as_str());
    }
    if let Some(ui) = ui {
        resource =
            resource.log_link(TaskLog::new("Spark master", ui.url(&[""])).show_while_pending(true));
    }
    for stream in worker.map(|_| STREAMS).into_iter().flatten() {
        let Some(worker) = worker else { break };
        let query = [("driverId", driver.submission_id.as_str()), ("logType", stream)];
        let link = TaskLog::new(format!("Spark driver {stream}"), page(worker, "logPage/", &query));
        resource = resource.log_link(link);
    }
    resource
}

/// The same in another phase.
pub(crate) fn told(mut resource: Resource, phase: Phase, message: impl Into<String>) -> Resource {
    resource.phase = phase;
    resource.message(message)
}

/// Why a driver failed: how its program ended, and what it wrote last. Spark itself says neither.
pub(crate) fn failure(
    driver: &SparkDriver,
    tails: Option<Result<[String; 2]>>,
) -> (String, Option<i64>) {
    let [stdout, stderr] = match tails {
        Some(Ok(tails)) => tails,
        Some(Err(error)) => {
            return (format!("the driver failed (what it wrote cannot be read: {error})"), None);
        }
        None => {
            let text = "the driver failed; what it wrote is on its worker, and read from there where a `ui_url` is given";
            return (text.to_owned(), None);
        }
    };
    if !driver.is_python {
        let text = match exception(&stderr) {
            Some(exception) => format!("the driver failed: {exception}"),
            None => {
                "the driver ended with another code than 0, which Spark does not tell".to_owned()
            }
        };
        return (text, None);
    }
    let code = exit_code(&stderr);
    let how = match code {
        Some(code) => decoded(code, driver.time_limit),
        None => exception(&stderr).map_or_else(
            || "the driver failed".to_owned(),
            |exception| format!("the driver failed: {exception}"),
        ),
    };
    let last = last_lines(&stdout);
    (if last.is_empty() { how } else { format!("{how}:\n{last}") }, code)
}

/// A driver that the master does not know any more.
pub(crate) fn gone(driver: &SparkDriver) -> Resource {
    Resource::new(Phase::RetryableFailed).message(format!(
        "the master of Spark does not know the driver {} any more, and so not how it ended: it was started anew \
         without `spark.deploy.recoveryMode`, or has had more drivers since than it keeps \
         (`spark.deploy.retainedDrivers`)",
        driver.submission_id
    ))
}
