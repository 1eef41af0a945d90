//! Cancels of real runs of Airflow: what is said to be stopped has stopped.

use std::path::Path;
use std::time::Duration;

use connector_core::pb::task_execution::Phase;
use engine_tests::airflow::Airflow;
use engine_tests::jobs::{Attempt, Job};
use engine_tests::left::marked;
use engine_tests::server::Server;
use engine_tests::until;
use serde_json::json;

use crate::airflow::{SOON, attempt, beat, nothing_is_left, process_at, server, states, told};

/// Deletes as the executor does: again, until that is done.
pub(crate) async fn cancelled(server: &Server, job: &Job) {
    let is = async || job.delete(server).await.ok();
    until("a delete that is done", SOON, is).await;
}

fn is_there(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}

#[tokio::test]
async fn a_cancel_is_done_when_the_processes_are_gone_and_not_when_airflow_says_so() {
    let Some(airflow) = Airflow::shared().await else { return };
    let server = server(&airflow);
    let (beat, mark) = beat(&airflow);
    let conf = json!({"beat": beat, "seconds": 600, "child": mark});
    let job = attempt("works", conf).create(&server).await.unwrap();
    let process = process_at(&beat).await;
    let airflow_says_so = async {
        let is = async || (told(&airflow, &job).await["state"] == "failed").then_some(());
        until("a run that is called failed", SOON, is).await;
        let mut states = states(&airflow, &job).await;
        states.sort_unstable();
        // Airflow 3.3.2 has nothing more to say, and the process works on.
        (states, is_there(process), job.get(&server).await)
    };
    let (_, (states, works_on, meanwhile)) =
        tokio::join!(cancelled(&server, &job), airflow_says_so);
    assert!(!is_there(process) && marked(&mark).is_empty(), "the cancel is done");
    assert_eq!((states, works_on), (vec!["failed".to_owned(), "skipped".to_owned()], true));
    assert_ne!(meanwhile.unwrap().phase(), Phase::Aborted);
    let ended = job.get(&server).await.unwrap();
    assert_eq!(ended.phase(), Phase::Aborted, "{ended:?}");
    assert_eq!(told(&airflow, &job).await["note"], "cancelled by Flyte");
    nothing_is_left(&airflow, &job, &mark).await;
}

#[tokio::test]
async fn a_run_that_waits_is_cancelled_and_never_begins() {
    let Some(airflow) = Airflow::shared().await else { return };
    let server = server(&airflow);
    let (first_beat, mark) = beat(&airflow);
    let conf = json!({"beat": first_beat, "seconds": 600, "child": mark});
    let first = attempt("one_at_a_time", conf).create(&server).await.unwrap();
    process_at(&first_beat).await;
    let (second_beat, second_mark) = beat(&airflow);
    let conf = json!({"beat": second_beat, "seconds": 1, "child": second_mark});
    let second = attempt("one_at_a_time", conf).create(&server).await.unwrap();
    let waiting = second.get(&server).await.unwrap();
    assert_eq!(waiting.phase(), Phase::Queued);
    cancelled(&server, &second).await;
    assert_eq!(second.get(&server).await.unwrap().phase(), Phase::Aborted);
    cancelled(&server, &first).await;
    // There is room now, for one that is not cancelled.
    let third = attempt("one_at_a_time", json!({})).create(&server).await.unwrap();
    third.until(&server, &[Phase::Succeeded], SOON).await;
    assert!(!second_beat.exists(), "it never began");
    for (job, mark) in [(&first, &mark), (&second, &second_mark)] {
        nothing_is_left(&airflow, job, mark).await;
    }
}

#[tokio::test]
async fn a_run_that_is_done_is_left_as_it_is() {
    let Some(airflow) = Airflow::shared().await else { return };
    let server = server(&airflow);
    let job = attempt("works", json!({})).create(&server).await.unwrap();
    job.until(&server, &[Phase::Succeeded], SOON).await;
    job.delete(&server).await.unwrap();
    assert_eq!(told(&airflow, &job).await["state"], "success");
    let job = attempt("works", json!({"fail": "broken"})).create(&server).await.unwrap();
    job.until(&server, &[Phase::Failed], SOON).await;
    job.delete(&server).await.unwrap();
    assert_eq!(job.get(&server).await.unwrap().phase(), Phase::Failed, "nobody cancelled it");
}

#[tokio::test]
async fn a_run_over_its_time_limit_is_cancelled_and_fails() {
    let Some(airflow) = Airflow::shared().await else { return };
    let server = server(&airflow);
    let (beat, mark) = beat(&airflow);
    let conf = json!({"beat": beat, "seconds": 600, "child": mark});
    let custom = json!({"dag_id": "works", "conf": conf, "time_limit": 3, "note": "from a test"});
    let job = Attempt::of("airflow_dag", custom).create(&server).await.unwrap();
    let process = process_at(&beat).await;
    let failed = job.until(&server, &[Phase::Failed], SOON + Duration::from_secs(60)).await;
    assert!(failed.message.contains("longer than the `time_limit`"), "{}", failed.message);
    assert!(!is_there(process) && marked(&mark).is_empty(), "it has stopped by then");
    let note = told(&airflow, &job).await["note"].clone();
    assert!(note.as_str().unwrap().starts_with("from a test\ncancelled by Flyte: "), "{note}");
    nothing_is_left(&airflow, &job, &mark).await;
}
