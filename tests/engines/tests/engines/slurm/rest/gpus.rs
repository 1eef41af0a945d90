//! GPUs over slurmrestd: what a job gets, waits for, and is refused. Devices of the node stand for them.

use std::fs;

use connector_core::pb::task_execution::Phase;
use engine_tests::jobs::{Attempt, Job};
use serde_json::{Value, json};

use super::super::{Case, SOON};

/// What the script itself sees, and then each task that it starts.
const SEES: &str = "echo script sees $CUDA_VISIBLE_DEVICES of $SLURM_GPUS_ON_NODE\n\
    srun sh -c 'echo task $SLURM_PROCID sees ${CUDA_VISIBLE_DEVICES-all there are}' | sort\n";

impl Case {
    fn asks(&self, script: &str, more: Value) -> Attempt {
        let mut settings = json!({"environment": {"MARK": self.mark}, "comment": self.mark});
        if let (Value::Object(settings), Value::Object(more)) = (&mut settings, more) {
            settings.extend(more);
        }
        self.slurm.rest_script(script, settings)
    }

    async fn output(&self, job: &Job) -> String {
        self.until(job, Phase::Succeeded).await;
        let meta = job.meta();
        let path = meta["stdout_path"].as_str().unwrap_or_default();
        fs::read_to_string(path).unwrap_or_default()
    }
}

#[tokio::test]
async fn a_job_gets_the_gpus_that_it_asks_for() {
    let Some(case) = Case::new().await else { return };
    for (more, script, tasks) in [
        (json!({"gpus": 1}), "0 of 1", &["0"][..]),
        (json!({"gpus": "plain:2", "cpus_per_gpu": 1}), "0,1 of 2", &["0,1"]),
        (json!({"gpus_per_node": "plain:1", "nodes": 1, "memory_per_gpu": 100}), "0 of 1", &["0"]),
        (json!({"gres": "gpu:plain:2", "tasks": 2}), "0,1 of 2", &["0,1", "0,1"]),
        // Each its own, as with sbatch; also of a type, for which sbatch leaves it open.
        (json!({"gpus_per_task": 1, "tasks": 2}), "0,1 of 2", &["0", "1"]),
        (json!({"gpus_per_task": "plain:1", "tasks": 2}), "0,1 of 2", &["0", "1"]),
    ] {
        let job = case.create(&case.asks(SEES, more.clone())).await;
        let mut expected = format!("script sees {script}\n");
        for (task, sees) in tasks.iter().enumerate() {
            expected.push_str(&format!("task {task} sees {sees}\n"));
        }
        assert_eq!(case.output(&job).await, expected, "{more}");
        case.nothing_is_left(&job).await;
    }
}

#[tokio::test]
async fn scripts_read_the_variables_that_sbatch_sets() {
    let Some(case) = Case::new().await else { return };
    let script = "env | grep -E '^SLURM_(GPUS|CPUS|MEM)_PER_' | sort\n";
    for (more, expected) in [
        (
            json!({"gpus_per_node": "plain:2", "cpus_per_gpu": 1, "memory_per_gpu": 100}),
            "SLURM_CPUS_PER_GPU=1\nSLURM_GPUS_PER_NODE=plain:2\nSLURM_MEM_PER_GPU=100\n",
        ),
        (
            json!({"gpus_per_task": "plain:1", "tasks": 1, "cpus_per_task": 2}),
            "SLURM_CPUS_PER_TASK=2\nSLURM_GPUS_PER_TASK=1\n",
        ),
    ] {
        let job = case.create(&case.asks(script, more)).await;
        assert_eq!(case.output(&job).await, expected);
        let shown = case.shown(&job);
        assert!(shown.contains("NumCPUs=2 "), "{shown}");
    }
}

#[tokio::test]
async fn a_job_waits_until_its_gpu_is_free() {
    let Some(case) = Case::new().await else { return };
    // A processor is left for the second one.
    let both = case.create(&case.asks("sleep 600\n", json!({"gpus": 2}))).await;
    case.until(&both, Phase::Running).await;
    let one = case.create(&case.asks(SEES, json!({"gpus_per_node": "plain:1"}))).await;
    let waits = async || {
        let resource = one.get(&case.server).await.expect("an answer");
        assert_eq!(resource.phase(), Phase::Queued, "{resource:?}");
        resource.message.contains("reason: Resources").then_some(())
    };
    engine_tests::until("it says what it waits for", SOON, waits).await;
    both.delete(&case.server).await.expect("cancelled");
    case.until(&both, Phase::Aborted).await;
    assert_eq!(case.output(&one).await, "script sees 0 of 1\ntask 0 sees 0\n");
    case.nothing_is_left(&one).await;
}

#[tokio::test]
async fn gpus_that_there_are_not_fail_the_task_however_often_it_is_created() {
    let Some(mut case) = Case::new().await else { return };
    for (more, said) in [
        (json!({"gpus": 3}), "asks for `gpus` 3: no node of the partition has so many"),
        (json!({"gpus_per_node": "h100:1"}), "asks for `gpus_per_node` h100:1: no node"),
        (json!({"gpus_per_task": 2, "tasks": 2}), "asks for `gpus_per_task` 2: no node"),
        (json!({"gres": "nic:1"}), "such as a `gres` that the cluster does not have"),
        (json!({"gpus": "gpu:1"}), "`gpu:` is too much"),
        (json!({"gpus": 1, "gres": "gpu:1"}), "say it once"),
    ] {
        let job = case.create(&case.asks("sleep 600\n", more.clone())).await;
        let message = case.until(&job, Phase::Failed).await;
        assert!(message.contains(said), "{more}: {message}");
    }
    assert_eq!(case.slurm.queue(), "", "no job waits for what will not be");

    // Slurm gives no id, and keeps the job: a server that knows nothing of that finds it.
    case.mark.push_str("-again");
    let attempt = case.asks("sleep 600\n", json!({"gpus": 3}));
    let job = case.create(&attempt).await;
    case.until(&job, Phase::Failed).await;
    case.server.kill();
    case.server.start_again();
    let again = case.create(&attempt).await;
    let message = case.until(&again, Phase::Failed).await;
    assert!(message.contains("reason: BadConstraints. Slurm did not take it"), "{message}");
    assert!(!message.contains("killed"), "{message}");
    let kept = case.slurm.commented(&case.mark);
    assert!(matches!(&*kept, [[_, state, _]] if state == "FAILED"), "{kept:?}");
    again.delete(&case.server).await.expect("nothing to cancel");
    case.nothing_is_left(&again).await;
}
