//! A storm over Flink: whatever befalls tasks and servers, each attempt is one job that runs once, and nothing is left.

use connector_testing::{End, Task, Vendor, VendorJob, VendorState};
use engine_tests::flink::Flink;
use engine_tests::storm;
use serde_json::{Value, json};

use super::{beat, beats, server};

const TASKS: usize = 12;
/// Lines that a job of the mode `few` writes.
const LINES: usize = 10;

/// The jobs of the storm, as Flink has them.
struct Jobs<'a>(&'a Flink);

impl Vendor for Jobs<'_> {
    async fn jobs(&self) -> Vec<VendorJob> {
        let jobs = self.0.asked("/jobs/overview").await.unwrap();
        let jobs = jobs["jobs"].as_array().unwrap().iter();
        let job = |job: &Value| {
            let state = match job["state"].as_str() {
                Some("FINISHED") => VendorState::Succeeded,
                Some("CANCELED") => VendorState::Cancelled,
                Some("FAILED") => VendorState::Failed,
                _ => VendorState::Live,
            };
            let id = job["jid"].as_str().unwrap();
            VendorJob::new(id, state).key(id)
        };
        jobs.filter(|job| job["name"] == "few").map(job).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_done_twice_in_a_storm() {
    let Some(flink) = Flink::shared().await else { return };
    let written: Vec<_> = (0..TASKS).map(|_| beat(&flink)).collect();
    let task = |beat: &std::path::PathBuf| {
        Task::new("flink_job")
            .custom("jar", "job.jar")
            .custom("entry_class", "Job")
            .custom("program_args", json!(["few", beat]))
            .custom("parallelism", 1)
            .attempts(5)
    };
    let tasks: Vec<Task> = written.iter().map(task).collect();
    let servers = [server(&flink), server(&flink)];
    let (executor, records, _servers) = storm::over(servers, &tasks).await;
    let report = executor.report_with(&Jobs(&flink)).await;
    assert!(report.is_clean(), "{report}");
    let mut aborted = 0;
    for (beat, record) in written.iter().zip(&records) {
        match &record.end {
            End::Succeeded { .. } => {
                assert_eq!(beats(beat), LINES * record.attempts.len(), "{record:?}")
            }
            End::Aborted => {
                aborted += 1;
                assert!(beats(beat) <= LINES * record.attempts.len(), "{record:?}");
            }
            end => panic!("{end}: {record:?}"),
        }
    }
    assert!(aborted > 0 && aborted < TASKS, "{report}");
}
