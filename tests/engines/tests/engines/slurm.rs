//! Slurm, in every CI: tasks of the official plug-in over SSH.

mod flyte1;
mod official;
mod official_intended;
mod outputs;
mod rest;
mod storm;
mod takeovers;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use conformance_tests::running;
use connector_core::TaskExecution;
use connector_core::idempotency::IdempotencyKey;
use connector_core::pb::task_execution::Phase;
use engine_tests::jobs::{Attempt, Job, unheard_of};
use engine_tests::left::until_nothing_is_left;
use engine_tests::server::Server;
use engine_tests::slurm::Slurm;
use engine_tests::until;
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};

/// For jobs of seconds, on a machine that does other things as well.
const SOON: Duration = Duration::from_secs(60);

/// One case at a time: they break the controller and connections, and look at the whole queue.
static TURN: Mutex<()> = Mutex::const_new(());

/// An engine, a server, and a word that every process of the test's jobs carries.
struct Case {
    slurm: Arc<Slurm>,
    server: Server,
    mark: String,
    _turn: MutexGuard<'static, ()>,
}

impl Case {
    async fn new() -> Option<Self> {
        let turn = TURN.lock().await;
        let slurm = Slurm::shared().await?;
        slurm.clear_queue(SOON).await;
        let variables = slurm.variables();
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (server, mark) = (Server::start(&variables), format!("mark-{}", unheard_of()));
        Some(Self { slurm, server, mark, _turn: turn })
    }

    fn script(&self, script: &str) -> Attempt {
        self.slurm.script(script, json!({"env": {"MARK": self.mark}}))
    }

    async fn create(&self, attempt: &Attempt) -> Job {
        attempt.create(&self.server).await.expect("a job")
    }

    async fn until(&self, job: &Job, phase: Phase) -> String {
        job.until(&self.server, &[phase], SOON).await.message
    }

    /// A file, and a script that waits until it is there.
    fn waits(&self) -> (PathBuf, String) {
        let go = self.slurm.folder().join(&self.mark);
        let script = format!("while ! [ -e {} ]; do sleep 0.2; done\n", go.display());
        (go, script)
    }

    /// The server is killed, and the executor has lost the answer as well: it creates the attempt again.
    async fn is_found_by_the_next_server(&mut self, attempt: &Attempt, job: &Job) {
        self.server.kill();
        self.server.start_again();
        assert_eq!(self.create(attempt).await.meta(), job.meta());
    }

    /// The job runs on without a controller, and ends after the next one has come.
    async fn outlives_the_controller(&self, job: &Job, go: &Path) {
        self.slurm.end_controller().await;
        let during = job.get(&self.server).await.expect("no error while Slurm is away");
        assert_eq!(during.phase(), Phase::Running, "{during:?}");
        self.slurm.start_controller().await;
        fs::write(go, "").expect("a file");
        self.until(job, Phase::Succeeded).await;
    }

    /// Neither Slurm nor the process table knows anything of the job any more.
    async fn nothing_is_left(&self, job: &Job) {
        let id = job.meta()["job_id"].as_str().unwrap_or_default().to_owned();
        let gone = async || {
            let queue = self.slurm.queue();
            (!queue.lines().any(|line| line.starts_with(&format!("{id}|")))).then_some(())
        };
        until("the queue is empty", SOON, gone).await;
        until_nothing_is_left(&self.mark).await;
    }
}

