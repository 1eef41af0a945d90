//! Polls on paused time: no transient error leaves, and the vendor is asked at its own pace.

use std::sync::Arc;
use std::time::Duration;

use connector_core::prelude::*;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use crate::failure::Cause;
use crate::probe::{Answer, Bench};

const SECOND: Duration = Duration::from_secs(1);

fn transient() -> Answer {
    Answer::Fails(ConnectorError::transient("503"))
}

#[tokio::test(start_paused = true)]
async fn a_transient_error_is_tried_again_within_the_call() {
    let bench = Bench::new(&[]).await;
    bench.answer([transient(), transient(), Answer::Is(Phase::Queued)]);
    assert_eq!(bench.poll("j").await.unwrap(), (Phase::Queued, String::new()));
    assert_eq!((bench.polls(), bench.told("masked transient")), (3, 2));
}

#[tokio::test(start_paused = true)]
async fn no_number_of_transient_errors_leaves() {
    let bench = Bench::new(&[]).await;
    bench.answer([Answer::Is(Phase::Queued)]);
    bench.poll("j").await.unwrap();
    bench.answer((0..20).map(|_| transient()));
    let mut told = 0;
    while bench.polls() < 21 {
        let began = Instant::now();
        let (phase, message) = bench.poll("j").await.unwrap();
        assert!(began.elapsed() <= 2 * SECOND, "a worker of the executor waits");
        if message.is_empty() {
            break;
        }
        assert_eq!(phase, Phase::Queued, "the last known phase");
        assert!(message.starts_with("status unknown since 20"), "{message}");
        assert!(message.ends_with(": 503"), "{message}");
        told += 1;
    }
    assert!(told >= 2, "{told}");
    assert_eq!(bench.told("masked transient"), 20);
    assert_eq!(bench.poll("j").await.unwrap().0, Phase::Running);
    assert_eq!(bench.remembered("jobs"), 0, "a job that answers needs no record");
}

