//! Storms over Slurm, by SSH and by slurmrestd: whatever befalls tasks and servers, each attempt is one job that runs
//! once, and nothing is left. Slurm takes no keys, so the two servers share a state, as two replicas would.

use std::fs;

use connector_testing::{End, Task, Vendor, VendorJob, VendorState};
use engine_tests::left::until_nothing_is_left;
use engine_tests::server::Server;
use engine_tests::slurm::Slurm;
use engine_tests::{storm, until};
use serde_json::{Value, json};

use super::{Case, SOON};

const TASKS: usize = 12;

/// The jobs of one storm, as Slurm has them: known by their comment, and named for the attempt.
struct Jobs<'a>(&'a Slurm, &'a str);

impl Vendor for Jobs<'_> {
    async fn jobs(&self) -> Vec<VendorJob> {
        let job = |[id, state, name]: [String; 3]| {
            let state = match state.as_str() {
                "COMPLETED" => VendorState::Succeeded,
                "CANCELLED" => VendorState::Cancelled,
                "FAILED" => VendorState::Failed,
                _ => VendorState::Live,
            };
            VendorJob::new(id, state).key(name)
        };
        self.0.commented(self.1).into_iter().map(job).collect()
    }
}

/// A task with those settings and the secrets of `slurm`'s user.
fn task(task_type: &str, custom: Value, secrets: &[(String, String)]) -> Task {
    let Value::Object(settings) = custom else { panic!("no object: {custom}") };
    let task = settings
        .into_iter()
        .fold(Task::new(task_type), |task, (name, value)| task.custom(name, value));
    let told = |task: Task, (name, value): &(String, String)| task.secret(name, value);
    secrets.iter().fold(task, told).attempts(5)
}

/// Runs tasks of that type, each of which leaves a line in a file of its own.
async fn over(case: &Case, state: &[(String, String)], make: impl Fn(&str) -> Task) {
    let variables: Vec<(&str, &str)> =
        state.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let written = |number: usize| case.slurm.folder().join(format!("{}-{number}", case.mark));
    let tasks: Vec<Task> = (0..TASKS)
        .map(|number| make(&format!("echo ran >> {}\nsleep 1\n", written(number).display())))
        .collect();
    let servers = [Server::start(&variables), Server::start(&variables)];
    let (executor, records, _servers) = storm::over(servers, &tasks).await;
    let jobs = Jobs(&case.slurm, &case.mark);
    let is_over =
        async || jobs.jobs().await.iter().all(|job| job.state != VendorState::Live).then_some(());
    until("no job of the storm is alive", SOON, is_over).await;
    until_nothing_is_left(&case.mark).await;
    let report = executor.report_with(&jobs).await;
    assert!(report.is_clean(), "{report}");
    let mut aborted = 0;
    for (number, record) in records.iter().enumerate() {
        let ran = fs::read_to_string(written(number)).map_or(0, |text| text.lines().count());
        // An attempt that was given up may have been cancelled before it began.
        assert!(ran <= record.attempts.len(), "{ran} times: {record:?}");
        match &record.end {
            End::Succeeded { .. } => assert!(ran > 0, "{record:?}"),
            End::Aborted => aborted += 1,
            end => panic!("{end}: {record:?}"),
        }
    }
    assert!(aborted > 0 && aborted < TASKS, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_done_twice_in_a_storm_over_ssh() {
    let Some(case) = Case::new().await else { return };
    let Some((_engine, state)) = storm::shared_state() else { return };
    let secrets = case.slurm.secrets();
    over(&case, &state, |script| {
        let more = json!({"env": {"MARK": case.mark}, "sbatch_options": {"comment": case.mark}});
        task("slurm_script", case.slurm.custom(script, more), &secrets)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_done_twice_in_a_storm_over_slurmrestd() {
    let Some(case) = Case::new().await else { return };
    let Some((_engine, state)) = storm::shared_state() else { return };
    let secrets = [("slurm_token".to_owned(), case.slurm.token(3600))];
    over(&case, &state, |script| {
        let more = json!({"environment": {"MARK": case.mark}, "comment": case.mark});
        task("slurm_rest", case.slurm.rest_custom(script, more), &secrets)
    })
    .await;
}
