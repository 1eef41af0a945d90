//! Creates on paused time: once per attempt, whoever leaves, nothing left behind.

use std::sync::Arc;
use std::time::Duration;

use connector_core::ConnectorError;
use connector_core::host::JobRequest;
use futures_util::FutureExt;
use tokio::time::{Instant, sleep};

use crate::failure::Cause;
use crate::probe::Bench;

const SECOND: Duration = Duration::from_secs(1);

fn takes(bench: &Bench, span: Duration) {
    *bench.ledger.create_takes.lock().unwrap() = span;
}

/// A create that its caller leaves after a second; the connector takes five.
async fn abandoned(bench: &Bench, attempt: Option<u32>) {
    takes(bench, 5 * SECOND);
    let left = bench.created(attempt, Some(SECOND)).await;
    assert!(matches!(left, Err(Cause::OutOfTime(_))), "{left:?}");
    assert_eq!(bench.made(), 0);
}

#[tokio::test(start_paused = true)]
async fn creates_of_one_attempt_share_one_job() {
    let bench = Arc::new(Bench::new(&[]).await);
    takes(&bench, SECOND);
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move { bench.created(Some(0), None).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap(), "{\"job_id\": \"j-1\"}");
    }
    // Later, too; and another attempt, or no attempt at all, is another job.
    assert_eq!(bench.created(Some(0), None).await.unwrap(), "{\"job_id\": \"j-1\"}");
    assert_eq!(bench.made(), 1);
    for (attempt, job) in [(Some(1), "j-2"), (None, "j-3"), (None, "j-4")] {
        assert_eq!(
            bench.created(attempt, None).await.unwrap(),
            format!("{{\"job_id\": \"{job}\"}}")
        );
    }
    assert_eq!(bench.remembered("creates"), 0);
}

