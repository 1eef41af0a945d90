//! What people are told of a job.

use connector_core::prelude::*;

use super::RestJob;
use super::jobs::{Record, signal};
use crate::states::{STATES, Standing};

/// The state of a job: phase, message, details.
pub(crate) fn resource(job: &RestJob, record: &Record, standing: &Standing) -> Resource {
    let word = standing.word();
    let mut resource: Resource = STATES.resource(&word);
    let unknown = resource.unknown_state.is_some().then(|| std::mem::take(&mut resource.message));
    let mut message =
        format!("Slurm job {} is {}{}", job.job_id, standing.state, standing.end(signal));
    message.push_str(&format!(
        "\nJob files on the cluster: {} (stdout), {} (stderr)",
        job.stdout_path, job.stderr_path
    ));
    if let Some(unknown) = unknown {
        message.push_str(&format!("\n{unknown}"));
    }
    let mut resource = resource
        .message(message)
        .info("job_id", job.job_id.as_str())
        .info("job_name", job.job_name.as_str())
        .info("user", job.username.as_str())
        .info("state", standing.state.as_str());
    let texts = [("nodes", &record.nodes), ("partition", &record.partition)];
    for (name, text) in texts {
        if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
            resource = resource.info(name, text);
        }
    }
    match record.restart_cnt.and_then(|count| i64::try_from(count).ok()) {
        Some(count) if count > 0 => resource.info("restarts", count),
        _ => resource,
    }
}

/// That nobody knows the job any more.
pub(crate) fn vanished(job: &RestJob) -> ConnectorError {
    ConnectorError::not_found(format!(
        "Slurm job {} ({}) is not known to the controller behind {}: it has ended and was forgotten, or it was never \
         there. How it ended cannot be told; its files may tell: {} (stdout), {} (stderr). The controller forgets a \
         job MinJobAge seconds after its end, so that this has to be more than the time between two polls",
        job.job_id, job.job_name, job.url, job.stdout_path, job.stderr_path
    ))
}
