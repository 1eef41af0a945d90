//! Tasks whose scheduler died with them: Airflow begins them again, also without retries. What is said of such a run is
//! true at every moment, and one that was cancelled does not go on.

use std::fs;
use std::path::Path;

use connector_core::pb::task_execution::Phase;
use engine_tests::airflow::Airflow;
use engine_tests::left::marked;
use engine_tests::until;
use serde_json::json;

use crate::airflow::{SOON, attempt, beat, nothing_is_left, process_at, server, states, told};
use crate::airflow_cancels::cancelled;

/// The processes that wrote there, each once.
fn processes_at(beat: &Path) -> Vec<u32> {
    let all = fs::read_to_string(beat).unwrap_or_default();
    let mut processes: Vec<u32> = all.lines().filter_map(|line| line.parse().ok()).collect();
    processes.dedup();
    processes
}

fn is_there(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}

#[tokio::test]
async fn a_task_that_begins_again_ends_truly_and_a_cancel_holds_before_and_after() {
    let Some(airflow) = Airflow::own("Airflow whose tasks begin again").await else { return };
    let server = server(&airflow);
    let (mut jobs, mut beats) = (Vec::new(), Vec::new());
    // Of these the first is let be, the second is cancelled before it begins again, the third after that.
    let done_at_once = json!({"seconds": 0, "child": ""});
    for try_2 in [done_at_once, json!({}), json!({})] {
        let (beat, mark) = beat(&airflow);
        let conf = json!({
            "beat": beat, "seconds": 600, "child": mark, "lines": 2, "try_2": try_2,
        });
        jobs.push(attempt("once", conf).create(&server).await.unwrap());
        beats.push((beat, mark));
    }
    let [goes_on, before, after] = &jobs[..] else { unreachable!("three") };
    let mut first = Vec::new();
    for (beat, _) in &beats {
        first.push(process_at(beat).await);
    }
    airflow.kill();
    for (_, mark) in &beats {
        assert!(marked(mark).is_empty(), "its tasks died with it");
    }
    airflow.start_without_scheduler().await;
    for job in &jobs {
        // Airflow does not know better, and will begin with it again.
        let meanwhile = job.get(&server).await.unwrap();
        assert_eq!(meanwhile.phase(), Phase::Running, "{meanwhile:?}");
    }
    cancelled(&server, before).await;
    assert_eq!(before.get(&server).await.unwrap().phase(), Phase::Aborted);

    airflow.start_scheduler();
    let again = async || processes_at(&beats[2].0).get(1).copied();
    let second = until("the third begins again", SOON, again).await;
    assert_eq!(after.get(&server).await.unwrap().phase(), Phase::Running);
    cancelled(&server, after).await;
    assert!(!is_there(second), "the cancel is done");
    assert_eq!(after.get(&server).await.unwrap().phase(), Phase::Aborted);

    let done = goes_on.until(&server, &[Phase::Succeeded], SOON).await;
    let log = goes_on.log(&server).await.unwrap();
    let heads: Vec<&String> = log.iter().filter(|line| line.starts_with("task `")).collect();
    assert_eq!(heads, ["task `only`, try 1", "task `only`, try 2"], "{done:?}");
    assert_eq!(log.iter().filter(|line| *line == "line 1").count(), 2, "{log:#?}");

    // By now the scheduler has looked at all three, and for long at two that it was not to begin.
    assert_eq!(processes_at(&beats[1].0), first[1..2], "the second never began again");
    for ((job, (_, mark)), expected) in
        jobs.iter().zip(&beats).zip([Phase::Succeeded, Phase::Aborted, Phase::Aborted])
    {
        assert_eq!(job.get(&server).await.unwrap().phase(), expected);
        nothing_is_left(&airflow, job, mark).await;
    }
}

#[tokio::test]
async fn a_run_that_is_about_to_begin_again_is_cancelled_and_does_not() {
    let Some(airflow) = Airflow::own("Airflow that is about to begin again").await else { return };
    let server = server(&airflow);
    let (beat, mark) = beat(&airflow);
    let conf = json!({"beat": beat, "seconds": 600, "child": mark});
    let job = attempt("once", conf).create(&server).await.unwrap();
    let first = process_at(&beat).await;
    airflow.kill();
    airflow.start_without_scheduler().await;
    // There is no room, so that it stays on its way.
    airflow.room(0).await;
    airflow.start_scheduler();
    let is_reset = async || {
        let states = states(&airflow, &job).await;
        (states != ["running"]).then_some(states)
    };
    let states = until("the task is reset", SOON, is_reset).await;
    assert!(matches!(states[0].as_str(), "scheduled" | "none"), "{states:?}");
    assert_eq!(job.get(&server).await.unwrap().phase(), Phase::Running);
    cancelled(&server, &job).await;
    assert_eq!(job.get(&server).await.unwrap().phase(), Phase::Aborted);
    airflow.room(8).await;
    // Another one begins in its place.
    let next = attempt("once", json!({})).create(&server).await.unwrap();
    next.until(&server, &[Phase::Succeeded], SOON).await;
    assert_eq!(processes_at(&beat), [first], "it never began again");
    assert_eq!(told(&airflow, &job).await["state"], "failed");
    nothing_is_left(&airflow, &job, &mark).await;
}

#[tokio::test]
async fn a_cancel_ends_both_tries_of_a_task_that_outlived_its_scheduler() {
    let Some(airflow) = Airflow::own("Airflow whose scheduler dies alone").await else { return };
    let server = server(&airflow);
    airflow.kill();
    airflow.start_without_scheduler().await;
    airflow.start_scheduler();
    let (beat, mark) = beat(&airflow);
    let conf = json!({"beat": beat, "seconds": 600, "child": mark});
    let job = attempt("once", conf).create(&server).await.unwrap();
    let first = process_at(&beat).await;
    airflow.kill_scheduler();
    airflow.start_scheduler();
    let again = async || processes_at(&beat).into_iter().find(|it| *it != first);
    let second = until("it begins again", SOON, again).await;
    // Airflow runs a task that must not be retried twice at once.
    assert!(is_there(first));
    cancelled(&server, &job).await;
    assert_eq!([is_there(first), is_there(second)], [false, false], "the cancel is done");
    assert_eq!(job.get(&server).await.unwrap().phase(), Phase::Aborted);
    nothing_is_left(&airflow, &job, &mark).await;

    // The same where it has not begun again yet, and Airflow calls it skipped.
    let (beat, mark) = super::airflow::beat(&airflow);
    let conf = json!({"beat": beat, "seconds": 600, "child": mark});
    let job = attempt("once", conf).create(&server).await.unwrap();
    let first = process_at(&beat).await;
    airflow.kill_scheduler();
    airflow.room(0).await;
    airflow.start_scheduler();
    let is_reset = async || (states(&airflow, &job).await != ["running"]).then_some(());
    until("the task is reset", SOON, is_reset).await;
    assert!(is_there(first));
    cancelled(&server, &job).await;
    assert!(!is_there(first) && marked(&mark).is_empty(), "the cancel is done");
    assert_eq!(states(&airflow, &job).await, ["skipped"]);
    assert_eq!(job.get(&server).await.unwrap().phase(), Phase::Aborted);
    assert_eq!(processes_at(&beat), [first], "it never began again");
    nothing_is_left(&airflow, &job, &mark).await;
}
