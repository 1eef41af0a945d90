//! What Ray says of a job, as a phase: each state and each class of error.

use connector_core::prelude::*;
use connector_http::Url;

use crate::RayJob;
use crate::api::Record;
use crate::entrypoint::TIMED_OUT;

/// The most of a message that is passed on, in bytes: its end, where the error is.
const MOST_TEXT: usize = 4_000;

const STATES: StateTable = StateTable::new(&[
    // For processors, or for its runtime environment; Ray does not say which.
    ("PENDING", Phase::Queued),
    ("RUNNING", Phase::Running),
    ("SUCCEEDED", Phase::Succeeded),
    ("STOPPED", Phase::Aborted),
    ("FAILED", Phase::Failed),
]);

/// Failures that are the cluster's, so that a new attempt may do better. Of others the task is the cause.
const CLUSTERS: &[&str] = &[
    // Mostly a package index that was away; a package that does not exist costs the attempts that the author allows.
    "RUNTIME_ENV_SETUP_FAILURE",
    "JOB_SUPERVISOR_ACTOR_START_TIMEOUT",
    "JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE",
    "JOB_SUPERVISOR_ACTOR_UNKNOWN_FAILURE",
    "JOB_SUPERVISOR_ACTOR_DIED",
    "JOB_ENTRYPOINT_COMMAND_START_ERROR",
];

/// The job as it stands.
pub(crate) fn resource(record: &Record, job: &RayJob, cluster: &Url) -> Resource {
    let mut resource: Resource = STATES.resource(&record.status);
    if resource.unknown_state.is_none() {
        resource.message = tail(record.message.as_deref().unwrap_or_default()).to_owned();
    }
    if resource.phase == Phase::Failed {
        (resource.phase, resource.message) = failure(record, job.time_limit);
    }
    if let Some(class) = &record.error_type {
        resource = resource.info("error_type", class.as_str());
    }
    if let Some(code) = record.driver_exit_code {
        resource = resource.info("exit_code", code);
    }
    if let Some(id) = &record.job_id {
        resource = resource.info("ray_job_id", id.as_str());
    }
    if let (Some(from), Some(to)) = (record.start_time, record.end_time) {
        let seconds = std::time::Duration::from_millis(to.saturating_sub(from)).as_secs_f64();
        resource = resource.info("seconds_since_submission", seconds);
    }
    resource.info("submission_id", job.submission_id.as_str()).log_link(link(job, cluster))
}

/// Ray knows nothing of the job: its head node keeps them in memory, unless it was given a Redis.
pub(crate) fn gone(job: &RayJob) -> Resource {
    Resource::retryable_failure(format!(
        "Ray at {} does not know the job {} any more: the head node was started anew without a store of its own, or \
         somebody deleted the job",
        job.address, job.submission_id
    ))
}

fn link(job: &RayJob, cluster: &Url) -> TaskLog {
    let mut page = cluster.clone();
    page.set_fragment(Some(&format!("/jobs/{}", job.submission_id)));
    TaskLog::new("Ray Dashboard", page).ready(true)
}

fn failure(record: &Record, time_limit: Option<u64>) -> (Phase, String) {
    let said = record.message.as_deref().unwrap_or_default();
    let class = record.error_type.as_deref().unwrap_or_default();
    // The reason comes first, and then Ray's own code.
    let text = tail(said.split(". Full traceback:").next().unwrap_or(said));
    if let Some(code) = record.driver_exit_code {
        let (phase, ended) = exit(code, time_limit);
        // Ray's first line has the code again.
        let lines = said.split_once('\n').map(|(_, lines)| tail(lines)).unwrap_or_default();
        let lines = lines.trim_end();
        return match lines.is_empty() {
            true => (phase, format!("{ended}, and its log is empty")),
            false => (phase, format!("{ended}; the end of its log:\n{lines}")),
        };
    }
    let is_clusters = match class {
        // At the start it is what the task asks for; later the head node has lost it.
        "JOB_SUPERVISOR_ACTOR_START_FAILURE" => !said.starts_with("Failed to start supervisor"),
        class => CLUSTERS.contains(&class),
    };
    let phase = if is_clusters { Phase::RetryableFailed } else { Phase::Failed };
    match class {
        "" => (phase, text.to_owned()),
        class => (phase, format!("{class}: {text}")),
    }
}

/// How a command has ended, by the exit code that Ray gives: below zero for a signal, as in Python.
fn exit(code: i64, time_limit: Option<u64>) -> (Phase, String) {
    let signal = match code {
        ..0 => code.checked_neg(),
        // A shell's own way to tell it.
        129..=192 => Some(code - 128),
        _ => None,
    };
    match (code, time_limit, signal) {
        (TIMED_OUT, Some(seconds), _) => {
            (Phase::Failed, format!("the time limit of {seconds} s has passed (exit code {code})"))
        }
        (_, Some(seconds), Some(9)) => (
            Phase::RetryableFailed,
            format!(
                "the command was killed (exit code {code}): memory ran out, or it did not end within 10 s of its time \
                 limit of {seconds} s"
            ),
        ),
        (_, None, Some(9)) => (
            Phase::RetryableFailed,
            format!(
                "the command was killed (exit code {code}), which is mostly memory that ran out"
            ),
        ),
        (_, _, Some(signal)) => {
            (Phase::Failed, format!("signal {signal} has ended the command (exit code {code})"))
        }
        (126, ..) => (Phase::Failed, "the command cannot be executed (exit code 126)".to_owned()),
        (127, ..) => (Phase::Failed, "the command is not found (exit code 127)".to_owned()),
        _ => (Phase::Failed, format!("the command has failed with exit code {code}")),
    }
}