#[tokio::test(start_paused = true)]
async fn other_settings_are_another_task() {
    let bench = Bench::new(&[]).await;
    let call = bench.call(None);
    let request = |seconds: f64| {
        let mut request = bench.create(Some(0));
        let value =
            prost_types::Value { kind: Some(prost_types::value::Kind::NumberValue(seconds)) };
        let fields = [("seconds".to_owned(), value)].into();
        request.template.custom = Some(prost_types::Struct { fields });
        request
    };
    let one = bench.gate.create(request(1.0), &call).await.unwrap();
    assert_eq!(bench.gate.create(request(1.0), &call).await.unwrap(), one);
    assert_ne!(bench.gate.create(request(2.0), &call).await.unwrap(), one);
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_job_is_cancelled_after_the_grace() {
    let bench = Bench::new(&[]).await;
    abandoned(&bench, Some(0)).await;
    sleep(33 * SECOND).await;
    assert_eq!((bench.made(), bench.deleted().len()), (1, 0), "the grace is not over");
    sleep(2 * SECOND).await;
    assert_eq!(bench.deleted(), ["j-1"]);
    assert_eq!((bench.told("abandoned cancelled"), bench.remembered("creates")), (1, 0));
    // What was cancelled is not answered again.
    assert_eq!(bench.created(Some(0), None).await.unwrap(), "{\"job_id\": \"j-2\"}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_looked_at_too_late_is_not_given() {
    let bench = Bench::new(&[]).await;
    takes(&bench, SECOND);
    let mut create = Box::pin(bench.created(Some(0), Some(2 * SECOND)));
    assert!((&mut create).now_or_never().is_none());
    // The connector is in time; the thread that would tell its caller is not.
    sleep(3 * SECOND).await;
    let late = create.await;
    assert!(matches!(late, Err(Cause::OutOfTime(_))), "{late:?}");
    sleep(40 * SECOND).await;
    assert_eq!(bench.deleted(), ["j-1"]);
}

#[tokio::test(start_paused = true)]
async fn the_same_attempt_gets_the_job_it_left() {
    let bench = Bench::new(&[]).await;
    abandoned(&bench, Some(0)).await;
    sleep(20 * SECOND).await;
    assert_eq!(bench.created(Some(0), None).await.unwrap(), "{\"job_id\": \"j-1\"}");
    sleep(120 * SECOND).await;
    assert_eq!((bench.made(), bench.deleted().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_same_attempt_waits_for_the_end_of_a_job_that_is_being_cancelled() {
    let bench = Bench::new(&[]).await;
    let errors = (0..3).map(|_| ConnectorError::permanent("409"));
    bench.ledger.delete_errors.lock().unwrap().extend(errors);
    abandoned(&bench, Some(0)).await;
    while bench.deleted().is_empty() {
        sleep(SECOND / 10).await;
    }
    // One call has no time to wait, the other has.
    let hasty = bench.created(Some(0), Some(SECOND / 10)).await;
    assert!(matches!(hasty, Err(Cause::OutOfTime(_))), "{hasty:?}");
    assert_eq!(bench.made(), 1);
    assert_eq!(bench.created(Some(0), None).await.unwrap(), "{\"job_id\": \"j-2\"}");
    assert_eq!(bench.deleted(), ["j-1"; 4], "the first job was gone by then");
    assert_eq!(bench.remembered("creates"), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_after_the_next_attempt_has_begun_is_not_given() {
    let bench = Arc::new(Bench::new(&[]).await);
    takes(&bench, 5 * SECOND);
    let first = {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.created(Some(0), None).await })
    };
    sleep(SECOND).await;
    takes(&bench, Duration::ZERO);
    assert_eq!(bench.created(Some(1), None).await.unwrap(), "{\"job_id\": \"j-1\"}");
    let late = first.await.unwrap();
    assert!(matches!(late, Err(Cause::Call(_))), "{late:?}");
    sleep(SECOND).await;
    assert_eq!(bench.deleted(), ["j-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_without_an_attempt_is_cancelled_at_once() {
    let bench = Bench::new(&[]).await;
    abandoned(&bench, None).await;
    sleep(5 * SECOND).await;
    assert_eq!(bench.deleted(), ["j-1"]);
}

#[tokio::test(start_paused = true)]
async fn the_next_attempt_cancels_what_the_one_before_left() {
    let bench = Bench::new(&[]).await;
    abandoned(&bench, Some(0)).await;
    takes(&bench, Duration::ZERO);
    assert_eq!(bench.created(Some(1), None).await.unwrap(), "{\"job_id\": \"j-1\"}");
    // The first attempt's create ends now, without a taker and without a grace.
    sleep(5 * SECOND).await;
    assert_eq!(bench.deleted(), ["j-2"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_is_cancelled_by_the_next_attempt() {
    let bench = Bench::new(&[]).await;
    bench.created(Some(0), None).await.unwrap();
    bench.created(Some(1), None).await.unwrap();
    sleep(SECOND).await;
    assert_eq!(bench.deleted(), ["j-1"]);
    // Once asked about, a job is known to Flyte, which cancels it itself.
    bench.poll("j-2").await.unwrap();
    bench.created(Some(2), None).await.unwrap();
    sleep(SECOND).await;
    assert_eq!(bench.deleted(), ["j-1"]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends_all_before_it_also_where_the_one_in_between_never_came() {
    let bench = Bench::new(&[]).await;
    bench.created(Some(0), None).await.unwrap();
    // The create of attempt 1 was lost on its way.
    bench.created(Some(2), None).await.unwrap();
    sleep(SECOND).await;
    assert_eq!(bench.deleted(), ["j-1"]);
    // It comes after all, when nobody can be waiting for it.
    let late = bench.created(Some(1), None).await.unwrap_err();
    let Cause::Call(error) = late else { panic!("{late:?}") };
    assert!(error.to_string().contains("a later attempt of this task has begun"), "{error}");
    assert_eq!(bench.created(Some(2), None).await.unwrap(), "{\"job_id\": \"j-2\"}");
    assert_eq!(bench.remembered("begun_tasks"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_server_does_not_wait_for_the_grace() {
    let bench = Bench::new(&[]).await;
    // One is made already and waits for its grace, one is still being made.
    abandoned(&bench, Some(0)).await;
    sleep(5 * SECOND).await;
    let call = bench.call(Some(SECOND));
    let other = bench.gate.create(bench.create(Some(7)), &call);
    assert!(matches!(other.await, Err(Cause::OutOfTime(_))));
    let began = Instant::now();
    bench.drain(20 * SECOND).await;
    assert!(began.elapsed() < 5 * SECOND, "{:?}", began.elapsed());
    assert_eq!(bench.deleted(), ["j-1", "j-2"]);
    assert!(matches!(bench.created(Some(9), None).await, Err(Cause::Ending)));
}

#[tokio::test(start_paused = true)]
async fn cancelling_goes_on_until_it_works() {
    let bench = Bench::new(&[]).await;
    let errors = (0..5).map(|_| ConnectorError::permanent("403"));
    bench.ledger.delete_errors.lock().unwrap().extend(errors);
    abandoned(&bench, None).await;
    sleep(60 * SECOND).await;
    assert_eq!((bench.deleted().len(), bench.remembered("creates")), (6, 0));
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_keep_what_was_left() {
    let bench = Bench::new(&[("ABANDONED", "keep")]).await;
    abandoned(&bench, Some(0)).await;
    sleep(60 * SECOND).await;
    assert_eq!(bench.created(Some(0), None).await.unwrap(), "{\"job_id\": \"j-1\"}");
    assert_eq!(bench.deleted().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn hopeless_tasks_become_failed_jobs() {
    use connector_core::Phase;

    for error in [
        ConnectorError::invalid_task("`x` is missing"),
        ConnectorError::permanent("bad SQL"),
        ConnectorError::not_found("no such table"),
        ConnectorError::unsupported("no GPUs"),
    ] {
        let said = error.message().to_owned();
        let plain = Bench::new(&[("CREATE_ERRORS", "plain_error")]).await;
        let again = ConnectorError::new(error.kind(), said.clone());
        plain.ledger.create_errors.lock().unwrap().push_back(again);
        assert!(matches!(plain.created(Some(0), None).await, Err(Cause::Call(_))));

        let bench = Bench::new(&[]).await;
        bench.ledger.create_errors.lock().unwrap().push_back(error);
        let meta = bench.created(Some(0), None).await.unwrap();
        let call = bench.call(None);
        let mut request = bench.job("");
        request.resource_meta = meta.clone().into();
        let job = bench.gate.get(request.clone(), &call).await.unwrap();
        assert_eq!((job.phase, job.message), (Phase::Failed, said));
        bench.gate.delete(request, &call).await.unwrap();
        assert_eq!((bench.polls(), bench.deleted().len()), (0, 0), "nothing reached the vendor");
        assert_eq!(bench.created(Some(0), None).await.unwrap(), meta);
    }
}

#[tokio::test(start_paused = true)]
async fn other_errors_are_shared_by_those_who_wait_and_not_kept() {
    let bench = Arc::new(Bench::new(&[]).await);
    takes(&bench, SECOND);
    let error = ConnectorError::retryable("no node").with_source("the cause");
    bench.ledger.create_errors.lock().unwrap().push_back(error);
    let both = [(); 2].map(|()| {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.created(Some(0), None).await })
    });
    for caller in both {
        match caller.await.unwrap() {
            Err(Cause::Call(error)) => assert_eq!(error.to_string(), "no node"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(bench.created(Some(0), None).await.unwrap(), "{\"job_id\": \"j-1\"}");
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_metadata_cannot_be_kept_is_cancelled() {
    let bench = Bench::new(&[("MAX_META_BYTES", "100")]).await;
    bench.ledger.padding.store(100, std::sync::atomic::Ordering::SeqCst);
    let meta = bench.created(Some(0), None).await.unwrap();
    assert!(meta.contains("`max_meta_bytes`"), "{meta}");
    sleep(SECOND).await;
    assert_eq!((bench.made(), bench.deleted().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_create_without_an_end_is_stopped() {
    let bench = Bench::new(&[("CREATE_LIMIT", "2m")]).await;
    takes(&bench, 3_600 * SECOND);
    let left = bench.created(Some(0), Some(SECOND)).await;
    assert!(matches!(left, Err(Cause::OutOfTime(_))));
    assert_eq!(bench.remembered("creates"), 1);
    sleep(121 * SECOND).await;
    assert_eq!((bench.made(), bench.remembered("creates")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn answers_are_forgotten_in_time() {
    let bench = Bench::new(&[]).await;
    bench.created(Some(0), None).await.unwrap();
    assert_eq!((bench.remembered("created_jobs"), bench.remembered("unpolled_jobs")), (1, 1));
    bench.poll("j-1").await.unwrap();
    assert_eq!(bench.remembered("unpolled_jobs"), 0);
    sleep(601 * SECOND).await;
    assert_eq!(bench.remembered("created_jobs"), 0);
    assert_eq!(bench.created(Some(0), None).await.unwrap(), "{\"job_id\": \"j-2\"}");
}

#[tokio::test(start_paused = true)]
async fn metadata_with_a_secret_is_refused_by_field_and_its_job_cancelled() {
    let bench = Bench::new(&[]).await;
    *bench.ledger.noted.lock().unwrap() = "?key=hunter2-and-more".to_owned();
    let mut request = bench.create(Some(0));
    request.connection = Some(connector_core::pb::Connection {
        secrets: [("api_key".to_owned(), "hunter2-and-more".to_owned())].into(),
        ..Default::default()
    });
    let meta = bench.gate.create(request.clone(), &bench.call(None)).await.unwrap();
    assert!(!String::from_utf8_lossy(&meta).contains("hunter2"), "{meta:?}");
    sleep(SECOND).await;
    assert_eq!(bench.deleted(), ["j-1?key=hunter2-and-more"], "cancelled as it was made");
    let asked = JobRequest { resource_meta: meta, ..bench.job("") };
    let job = bench.gate.get(asked, &bench.call(None)).await.unwrap();
    assert_eq!(job.phase, connector_core::Phase::Failed);
    assert!(
        job.message.starts_with("the field `job_id` of the resource metadata holds a secret"),
        "{}",
        job.message
    );
    // Nothing of the kind: the job is handed out.
    bench.ledger.noted.lock().unwrap().clear();
    request.output_prefix = "s3://other/".to_owned();
    request.execution = None;
    let meta = bench.gate.create(request, &bench.call(None)).await.unwrap();
    assert_eq!(meta, r#"{"job_id": "j-2"}"#);
}
