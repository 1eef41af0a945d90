//! Jobs of a Slurm that is none, over SSH and over slurmrestd: the executor's rules, for which time has to be a test's
//! own, and what a job costs in commands and calls.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod cluster;
mod daemon;
mod login_node;

use connector_core::prelude::*;
use connector_slurm::{Slurm, SlurmRest};
use connector_testing::conformance::Subject;
use connector_testing::{Harness, Task};
use serde_json::{Value, json};

use cluster::{Cluster, USER};
use daemon::{Daemon, TOKEN};
use login_node::LoginNode;

/// Why one rule is left out: two servers that know nothing of each other, at the same moment.
const TWO_AT_ONCE: &str = "Slurm takes a name twice, so that two servers that look for the job at the same moment, and share no state, \
     make two";

fn over_ssh(node: &LoginNode) -> Task {
    let place = json!({"host": "127.0.0.1", "port": node.port(), "username": USER});
    Task::new("slurm_script")
        .custom("connection", place)
        .custom("script", "true\n")
        .custom("working_dir", "/home/ann/jobs")
        .secret("ssh_private_key", node.key())
        .secret("known_hosts_data", node.known_host())
}

fn over_rest() -> Task {
    let task = Task::new("slurm_rest").custom("script", "true\n");
    task.custom("working_dir", "/home/ann/jobs").secret("slurm_token", TOKEN)
}

fn slurm_rest(daemon: &Daemon) -> SlurmRest {
    daemon.open();
    let settings = [("url", daemon.url()), ("slurm_token", TOKEN)];
    SlurmRest::new(&Settings::from_iter(settings)).unwrap()
}

fn slurm(node: &LoginNode) -> Slurm {
    node.open();
    Slurm::with_variables(&[]).unwrap()
}

mod rules_over_ssh {
    use super::{Cluster, LoginNode, Subject, TWO_AT_ONCE, over_ssh, slurm};

    fn at_slurm() -> Subject {
        let cluster = Cluster::default();
        let node = LoginNode::of(&cluster);
        let task = over_ssh(&node);
        let subject = Subject::new(move || slurm(&node)).task(task).vendor(cluster);
        subject.except("concurrent_creates_are_one_job", TWO_AT_ONCE)
    }

    connector_testing::conformance!(subject = at_slurm());
}

mod rules_over_slurmrestd {
    use super::{Cluster, Daemon, Subject, TWO_AT_ONCE, over_rest, slurm_rest};

    fn at_slurm() -> Subject {
        let cluster = Cluster::default();
        let daemon = Daemon::of(&cluster);
        let subject = Subject::new(move || slurm_rest(&daemon)).task(over_rest()).vendor(cluster);
        subject.except("concurrent_creates_are_one_job", TWO_AT_ONCE)
    }

    connector_testing::conformance!(subject = at_slurm());
}

#[tokio::test(start_paused = true)]
async fn what_a_job_costs_in_commands() {
    let cluster = Cluster::default();
    let node = LoginNode::of(&cluster);
    let harness = Harness::new(slurm(&node));
    let job = harness.create(&over_ssh(&node)).await.unwrap();
    assert_eq!(cluster.asked(), ["squeue", "sacct", "mkdir", "sbatch"]);
    assert_eq!(job.get().await.unwrap().phase, Phase::Running);
    assert_eq!(cluster.asked(), ["squeue"]);
    assert_eq!(job.get().await.unwrap().phase, Phase::Succeeded);
    assert_eq!(cluster.asked(), ["squeue", "sacct", "scontrol"], "it has ended");
    job.delete().await.unwrap();
    assert_eq!(cluster.asked(), ["scancel"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_job_costs_in_calls() {
    let cluster = Cluster::default();
    let daemon = Daemon::of(&cluster);
    let harness = Harness::new(slurm_rest(&daemon));
    let job = harness.create(&over_rest()).await.unwrap();
    assert_eq!(cluster.asked(), ["GET /jobs", "POST /job/submit"]);
    let meta: Value = serde_json::from_slice(job.resource_meta()).unwrap();
    assert_eq!((&meta["job_id"], &meta["username"]), (&json!("7"), &json!(USER)));
    assert_eq!(job.get().await.unwrap().phase, Phase::Running);
    job.delete().await.unwrap();
    assert_eq!(cluster.asked(), ["GET /job/7", "DELETE /job/7"]);
    assert_eq!(job.get().await.unwrap().phase, Phase::Aborted);
}