#[tokio::test(start_paused = true)]
async fn a_state_unknown_for_too_long_is_a_lost_job() {
    let bench = Bench::new(&[("STALENESS_BUDGET", "5m"), ("RETRY_FOR", "0")]).await;
    bench.answer((0..12).map(|_| transient()));
    for _ in 0..10 {
        assert_eq!(bench.poll("j").await.unwrap().0, Phase::Running);
        sleep(30 * SECOND).await;
    }
    let (phase, message) = bench.poll("j").await.unwrap();
    assert_eq!(phase, Phase::RetryableFailed);
    assert!(message.contains("longer than 300s: 503"), "{message}");
    assert_eq!(bench.remembered("jobs"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_asks_to_wait_is_left_alone() {
    let bench = Bench::new(&[]).await;
    let wait = ConnectorError::transient_after(60 * SECOND, "429");
    bench.answer([Answer::Fails(wait)]);
    for _ in 0..5 {
        let (phase, message) = bench.poll("j").await.unwrap();
        assert_eq!((phase, message.ends_with(": 429")), (Phase::Running, true));
        sleep(10 * SECOND).await;
    }
    assert_eq!(bench.polls(), 1);
    sleep(11 * SECOND).await;
    assert_eq!(bench.poll("j").await.unwrap(), (Phase::Running, String::new()));
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_asks_to_wait_for_ever_is_asked_again() {
    let bench = Bench::new(&[]).await;
    let wait = ConnectorError::transient_after(Duration::MAX, "429");
    bench.answer([Answer::Fails(wait)]);
    assert_eq!(bench.poll("j").await.unwrap().0, Phase::Running);
    sleep(3_599 * SECOND).await;
    bench.poll("j").await.unwrap();
    assert_eq!(bench.polls(), 1);
    sleep(2 * SECOND).await;
    assert_eq!(bench.poll("j").await.unwrap(), (Phase::Running, String::new()));
    assert_eq!(bench.polls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_hangs_is_answered_before_the_caller_leaves() {
    let bench = Bench::new(&[]).await;
    bench.answer([Answer::Hangs]);
    let began = Instant::now();
    let (phase, message) = bench.poll("j").await.unwrap();
    assert_eq!(phase, Phase::Running);
    assert!(message.contains("did not answer within 10s"), "{message}");
    assert!(began.elapsed() < 10 * SECOND);
    assert_eq!(bench.told("masked timeout"), 1);
}

#[tokio::test(start_paused = true)]
async fn one_panic_is_shown_and_the_job_goes_on() {
    let bench = Bench::new(&[]).await;
    bench.answer((0..8).map(|_| Answer::Panics));
    assert!(matches!(bench.poll("j").await, Err(Cause::Panicked(_))));
    for _ in 0..7 {
        let (phase, message) = bench.poll("j").await.unwrap();
        assert_eq!(phase, Phase::Running);
        assert!(message.contains("panicked: the probe was told to"), "{message}");
    }
    assert_eq!(bench.poll("j").await.unwrap(), (Phase::Running, String::new()));
    bench.answer([Answer::Panics]);
    assert!(bench.poll("j").await.is_ok(), "once per job, also after a good answer");
}

#[tokio::test(start_paused = true)]
async fn final_errors_are_final_phases() {
    for (error, phase) in [
        (ConnectorError::not_found("gone"), Phase::Failed),
        (ConnectorError::permanent("gone"), Phase::Failed),
        (ConnectorError::invalid_task("gone"), Phase::Failed),
        (ConnectorError::unsupported("gone"), Phase::Failed),
        (ConnectorError::retryable("gone"), Phase::RetryableFailed),
    ] {
        let bench = Bench::new(&[]).await;
        bench.answer([Answer::Fails(error)]);
        assert_eq!(bench.poll("j").await.unwrap(), (phase, "gone".to_owned()));
        assert_eq!(bench.polls(), 1);
    }
    let bench = Bench::new(&[]).await;
    let call = bench.call(None);
    let mut request = bench.job("");
    request.resource_meta = "not metadata".into();
    let job = bench.gate.get(request.clone(), &call).await.unwrap();
    assert_eq!(job.phase, Phase::Failed);
    assert!(job.message.contains("cannot be followed any more"), "{}", job.message);
    bench.gate.delete(request, &call).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_unknown_state_is_counted_and_runs() {
    const STATES: StateTable = StateTable::new(&[]);
    let bench = Bench::new(&[]).await;
    bench.answer([Answer::Says(STATES.resource("RESUMING"))]);
    let (phase, message) = bench.poll("j").await.unwrap();
    assert_eq!(phase, Phase::Running);
    assert!(message.contains("RESUMING"));
    assert_eq!(bench.told("unknown state"), 1);
}

#[tokio::test(start_paused = true)]
async fn between_polls_the_last_answer_counts() {
    let bench = Bench::new(&[("POLL_INTERVAL", "30s")]).await;
    bench.answer([Answer::Is(Phase::Queued), Answer::Is(Phase::Initializing)]);
    for (second, phase) in
        [(0, Phase::Queued), (10, Phase::Queued), (20, Phase::Queued), (30, Phase::Initializing)]
    {
        assert_eq!(bench.poll("j").await.unwrap().0, phase, "after {second} s");
        sleep(10 * SECOND).await;
    }
    assert_eq!(bench.polls(), 2);
    bench.delete("j").await.unwrap();
    assert_eq!((bench.remembered("answers"), bench.remembered("jobs")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_connector_can_say_how_long_an_answer_is_good() {
    let bench = Bench::new(&[]).await;
    bench.answer([Answer::Says(Resource::queued().good_for(20 * SECOND))]);
    for _ in 0..2 {
        assert_eq!(bench.poll("j").await.unwrap().0, Phase::Queued);
        sleep(9 * SECOND).await;
    }
    sleep(3 * SECOND).await;
    assert_eq!(bench.poll("j").await.unwrap().0, Phase::Running);
    // Other jobs have no pace.
    let before = bench.polls();
    for _ in 0..3 {
        bench.poll("other").await.unwrap();
    }
    assert_eq!(bench.polls(), before + 3);
}

#[tokio::test(start_paused = true)]
async fn polls_at_one_moment_share_a_question() {
    let bench = Bench::new(&[("POLL_INTERVAL", "30s")]).await;
    bench.answer([transient()]);
    let answers = join_all((0..10).map(|_| bench.poll("j"))).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap().0 == Phase::Running));
    assert_eq!(bench.polls(), 2);
}

#[tokio::test(start_paused = true)]
async fn many_jobs_are_asked_about_in_few_calls() {
    const JOBS: usize = 1_000;
    const ROUNDS: usize = 6;
    let values = [("POLL_INTERVAL", "30s"), ("BATCH_SIZE", "100")];
    let bench = Arc::new(Bench::new(&values).await);
    for round in 0..ROUNDS {
        let began = Instant::now();
        join_all((0..JOBS).map(|job| {
            let bench = &bench;
            async move { bench.poll(&format!("j-{job}")).await.unwrap() }
        }))
        .await;
        sleep((10 * SECOND).saturating_sub(began.elapsed())).await;
        let calls = bench.ledger.batches.lock().unwrap().len();
        assert!(calls <= (round / 3 + 1) * JOBS / 100, "{calls} calls after round {round}");
    }
    assert_eq!(bench.polls(), 0, "never one by one");
    assert!(bench.ledger.batches.lock().unwrap().iter().all(|size| *size <= 100));
}

#[tokio::test(start_paused = true)]
async fn free_places_of_a_batch_are_filled() {
    let bench = Bench::new(&[("POLL_INTERVAL", "30s"), ("BATCH_SIZE", "10")]).await;
    for job in 0..10 {
        bench.poll(&format!("j-{job}")).await.unwrap();
    }
    sleep(31 * SECOND).await;
    bench.ledger.batches.lock().unwrap().clear();
    // Polled one after the other: the first call asks about all.
    for job in 0..10 {
        bench.poll(&format!("j-{job}")).await.unwrap();
    }
    assert_eq!(*bench.ledger.batches.lock().unwrap(), [10]);
}

#[tokio::test(start_paused = true)]
async fn a_delete_is_tried_again_and_then_left_to_the_executor() {
    let bench = Bench::new(&[]).await;
    let errors = |errors: Vec<ConnectorError>| {
        *bench.ledger.delete_errors.lock().unwrap() = errors.into();
    };
    errors(vec![ConnectorError::transient("503"), ConnectorError::not_found("gone")]);
    bench.delete("j").await.unwrap();
    errors((0..99).map(|_| ConnectorError::transient("503")).collect());
    let began = Instant::now();
    assert!(matches!(bench.delete("j").await, Err(Cause::Call(_))));
    assert!(began.elapsed() <= 2 * SECOND);
    errors(vec![ConnectorError::permanent("403")]);
    assert!(matches!(bench.delete("j").await, Err(Cause::Call(_))));
}

/// A call's future is moved from layer to layer and then to the heap: its size is paid at every poll.
#[tokio::test]
async fn a_call_takes_little_room() {
    let bench = Bench::new(&[]).await;
    let call = bench.call(None);
    assert!(size_of_val(&bench.gate.get(bench.job("j"), &call)) <= 1_024);
    assert!(size_of_val(&bench.gate.delete(bench.job("j"), &call)) <= 1_024);
}