/// The end of a text.
fn tail(text: &str) -> &str {
    let from = text.len().saturating_sub(MOST_TEXT);
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;
    use connector_http::Url;
    use serde_json::{Value, json};

    use super::resource;
    use crate::RayJob;

    fn told(record: Value, time_limit: Option<u64>) -> Resource {
        let job = RayJob {
            address: "http://ray:8265/".to_owned(),
            submission_id: "flyte-1".to_owned(),
            time_limit,
        };
        let cluster = Url::parse(&job.address).unwrap();
        resource(&serde_json::from_value(record).unwrap(), &job, &cluster)
    }

    #[test]
    fn every_state_and_class_has_a_phase() {
        for (status, phase) in [
            ("PENDING", Phase::Queued),
            ("RUNNING", Phase::Running),
            ("SUCCEEDED", Phase::Succeeded),
            ("STOPPED", Phase::Aborted),
            ("FAILED", Phase::Failed),
        ] {
            assert_eq!(told(json!({"status": status}), None).phase, phase, "{status}");
        }
        // All that `JobErrorType` has in Ray 2.60.0.
        for (class, phase) in [
            ("RUNTIME_ENV_SETUP_FAILURE", Phase::RetryableFailed),
            ("JOB_SUPERVISOR_ACTOR_START_TIMEOUT", Phase::RetryableFailed),
            ("JOB_SUPERVISOR_ACTOR_START_FAILURE", Phase::RetryableFailed),
            ("JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE", Phase::RetryableFailed),
            ("JOB_SUPERVISOR_ACTOR_UNKNOWN_FAILURE", Phase::RetryableFailed),
            ("JOB_SUPERVISOR_ACTOR_DIED", Phase::RetryableFailed),
            ("JOB_ENTRYPOINT_COMMAND_START_ERROR", Phase::RetryableFailed),
            ("JOB_ENTRYPOINT_COMMAND_ERROR", Phase::Failed),
            ("SOMETHING_NEW", Phase::Failed),
        ] {
            let job =
                told(json!({"status": "FAILED", "error_type": class, "message": "why"}), None);
            assert_eq!((job.phase, job.message), (phase, format!("{class}: why")));
        }
        let class = "JOB_SUPERVISOR_ACTOR_START_FAILURE";
        let said =
            "Failed to start supervisor actor flyte-1: 'no such thing'. Full traceback:\nTraceback";
        let job = told(json!({"status": "FAILED", "error_type": class, "message": said}), None);
        assert_eq!(job.phase, Phase::Failed, "what the task asks for cannot be");
        assert!(job.message.ends_with(": 'no such thing'"), "{}", job.message);
    }

    #[test]
    fn exit_codes_are_told_in_words() {
        for (code, limit, phase, words) in [
            (3, None, Phase::Failed, "failed with exit code 3; the end of its log:\nlast"),
            (124, Some(60), Phase::Failed, "the time limit of 60 s has passed"),
            (124, None, Phase::Failed, "failed with exit code 124"),
            (126, None, Phase::Failed, "cannot be executed"),
            (127, None, Phase::Failed, "not found"),
            (-9, None, Phase::RetryableFailed, "killed (exit code -9)"),
            (137, None, Phase::RetryableFailed, "memory"),
            (137, Some(60), Phase::RetryableFailed, "time limit of 60 s"),
            (-15, None, Phase::Failed, "signal 15"),
            (143, None, Phase::Failed, "signal 15"),
            (255, None, Phase::Failed, "exit code 255"),
            (i64::MIN, None, Phase::Failed, "exit code -9223372036854775808"),
        ] {
            let record = json!({
                "status": "FAILED", "error_type": "JOB_ENTRYPOINT_COMMAND_ERROR", "driver_exit_code": code,
                "message": format!("Job entrypoint command failed with exit code {code}, last logs:\nlast\n"),
            });
            let job = told(record, limit);
            assert_eq!(job.phase, phase, "{code}");
            assert!(job.message.contains(words), "{code}: {}", job.message);
        }
    }

    #[test]
    fn a_state_from_tomorrow_is_a_running_job_that_says_so() {
        let job = told(json!({"status": "PAUSED"}), None);
        assert_eq!((job.phase, job.unknown_state.as_deref()), (Phase::Running, Some("PAUSED")));
        assert_eq!(job.log_links[0].uri, "http://ray:8265/#/jobs/flyte-1");
        let long = told(json!({"status": "FAILED", "message": "é".repeat(10_000)}), None);
        assert!(long.message.len() <= 4_000);
    }
}
