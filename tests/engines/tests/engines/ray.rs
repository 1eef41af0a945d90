//! Ray, in every CI: jobs of the binary's, held against what Ray says itself, against files that jobs write, and
//! against the process table. All of a job's processes have a word of their own in their environment.

mod cancels;
mod code;
mod lives;
mod runs;
mod storm;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use connector_core::pb::task_execution::Phase;
use connector_http::Method;
use engine_tests::jobs::{Attempt, Job, unheard_of};
use engine_tests::left::until_nothing_is_left;
use engine_tests::ray::Ray;
use engine_tests::server::Server;
use engine_tests::until;
use serde_json::{Value, json};

/// How long a job may take that does next to nothing, on a machine that others keep busy.
const SOON: Duration = Duration::from_secs(60);

/// A Ray and a server that sends jobs there.
struct Place {
    ray: Arc<Ray>,
    server: Server,
}

impl Place {
    /// With the Ray that tests share; `None` where there is none.
    async fn shared() -> Option<Self> {
        Some(Self::at(Ray::shared().await?))
    }

    fn at(ray: Arc<Ray>) -> Self {
        let server = Server::start(&[("CONNECTOR__RAY_JOB__ADDRESS", &ray.address())]);
        Self { ray, server }
    }

    /// A task with that command; its processes carry the word that comes back.
    fn task(&self, entrypoint: &str, settings: Value) -> (Attempt, String) {
        let mark = format!("of-{}", unheard_of());
        let mut custom =
            json!({"entrypoint": entrypoint, "runtime_env": {"env_vars": {"OF": mark}}});
        let Value::Object(settings) = settings else { panic!("no object: {settings}") };
        for (name, value) in settings {
            custom[name] = value;
        }
        (Attempt::of("ray_job", custom), mark)
    }

    /// A file that no job has written yet.
    fn file(&self) -> PathBuf {
        self.ray.folder().join(unheard_of())
    }

    /// What Ray itself says of a job.
    async fn record(&self, job: &Job) -> (u16, Value) {
        let path = format!("/api/jobs/{}", id(job));
        self.ray.asked(Method::GET, &path, None).await.unwrap()
    }

    async fn until_ray_says(&self, job: &Job, status: &str) {
        let is = async || (self.record(job).await.1["status"] == status).then_some(());
        until(&format!("{status} at Ray"), SOON, is).await;
    }

    /// Takes both processors, until it is cancelled.
    async fn occupied(&self) -> Job {
        let (task, _) = self.task("sleep 300", json!({"entrypoint_num_cpus": 2}));
        let job = task.create(&self.server).await.unwrap();
        job.until(&self.server, &[Phase::Running], SOON).await;
        job
    }

    /// Nothing runs for the job, and Ray does not think so either.
    async fn is_over(&self, job: &Job, mark: &str) {
        until_nothing_is_left(mark).await;
        let (_, record) = self.record(job).await;
        let status = record["status"].as_str().unwrap_or("gone").to_owned();
        assert!(["SUCCEEDED", "FAILED", "STOPPED", "gone"].contains(&&*status), "{record}");
    }
}

fn id(job: &Job) -> String {
    job.meta()["submission_id"].as_str().expect("an id").to_owned()
}
