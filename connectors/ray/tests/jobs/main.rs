//! Jobs on a fake Ray: what is asked, who asks, cancels that are followed up, and the executor's rules.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod fake;

use std::time::Duration;

use connector_core::prelude::*;
use connector_ray::Ray;
use connector_testing::conformance::Subject;
use connector_testing::{Harness, Task};
use serde_json::{Value, json};

use fake::FakeRay;

const TOKEN: &str = "the-token-of-this-cluster";
/// An archive of one empty file.
const ARCHIVE: &str = "UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAYVBLAQIUAxQAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAACAAQAA\
                       AABhUEsFBgAAAAABAAEALwAAAB8AAAAAAA==";

/// What the operator lends, as the settings have it.
fn operator(fake: &FakeRay) -> Settings {
    Settings::from_iter([("address", fake.url()), ("ray_token", TOKEN)])
}

fn task() -> Task {
    Task::new("ray_job").custom("entrypoint", "python a.py").secret("ray_token", TOKEN)
}

/// A cluster that wants a token.
fn cluster() -> FakeRay {
    let fake = FakeRay::new();
    fake.books().token = Some(TOKEN.to_owned());
    fake
}

fn harness(fake: &FakeRay) -> Harness {
    fake.open();
    Harness::new(Ray::new(&operator(fake)).unwrap())
}

mod rules {
    use super::{Ray, Subject, cluster, operator, task};

    fn at_ray() -> Subject {
        let fake = cluster();
        let vendor = fake.clone();
        let open = move || {
            fake.open();
            Ray::new(&operator(&fake)).unwrap()
        };
        Subject::new(open).task(task()).vendor(vendor)
    }

    connector_testing::conformance!(subject = at_ray());
}

#[tokio::test(start_paused = true)]
async fn a_job_from_its_start_to_its_end() {
    let fake = cluster();
    let ray = harness(&fake);
    let job = ray.create(&task().custom("metadata", json!({"team": "films"}))).await.unwrap();
    let meta: Value = serde_json::from_slice(job.resource_meta()).unwrap();
    let id = meta["submission_id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), "flyte-".len() + 64, "it comes from the attempt's key");
    let body = fake.books().jobs[0].body.clone();
    assert_eq!(
        (&body["submission_id"], &body["metadata"]),
        (&json!(id), &json!({"team": "films"}))
    );
    let journey = job.run().await.unwrap();
    journey.assert_phases([Phase::Queued, Phase::Running, Phase::Succeeded]);
    let log = job.log().await.unwrap();
    assert!(log.ends_with(&["one".to_owned(), "two".to_owned()]), "{log:?}");
    fake.calls();
    job.delete().await.unwrap();
    assert_eq!(fake.calls(), [format!("GET /api/jobs/{id}")], "a finished job is left as it is");
}

#[tokio::test(start_paused = true)]
async fn code_is_brought_once_and_before_the_job() {
    let fake = cluster();
    let ray = harness(&fake);
    let task = task().custom("working_dir_zip", ARCHIVE);
    ray.create(&task).await.unwrap();
    let verbs = |fake: &FakeRay| -> Vec<String> {
        let verb = |call: String| call.split_once(' ').map(|(verb, _)| verb.to_owned());
        fake.calls().into_iter().filter_map(verb).collect()
    };
    assert_eq!(verbs(&fake), ["GET", "PUT", "POST"]);
    ray.create(&task).await.unwrap();
    assert_eq!(verbs(&fake), ["GET", "POST"], "it is there still");
    let books = fake.books();
    let uris: Vec<&Value> =
        books.jobs.iter().map(|job| &job.body["runtime_env"]["working_dir"]).collect();
    assert!(uris.len() == 2 && uris[0] == uris[1] && uris[0].is_string(), "{uris:?}");
}

#[tokio::test(start_paused = true)]
async fn who_has_no_token_or_a_wrong_one_is_told_once() {
    let fake = cluster();
    let ray = harness(&fake);
    let bare = Task::new("ray_job").custom("entrypoint", "true").custom("address", fake.url());
    for (task, says) in [
        (bare.clone().secret("ray_token", "hunter2hunter2"), "Invalid authentication token"),
        (
            bare.clone().secret("ray_token", "hunter2hunter2").custom("working_dir_zip", ARCHIVE),
            "Invalid authentication token",
        ),
    ] {
        let error = ray.create(&task).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Permanent, "{error}");
        assert!(error.message().contains(says) && !error.message().contains("hunter2"), "{error}");
    }
    assert!(fake.books().jobs.is_empty() && fake.books().packages.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_waiting_job_is_stopped_again_if_it_runs_all_the_same() {
    let fake = cluster();
    let ray = harness(&fake);
    let job = ray.create(&task()).await.unwrap();
    fake.books().is_full = true;
    job.delete().await.unwrap();
    assert_eq!(fake.books().jobs[0].stops, 1);
    // As if Ray had been started anew meanwhile: it runs, and knows nothing of any stop.
    {
        let mut books = fake.books();
        books.jobs[0].stops = 0;
        books.is_full = false;
    }
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(fake.books().jobs[0].stops > 0, "nobody looked after it");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_tasks_may_not_name_is_never_called() {
    let fake = cluster();
    fake.open();
    let settings = [
        ("CONNECTOR__RAY_JOB__ADDRESS".to_owned(), "http://ray.corp.example:8265".to_owned()),
        ("CONNECTOR__RAY_JOB__ALLOWED_HOSTS".to_owned(), "*.corp.example".to_owned()),
    ];
    let ray = Harness::new(Ray::new(&Settings::from_variables("ray_job", settings)).unwrap());
    let error = ray.create(&task().custom("address", fake.url())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);
    assert!(error.message().contains("CONNECTOR__RAY_JOB__ALLOWED_HOSTS"), "{error}");
    assert_eq!(fake.calls(), Vec::<String>::new());
}
