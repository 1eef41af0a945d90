//! What people are told of a job.

use connector_core::prelude::*;

use crate::job::SubmittedJob;
use crate::states::{STATES, Standing};

/// How many of the last lines of stderr a failure is told with.
pub(crate) const LAST_LINES: u64 = 30;

/// The state of a job: phase and message.
pub(crate) fn resource(job: &SubmittedJob, standing: &Standing) -> Resource {
    let word = standing.word();
    let mut resource: Resource = STATES.resource(&word);
    let unknown = resource.unknown_state.is_some().then(|| std::mem::take(&mut resource.message));
    resource.message = message(job, standing);
    if let Some(unknown) = unknown {
        resource.message.push_str(&format!("\n{unknown}"));
    }
    if resource.phase == Phase::Running {
        resource.message.push_str(&format!(
            "\nAttach to the running job: ssh {}@{} 'srun --jobid={} --overlap --pty bash'",
            job.username, job.host, job.job_id
        ));
    }
    resource
}

fn message(job: &SubmittedJob, standing: &Standing) -> String {
    let end = standing.end(|_| None);
    let mut message = format!("Slurm job {} is {}{end}", job.job_id, standing.state);
    message.push_str(&format!(
        "\nJob files on {}@{}: {} (stdout), {} (stderr)",
        job.username, job.host, job.stdout_path, job.stderr_path
    ));
    message
}

/// The end of stderr, as a part of a failure's message.
pub(crate) fn last_words(tail: &str) -> String {
    last_lines("stderr", tail)
}

/// The end of a stream, as a part of a message.
pub(crate) fn last_lines(stream: &str, tail: &str) -> String {
    match tail.trim_end() {
        "" => String::new(),
        tail => format!("\n--- {stream} (last {LAST_LINES} lines) ---\n{tail}"),
    }
}

/// That nobody knows the job any more.
pub(crate) fn vanished(job: &SubmittedJob) -> ConnectorError {
    ConnectorError::not_found(format!(
        "Slurm job {} ({}) is not known to squeue, sacct or scontrol on {}: it has ended and was forgotten, or it \
         was never there. How it ended cannot be told; its files may tell: {} (stdout), {} (stderr). A cluster \
         without accounting forgets a job MinJobAge seconds after its end",
        job.job_id, job.job_name, job.host, job.stdout_path, job.stderr_path
    ))
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;

    use super::{last_words, resource};
    use crate::job::SubmittedJob;
    use crate::states::Standing;

    fn told(state: &str, exit_code: &str, reason: &str) -> Resource {
        let job: SubmittedJob = serde_json::from_value(serde_json::json!({
            "job_id": "7", "job_name": "n", "host": "h", "username": "u", "port": 22,
            "stdout_path": "/o", "stderr_path": "/e",
        }))
        .unwrap();
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let standing = Standing {
            id: "7".to_owned(),
            state: state.to_owned(),
            exit_code: some(exit_code),
            reason: some(reason),
        };
        resource(&job, &standing)
    }

    #[test]
    fn messages_are_those_of_the_official_connector() {
        let files = "\nJob files on u@h: /o (stdout), /e (stderr)";
        let failed = told("FAILED", "3:0", "NonZeroExitCode");
        assert_eq!(
            failed.message,
            format!("Slurm job 7 is FAILED, exit code 3:0, reason: NonZeroExitCode{files}")
        );
        assert_eq!(failed.phase, Phase::Failed);
        let running = told("RUNNING", "0:0", "");
        let attach = "\nAttach to the running job: ssh u@h 'srun --jobid=7 --overlap --pty bash'";
        assert_eq!(running.message, format!("Slurm job 7 is RUNNING{files}{attach}"));
        assert_eq!(told("CANCELLED by 1000", "0:0", "").phase, Phase::Aborted);
        assert_eq!(told("NODE_FAIL", "", "").phase, Phase::RetryableFailed);
        assert_eq!(last_words("a\nb\n\n"), "\n--- stderr (last 30 lines) ---\na\nb");
        assert_eq!(last_words(" \n"), "");
    }

    #[test]
    fn an_unknown_state_goes_on() {
        let odd = told("MENDING", "", "");
        assert_eq!(odd.phase, Phase::Running);
        assert_eq!(odd.unknown_state.as_deref(), Some("MENDING"));
        assert!(
            odd.message.contains("MENDING") && odd.message.contains("does not know"),
            "{}",
            odd.message
        );
    }
}
