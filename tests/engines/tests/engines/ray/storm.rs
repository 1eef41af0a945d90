//! A storm over Ray: whatever befalls tasks and servers, each attempt is one job that runs once, and nothing is left.

use connector_http::Method;
use connector_testing::{End, Task, Vendor, VendorJob, VendorState};
use engine_tests::jobs::unheard_of;
use engine_tests::left::until_nothing_is_left;
use engine_tests::ray::Ray;
use engine_tests::server::Server;
use engine_tests::storm;
use serde_json::{Value, json};

const TASKS: usize = 12;

/// The jobs of one storm, as Ray has them.
struct Jobs<'a>(&'a Ray, &'a str);

impl Vendor for Jobs<'_> {
    async fn jobs(&self) -> Vec<VendorJob> {
        let (status, jobs) = self.0.asked(Method::GET, "/api/jobs/", None).await.unwrap();
        assert_eq!(status, 200, "{jobs}");
        let jobs = jobs.as_array().unwrap().iter();
        let job = |job: &Value| {
            let state = match job["status"].as_str() {
                Some("SUCCEEDED") => VendorState::Succeeded,
                Some("STOPPED") => VendorState::Cancelled,
                Some("FAILED") => VendorState::Failed,
                _ => VendorState::Live,
            };
            let id = job["submission_id"].as_str().unwrap();
            VendorJob::new(id, state).key(id)
        };
        jobs.filter(|job| job["metadata"]["storm"] == self.1).map(job).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_done_twice_in_a_storm() {
    let Some(ray) = Ray::shared().await else { return };
    let address = ray.address();
    let server = || Server::start(&[("CONNECTOR__RAY_JOB__ADDRESS", &address)]);
    let mark = format!("of-{}", unheard_of());
    let written = |number: usize| ray.folder().join(format!("{mark}-{number}"));
    let tasks: Vec<Task> = (0..TASKS)
        .map(|number| {
            let command = format!("echo ran >> {}; sleep 1", written(number).display());
            Task::new("ray_job")
                .custom("entrypoint", command)
                .custom("runtime_env", json!({"env_vars": {"OF": mark}}))
                .custom("metadata", json!({"storm": mark}))
                .attempts(5)
        })
        .collect();
    let (executor, records, _servers) = storm::over([server(), server()], &tasks).await;
    until_nothing_is_left(&mark).await;
    let report = executor.report_with(&Jobs(&ray, &mark)).await;
    assert!(report.is_clean(), "{report}");
    let mut aborted = 0;
    for (number, record) in records.iter().enumerate() {
        let ran = std::fs::read_to_string(written(number)).map_or(0, |text| text.lines().count());
        match &record.end {
            End::Succeeded { .. } => {
                assert_eq!(ran, record.attempts.len(), "{record:?}");
            }
            End::Aborted => {
                aborted += 1;
                assert!(ran <= record.attempts.len(), "{record:?}");
            }
            end => panic!("{end}: {record:?}"),
        }
    }
    assert!(aborted > 0 && aborted < TASKS, "{report}");
}
