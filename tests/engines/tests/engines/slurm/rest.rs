//! slurmrestd of a real Slurm, in every CI: scripts as tasks of type `slurm_rest`.

mod gpus;

use std::fs;

use connector_core::pb::task_execution::Phase;
use engine_tests::jobs::{Attempt, Job};
use engine_tests::server::Server;
use serde_json::json;

use super::{Case, SOON};

impl Case {
    fn rest(&self, script: &str) -> Attempt {
        self.slurm.rest_script(script, json!({"environment": {"MARK": self.mark}}))
    }

    /// What Slurm itself says of the job.
    fn shown(&self, job: &Job) -> String {
        let id = job.meta()["job_id"].as_str().unwrap_or_default().to_owned();
        self.slurm.said("scontrol", &["show", "job", &id])
    }
}

#[tokio::test]
async fn a_script_runs_and_its_files_are_named() {
    let Some(mut case) = Case::new().await else { return };
    let more = json!({
        "environment": {"MARK": case.mark}, "nodes": 1, "tasks": 1, "cpus_per_task": 2, "memory_per_node": 100,
        "time_limit": 61, "comment": "mine",
    });
    let attempt = case.slurm.rest_script("echo out $MARK; echo err >&2\n", more);
    let job = case.create(&attempt).await;
    let resource = job.until(&case.server, &[Phase::Succeeded], SOON).await;
    let meta = job.meta();
    let path = |name: &str| meta[name].as_str().unwrap_or_default().to_owned();
    let (stdout, stderr) = (path("stdout_path"), path("stderr_path"));
    let said = format!(
        "Slurm job {} is COMPLETED\nJob files on the cluster: {stdout} (stdout), {stderr} (stderr)",
        path("job_id")
    );
    assert_eq!(resource.message, said);
    assert_eq!(path("username"), case.slurm.user(), "the token's");
    assert_eq!(fs::read_to_string(&stdout).unwrap_or_default(), format!("out {}\n", case.mark));
    let shown = case.shown(&job);
    for part in ["TimeLimit=00:02:00", "CPUs/Task=2", "MinMemoryNode=100M", "Comment=mine"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    // The daemon has no logs; over SSH there are, where the operator says how.
    let log = job.log(&case.server).await.expect("where it is");
    assert!(log[0].contains(&stdout) && log[0].contains("FLYTE_SLURM_HOST"), "{log:?}");
    let variables = [case.slurm.variables(), case.slurm.place()].concat();
    let variables: Vec<_> =
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    case.server = Server::start(&variables);
    let log = job.log(&case.server).await.expect("a log");
    let lines = [
        format!("--- stdout: {stdout} ---"),
        format!("out {}", case.mark),
        format!("--- stderr: {stderr} ---"),
        "err".to_owned(),
    ];
    assert_eq!(log, lines);
    let job = case.create(&case.rest("echo why >&2; exit 3\n")).await;
    let message = case.until(&job, Phase::Failed).await;
    assert!(message.ends_with("--- stderr (last 30 lines) ---\nwhy"), "{message}");
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn a_failure_says_its_code_or_signal() {
    let Some(case) = Case::new().await else { return };
    let job = case.create(&case.rest("exit 3\n")).await;
    let message = case.until(&job, Phase::Failed).await;
    assert!(message.contains(" is FAILED, exit code 3:0, reason: NonZeroExitCode\n"), "{message}");
    let job = case.create(&case.rest("kill -KILL $$\n")).await;
    let message = case.until(&job, Phase::Failed).await;
    let said = " is FAILED, exit code 0:9 (the script was killed by signal 9 (SIGKILL)), reason: ";
    assert!(message.contains(said), "{message}");
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn a_waiting_job_is_accepted_and_cancelled() {
    let Some(case) = Case::new().await else { return };
    // More than there is: slurmrestd gives an error beside the id of a job that is there.
    let more = json!({"tasks": 64, "environment": {"MARK": case.mark}});
    let job = case.create(&case.slurm.rest_script("sleep 600\n", more)).await;
    let message = case.until(&job, Phase::Queued).await;
    assert!(message.contains(" is PENDING, reason: PartitionConfig"), "{message}");
    job.delete(&case.server).await.expect("cancelled");
    case.until(&job, Phase::Aborted).await;
    job.delete(&case.server).await.expect("once more");
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn a_running_job_is_cancelled_with_its_children() {
    let Some(case) = Case::new().await else { return };
    let job = case.create(&case.rest("trap '' TERM\nsleep 600 &\nsleep 600\n")).await;
    case.until(&job, Phase::Running).await;
    job.delete(&case.server).await.expect("cancelled");
    case.until(&job, Phase::Aborted).await;
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn a_job_outlives_server_and_controller() {
    let Some(mut case) = Case::new().await else { return };
    let (go, script) = case.waits();
    let attempt = case.rest(&script);
    let job = case.create(&attempt).await;
    case.until(&job, Phase::Running).await;
    case.is_found_by_the_next_server(&attempt, &job).await;
    assert_eq!(case.slurm.queue().lines().count(), 1, "{}", case.slurm.queue());
    case.until(&job, Phase::Running).await;
    case.outlives_the_controller(&job, &go).await;
    // Also one that has ended.
    case.is_found_by_the_next_server(&attempt, &job).await;
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn an_unknown_job_has_an_end() {
    let Some(case) = Case::new().await else { return };
    let known = case.rest("true\n");
    let mut meta = case.create(&known).await.meta();
    meta["job_id"] = "999999".into();
    let job = Job::of_meta("slurm_rest", &meta);
    // As the task's own secrets would be there.
    let job = job.with_secrets_of(&known);
    let message = case.until(&job, Phase::Failed).await;
    assert!(message.contains("Slurm job 999999 ("), "{message}");
    assert!(
        message.contains("is not known to the controller behind http://127.0.0.1:"),
        "{message}"
    );
    job.delete(&case.server).await.expect("nothing to cancel");
}

#[tokio::test]
async fn who_is_not_let_in_is_told() {
    let Some(case) = Case::new().await else { return };
    let token = case.slurm.token(3600);
    let (head, signature) = token.rsplit_once('.').expect("a token");
    let turned: String = signature.chars().rev().collect();
    let foreign = format!("{head}.{turned}");
    let ended = case.slurm.token(1);
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    for (token, said) in [
        (foreign.as_str(), "of a token that Slurm does not take"),
        (ended.as_str(), "the token for slurmrestd ran out"),
        ("none", "does not say whose it is"),
    ] {
        let attempt = case.rest("sleep 600\n").secret("slurm_token", token);
        let message = case.until(&case.create(&attempt).await, Phase::Failed).await;
        assert!(message.contains(said), "{message}");
        assert!(!message.contains(token.get(..24).unwrap_or("whole: none")), "{message}");
    }
    assert_eq!(case.slurm.queue(), "");
}

#[tokio::test]
async fn a_token_that_runs_out_fails_no_job() {
    let Some(case) = Case::new().await else { return };
    let attempt = case.rest("sleep 600\n").secret("slurm_token", &case.slurm.token(5));
    let job = case.create(&attempt).await;
    case.until(&job, Phase::Running).await;
    tokio::time::sleep(std::time::Duration::from_millis(6_100)).await;
    let during = job.get(&case.server).await.expect("no error");
    assert_eq!(during.phase(), Phase::Running, "{during:?}");
    let renewed = case.rest("").secret("slurm_token", &case.slurm.token(60));
    let job = job.with_secrets_of(&renewed);
    job.delete(&case.server).await.expect("cancelled");
    case.until(&job, Phase::Aborted).await;
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn what_slurm_refuses_or_would_leave_out_is_told() {
    let Some(case) = Case::new().await else { return };
    for (script, more, said) in [
        ("true\n", json!({"partition": "nowhere"}), "(2000): Invalid partition name specified"),
        ("#!/bin/bash\n#SBATCH --time=1\ntrue\n", json!({}), "`#SBATCH --time=1`"),
        (
            "true\n",
            json!({"dependency": "afterok:999999"}),
            "the job is to wait for job 999999, which",
        ),
        ("true\n", json!({"reservation": "r"}), "Requested reservation is invalid"),
    ] {
        let job = case.create(&case.slurm.rest_script(script, more)).await;
        let message = case.until(&job, Phase::Failed).await;
        assert!(message.contains(said), "{message}");
    }
    assert_eq!(case.slurm.queue(), "");
}