#[tokio::test]
async fn a_script_runs_and_its_log_is_shown() {
    let Some(case) = Case::new().await else { return };
    let job = case.create(&case.script("#!/bin/bash\necho out $MARK; echo err >&2\n")).await;
    let message = case.until(&job, Phase::Succeeded).await;
    assert!(message.contains(" is COMPLETED"), "{message}");
    let log = job.log(&case.server).await.expect("a log");
    let meta = job.meta();
    let path = |name: &str| meta[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        log,
        [
            format!("--- stdout: {} ---", path("stdout_path")),
            format!("out {}", case.mark),
            format!("--- stderr: {} ---", path("stderr_path")),
            "err".to_owned(),
        ]
    );
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn a_failure_says_its_code_and_last_words() {
    let Some(case) = Case::new().await else { return };
    let job = case.create(&case.script("echo 'no such file: x' >&2\nexit 3\n")).await;
    let message = case.until(&job, Phase::Failed).await;
    assert!(message.contains("is FAILED, exit code 3:0, reason: NonZeroExitCode"), "{message}");
    assert!(message.ends_with("--- stderr (last 30 lines) ---\nno such file: x"), "{message}");
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn a_waiting_job_is_cancelled() {
    let Some(case) = Case::new().await else { return };
    let more = json!({"env": {"MARK": case.mark}, "sbatch_options": {"hold": true}});
    let job = case.create(&case.slurm.script("sleep 600\n", more)).await;
    case.until(&job, Phase::Queued).await;
    job.delete(&case.server).await.expect("cancelled");
    let message = case.until(&job, Phase::Aborted).await;
    assert!(message.contains("is CANCELLED"), "{message}");
    job.delete(&case.server).await.expect("once more");
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn a_running_job_is_cancelled_with_its_children() {
    let Some(case) = Case::new().await else { return };
    // It takes no notice of a request to end, and neither does its child.
    let job = case.create(&case.script("trap '' TERM\nsleep 600 &\nsleep 600\n")).await;
    let message = case.until(&job, Phase::Running).await;
    assert!(message.contains("\nAttach to the running job: ssh "), "{message}");
    job.delete(&case.server).await.expect("cancelled");
    case.until(&job, Phase::Aborted).await;
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn a_job_outlives_the_server() {
    let Some(mut case) = Case::new().await else { return };
    let (go, script) = case.waits();
    let attempt = case.script(&script);
    let job = case.create(&attempt).await;
    case.until(&job, Phase::Running).await;
    case.is_found_by_the_next_server(&attempt, &job).await;
    assert_eq!(case.slurm.queue().lines().count(), 1, "{}", case.slurm.queue());
    fs::write(&go, "").expect("a file");
    case.until(&job, Phase::Succeeded).await;
    // Also one that has ended.
    case.is_found_by_the_next_server(&attempt, &job).await;
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn a_job_outlives_the_controller() {
    let Some(case) = Case::new().await else { return };
    let (go, script) = case.waits();
    let job = case.create(&case.script(&script)).await;
    case.until(&job, Phase::Running).await;
    case.outlives_the_controller(&job, &go).await;
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn an_unknown_job_has_an_end() {
    let Some(case) = Case::new().await else { return };
    let known = case.create(&case.script("true\n")).await;
    case.until(&known, Phase::Succeeded).await;
    let mut meta = known.meta();
    meta["job_id"] = "999999".into();
    let job = Job::of_meta("slurm_script", &meta);
    let message = case.until(&job, Phase::Failed).await;
    assert!(message.contains("Slurm job 999999 ("), "{message}");
    assert!(
        message.contains("is not known to squeue, sacct or scontrol on 127.0.0.1"),
        "{message}"
    );
    job.delete(&case.server).await.expect("nothing to cancel");
    case.nothing_is_left(&known).await;
}

#[tokio::test]
async fn who_is_not_let_in_is_told() {
    let Some(case) = Case::new().await else { return };
    let stranger = case.slurm.stranger();
    let attempt = case.script("true\n").secret("ssh_private_key", &stranger);
    let message = case.until(&case.create(&attempt).await, Phase::Failed).await;
    assert!(message.contains("does not let") && message.contains("authorized_keys"), "{message}");
    let line = stranger.lines().nth(2).unwrap_or_default();
    assert!(!line.is_empty() && !message.contains(line), "{message}");

    let other = case.slurm.other_host();
    let attempt = case.script("true\n").secret("known_hosts_data", &other);
    let message = case.until(&case.create(&attempt).await, Phase::Failed).await;
    assert!(
        message.contains("has shown another host key") && message.contains("Nothing was sent"),
        "{message}"
    );
    assert_eq!(case.slurm.queue(), "");
}

#[tokio::test]
async fn a_lost_answer_loses_no_job() {
    let Some(case) = Case::new().await else { return };
    case.slurm.lose_next_answer();
    let job = case.create(&case.script("sleep 600\n")).await;
    let queue = case.slurm.queue();
    let id = job.meta()["job_id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(queue.lines().count(), 1, "{queue}");
    assert!(queue.starts_with(&format!("{id}|")), "{queue} is not {id}");
    job.delete(&case.server).await.expect("cancelled");
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn what_slurm_refuses_is_told() {
    let Some(case) = Case::new().await else { return };
    let attempt = case.slurm.script("true\n", json!({"sbatch": {"partition": "nowhere"}}));
    let message = case.until(&case.create(&attempt).await, Phase::Failed).await;
    assert!(message.contains("Invalid partition name specified"), "{message}");
}

#[tokio::test]
async fn scripts_keep_what_runs_them_and_their_options() {
    let Some(case) = Case::new().await else { return };
    let script = "#!/usr/bin/env python3\n# mine\n#SBATCH --comment=kept\nimport os\nprint('python', os.environ['MARK'])\n";
    let job = case.create(&case.script(script)).await;
    case.until(&job, Phase::Succeeded).await;
    let log = job.log(&case.server).await.expect("a log");
    assert_eq!(log[1], format!("python {}", case.mark), "{log:?}");
    let id = job.meta()["job_id"].as_str().unwrap_or_default().to_owned();
    assert!(case.slurm.said("scontrol", &["show", "job", &id]).contains("Comment=kept"));
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn an_array_fails_where_one_of_it_fails() {
    let Some(case) = Case::new().await else { return };
    let script = "#!/bin/bash\n#SBATCH --array=1-3\n[ $SLURM_ARRAY_TASK_ID != 1 ]\n";
    let job = case.create(&case.script(script)).await;
    let message = case.until(&job, Phase::Failed).await;
    assert!(message.contains("is FAILED, exit code 1:0"), "{message}");
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn a_dependency_on_a_job_that_nobody_knows_is_refused() {
    let Some(case) = Case::new().await else { return };
    // Slurm itself leaves it out, and the job does not wait.
    let slurms_own = case.slurm.folder().join(format!("own-{}", case.mark));
    let script = format!("touch {}", slurms_own.display());
    let options = ["--output=/dev/null", "--dependency=afterok:999999", "--wrap", &script];
    drop(case.slurm.said("sbatch", &options));
    until("it runs", SOON, async || slurms_own.exists().then_some(())).await;

    let ended = case.create(&case.script("true\n")).await;
    case.until(&ended, Phase::Succeeded).await;
    let ended_id = ended.meta()["job_id"].as_str().unwrap_or_default().to_owned();
    let ran = case.slurm.folder().join(format!("ran-{}", case.mark));
    let touch = format!("touch {}\n", ran.display());
    let settings = |dependency: &str| json!({"sbatch_options": {"dependency": dependency}});
    let unknown = format!("afterok:{ended_id}:999999");
    for attempt in [
        case.slurm.script(&touch, settings(&unknown)),
        case.script(&format!("#!/bin/bash\n#SBATCH -d afterany:999999\n{touch}")),
    ] {
        let message = case.until(&case.create(&attempt).await, Phase::Failed).await;
        let told = "the job is to wait for job 999999, which Slurm's controller on 127.0.0.1 does not know";
        assert!(message.contains(told), "{message}");
    }
    assert_eq!(case.slurm.queue(), "");
    assert!(!ran.exists(), "it ran");
    // On a job that is known it goes on.
    let known = case.slurm.script(&touch, settings(&format!("afterok:{ended_id}")));
    let job = case.create(&known).await;
    case.until(&job, Phase::Succeeded).await;
    assert!(ran.exists());
    case.nothing_is_left(&job).await;
}

#[tokio::test]
async fn attempts_whose_keys_begin_alike_have_jobs_of_their_own() {
    let Some(case) = Case::new().await else { return };
    let [one, other] = alike().map(|execution| {
        let custom = case.slurm.custom("sleep 600\n", json!({"env": {"MARK": case.mark}}));
        case.slurm.with_secrets(Attempt::numbered("slurm_script", &execution, 0, custom))
    });
    let (first, second) = (case.create(&one).await, case.create(&other).await);
    let [name, other_name] = [&first, &second].map(|job| job.meta()["job_name"].to_string());
    // As far as the official connector's names go they are one.
    assert_eq!(name.get(..20), other_name.get(..20), "{name} {other_name}");
    assert_ne!(first.meta()["job_id"], second.meta()["job_id"]);
    assert_eq!(case.slurm.queue().lines().count(), 2, "{}", case.slurm.queue());
    for (job, attempt) in [(&first, one), (&second, other)] {
        assert_eq!(case.create(&attempt).await.meta(), job.meta(), "found again");
        job.delete(&case.server).await.expect("cancelled");
    }
    // They carry the same mark.
    for job in [&first, &second] {
        case.nothing_is_left(job).await;
    }
}

/// Two executions whose keys have eight digits in common, as some of a hundred thousand do.
fn alike() -> [String; 2] {
    let run = unheard_of();
    let mut seen = std::collections::HashMap::new();
    for number in 0_u32.. {
        let execution = format!("{run}-{number}");
        let request = running::attempt("slurm_script", &execution, 0);
        let identity = request.task_execution_metadata.and_then(|it| it.task_execution_id);
        let execution_of = identity.map(TaskExecution::new);
        let key = IdempotencyKey::of(execution_of.as_ref(), &request.output_prefix).expect("a key");
        let digits = key.as_str().get(..8).expect("digits").to_owned();
        if let Some(other) = seen.insert(digits, execution.clone()) {
            return [other, execution];
        }
    }
    unreachable!("keys do not run out")
}
