//! Deaths and restarts: of the server in the middle of a job, and of the engine.

use connector_core::pb::task_execution::Phase;
use engine_tests::left::marked;
use engine_tests::ray::Ray;
use engine_tests::until;
use serde_json::json;

use super::{Place, SOON};

#[tokio::test]
async fn a_job_outlives_the_server_and_is_found_again() {
    let Some(mut place) = Place::shared().await else { return };
    let (go, started) = (place.file(), place.file());
    let (waits, says) = (go.display(), started.display());
    let command = format!("touch {says}; while [ ! -e {waits} ]; do sleep 0.1; done; exit 5");
    let (task, mark) = place.task(&command, json!({}));
    let job = task.create(&place.server).await.unwrap();
    until("it has started", SOON, async || started.exists().then_some(())).await;
    place.server.kill();
    assert!(!marked(&mark).is_empty(), "it runs on without us");
    place.server.start_again();
    job.until(&place.server, &[Phase::Running], SOON).await;
    // The create is repeated, as after an answer that was lost.
    assert_eq!(task.create(&place.server).await.unwrap().meta(), job.meta());
    std::fs::write(&go, "").unwrap();
    let failed = job.until(&place.server, &[Phase::Failed], SOON).await;
    assert!(failed.message.contains("exit code 5"), "{failed:?}");
    place.is_over(&job, &mark).await;
}

#[tokio::test]
async fn a_cancel_outlives_the_server() {
    let Some(mut place) = Place::shared().await else { return };
    let occupied = place.occupied().await;
    let written = place.file();
    let command = format!("touch {}", written.display());
    let (task, mark) = place.task(&command, json!({"entrypoint_num_cpus": 2}));
    let job = task.create(&place.server).await.unwrap();
    job.until(&place.server, &[Phase::Queued], SOON).await;
    job.delete(&place.server).await.unwrap();
    place.server.kill();
    place.server.start_again();
    until("a cancel", SOON, async || occupied.delete(&place.server).await.ok()).await;
    place.until_ray_says(&job, "STOPPED").await;
    place.is_over(&job, &mark).await;
    assert!(!written.exists(), "it ran after its cancel");
}

#[tokio::test]
async fn the_engine_dies_in_the_middle_of_a_job() {
    let Some(ray) = Ray::own("Ray that dies").await else { return };
    let place = Place::at(ray);
    let (task, mark) = place.task("sleep 300", json!({}));
    let job = task.create(&place.server).await.unwrap();
    job.until(&place.server, &[Phase::Running], SOON).await;
    place.ray.kill();
    assert_eq!(marked(&mark), Vec::<String>::new());
    // While it is away nobody knows, and the job is not given up for that.
    let away = job.get(&place.server).await;
    assert!(away.is_err() || away.is_ok_and(|job| job.phase() == Phase::Running));
    place.ray.start().await;
    let gone = async || match job.get(&place.server).await {
        Ok(resource) if resource.phase() == Phase::RetryableFailed => Some(resource),
        Ok(resource) => panic!("{resource:?}"),
        Err(_) => None,
    };
    let lost = until("an answer", SOON, gone).await;
    assert!(lost.message.contains("was started anew"), "{lost:?}");
    job.delete(&place.server).await.unwrap();
    // The next attempt runs there.
    let (next, mark) = place.task("true", json!({}));
    let next = next.create(&place.server).await.unwrap();
    next.until(&place.server, &[Phase::Succeeded], SOON).await;
    place.is_over(&next, &mark).await;
}
