//! The fake executor against scripted answers: every rule it replays, on paused time.
//! A rule that is wrong here would judge connectors by an executor that does not exist.

mod scripted;

use std::time::Duration;

use connector_core::literal;
use connector_testing::{
    Created, End, ExecutorRules, FailureCode, FakeExecutor, RepeatedCreate, Task, Trouble, Vendor,
    VendorJob, VendorState,
};
use scripted::{Call, Reply, Scripted, phase};

const HOUR: u64 = 3600;

fn give(meta: &str) -> Reply<String> {
    Reply::Give(meta.to_owned())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn is_get(call: &Call) -> bool {
    matches!(call, Call::Get(_))
}

fn is_create(call: &Call) -> bool {
    matches!(call, Call::Create(..))
}

fn is_delete(call: &Call) -> bool {
    matches!(call, Call::Delete(_))
}

#[tokio::test(start_paused = true)]
async fn polls_at_once_and_then_every_30_seconds_and_removes_after_an_hour() {
    let service = Scripted::polled([phase(1), phase(2), phase(2), phase(3)]);
    let record = FakeExecutor::new(service.channel()).run(&Task::new("t")).await;
    assert_eq!(record.end, End::Succeeded { outputs: None });
    assert_eq!(record.attempts[0].phases, [1, 2, 3]);
    assert_eq!(service.times(is_get), [0, 30, 60, 90]);
    // Seen by the look that follows the last poll; deleted even though it succeeded.
    let removed = service.times(is_delete);
    assert!(removed.len() == 1 && (90 + HOUR..=100 + HOUR).contains(&removed[0]), "{removed:?}");
}

#[tokio::test(start_paused = true)]
async fn the_sixth_failed_poll_of_a_life_wedges_a_job_that_was_seen() {
    let refused = || Reply::Refuse;
    let service = Scripted::polled([
        phase(2),
        refused(),
        refused(),
        phase(2),
        refused(),
        refused(),
        refused(),
        phase(2),
        refused(),
        phase(3),
    ]);
    let executor = FakeExecutor::new(service.channel());
    let record = executor.run(&Task::new("t")).await;
    assert!(matches!(record.end, End::Wedged { phase: 2, .. }), "{}", record.end);
    assert_eq!(service.times(is_get).len(), 9, "polls go on after the sixth failure");
    let report = executor.report();
    assert_eq!((report.wedged.len(), report.lost.len()), (1, 0), "{report}");
}

#[tokio::test(start_paused = true)]
async fn five_failed_polls_are_survived() {
    let service = Scripted::polled((0..5).map(|_| Reply::Refuse).chain([phase(3)]));
    let executor = FakeExecutor::new(service.channel());
    assert_eq!(executor.run(&Task::new("t")).await.end, End::Succeeded { outputs: None });
    assert!(executor.report().is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_was_never_seen_fails_for_good() {
    let service = Scripted::polled([Reply::Refuse]);
    let executor = FakeExecutor::new(service.channel());
    let record = executor.run(&Task::new("t").attempts(3)).await;
    let End::Failed { code, message } = record.end else { panic!("{}", record.end) };
    assert_eq!(code, FailureCode::AutoRefreshCacheFailed);
    assert!(message.contains("503"), "{message}");
    assert_eq!(record.attempts.len(), 1, "no retry");
    assert_eq!(service.times(is_get).len(), 6);
    assert_eq!(executor.report().lost.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_restart_polls_at_once_from_what_is_stored_and_keeps_the_count() {
    let refused = (0..2).map(|_| Reply::Refuse);
    let service = Scripted::polled([phase(2)].into_iter().chain(refused).chain([phase(3)]));
    let trouble = Trouble { restarts: vec![seconds(65)], ..Trouble::default() };
    let record = FakeExecutor::new(service.channel()).run_with(&Task::new("t"), &trouble).await;
    assert_eq!(record.end, End::Succeeded { outputs: None });
    assert_eq!(record.attempts[0].restarts, 1);
    assert_eq!(service.times(is_get), [0, 30, 60, 65]);
    assert_eq!(service.times(is_create), [0]);

    // A wedged job is not healed by it: it fails, and nobody asks the connector.
    let service = Scripted::polled([phase(2), Reply::Refuse]);
    let trouble = Trouble { restarts: vec![seconds(1000)], ..Trouble::default() };
    let executor = FakeExecutor::new(service.channel());
    let end = executor.run_with(&Task::new("t"), &trouble).await.end;
    assert!(matches!(end, End::Failed { code: FailureCode::AutoRefreshCacheFailed, .. }), "{end}");
    assert_eq!(service.times(is_get).len(), 7);
}

#[tokio::test(start_paused = true)]
async fn any_create_error_is_a_new_attempt_and_leaves_nothing_to_delete() {
    let service = Scripted::new([Reply::Refuse, give("second")], [phase(3)], [Reply::Give(())]);
    let record = FakeExecutor::new(service.channel()).run(&Task::new("t").attempts(2)).await;
    assert_eq!(record.end, End::Succeeded { outputs: None });
    assert_eq!(record.attempts[0].resource_meta, None);
    assert_ne!(record.attempts[0].output_prefix, record.attempts[1].output_prefix);
    let calls: Vec<Call> = service.calls().into_iter().map(|(_, call)| call).collect();
    assert_eq!(
        calls,
        [
            Call::Create(0, vec![]),
            Call::Create(1, vec![]),
            Call::Get("second".to_owned()),
            Call::Delete("second".to_owned()),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_create_past_its_deadline_is_an_error_without_metadata() {
    let service =
        Scripted::new([Reply::Late(seconds(11), "late".to_owned())], [phase(3)], [Reply::Give(())]);
    let executor = FakeExecutor::new(service.channel());
    let record = executor.run(&Task::new("t")).await;
    let End::Failed { code: FailureCode::TaskFailedWithError, message } = record.end else {
        panic!("{}", record.end)
    };
    assert!(message.contains("DeadlineExceeded"), "{message}");
    assert_eq!(service.times(|_| true), [0], "nothing is polled or deleted");

    // Where no deadline is configured, there is none.
    let rules = ExecutorRules { create_deadline: None, ..ExecutorRules::default() };
    let patient = FakeExecutor::builder(service.channel()).rules(rules).build();
    assert_eq!(patient.run(&Task::new("t")).await.end, End::Succeeded { outputs: None });
}

#[tokio::test(start_paused = true)]
async fn a_retryable_failure_deletes_the_old_job_before_the_next_create() {
    let service =
        Scripted::new([give("one"), give("two")], [phase(8), phase(3)], [Reply::Give(())]);
    let record = FakeExecutor::new(service.channel()).run(&Task::new("t").attempts(2)).await;
    assert_eq!(record.end, End::Succeeded { outputs: None });
    let calls: Vec<Call> = service.calls().into_iter().map(|(_, call)| call).collect();
    let job = |job: &str| job.to_owned();
    assert_eq!(
        calls,
        [
            Call::Create(0, vec![]),
            Call::Get(job("one")),
            Call::Delete(job("one")),
            Call::Create(1, vec![]),
            Call::Get(job("two")),
            Call::Delete(job("two")),
        ]
    );
    // Without an attempt left it is a failure like any other.
    let last = FakeExecutor::new(Scripted::polled([phase(8)]).channel());
    let end = last.run(&Task::new("t")).await.end;
    assert!(matches!(end, End::Failed { code: FailureCode::TaskFailedWithError, .. }), "{end}");
}

#[tokio::test(start_paused = true)]
async fn an_abort_deletes_until_it_works_every_10_seconds() {
    let service =
        Scripted::new([give("j")], [phase(2)], [Reply::Refuse, Reply::Refuse, Reply::Give(())]);
    let trouble =
        Trouble { abort_after: Some(seconds(45)), delete_twice: true, ..Trouble::default() };
    let executor = FakeExecutor::new(service.channel());
    let record = executor.run_with(&Task::new("t"), &trouble).await;
    assert_eq!(record.end, End::Aborted);
    assert_eq!(service.times(is_delete)[..4], [45, 55, 65, 65]);
    assert_eq!(record.attempts[0].failed_deletes.len(), 2);
    assert!(executor.report().is_clean());
}

#[tokio::test(start_paused = true)]
async fn an_abort_without_metadata_deletes_nothing() {
    let late = Reply::Late(seconds(60), "late".to_owned());
    let service = Scripted::new([late], [phase(2)], [Reply::Give(())]);
    let trouble = Trouble { abort_after: Some(seconds(5)), ..Trouble::default() };
    let executor = FakeExecutor::new(service.channel());
    let record = executor.run_with(&Task::new("t").attempts(4), &trouble).await;
    assert_eq!(record.end, End::Aborted);
    assert_eq!(service.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_never_works_is_reported() {
    let service = Scripted::new([give("j")], [phase(3)], [Reply::Refuse]);
    let executor = FakeExecutor::new(service.channel());
    let record = executor.run(&Task::new("t")).await;
    assert!(record.attempts[0].delete_is_stuck);
    let report = executor.report();
    assert_eq!(report.undeletable.len(), 1);
    assert!(report.to_string().contains("1 undeletable"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn one_impossible_answer_fails_the_task_before_the_next_poll() {
    for unknown in [0, 9, 99] {
        let service = Scripted::polled([phase(unknown), phase(3)]);
        let executor = FakeExecutor::new(service.channel());
        let end = executor.run(&Task::new("t").attempts(3)).await.end;
        let End::Failed { code, message } = end else { panic!("{end}") };
        assert_eq!(code, FailureCode::MaxSystemFailuresExceeded);
        assert!(message.contains(&format!("unknown execution phase [{unknown}]")), "{message}");
        assert_eq!(service.times(is_get), [0]);
        assert_eq!(executor.report().lost.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeated_create_has_the_same_attempt_and_another_order_of_inputs() {
    let task =
        (0..8).fold(Task::new("t"), |task, n| task.input(format!("i{n}"), literal::integer(n)));
    let pause = seconds(20);
    for (repeated_create, times) in [
        (RepeatedCreate::Concurrent { calls: 3 }, vec![0, 0, 0]),
        (RepeatedCreate::AfterAnswer { pause }, vec![0, 20]),
        (RepeatedCreate::NotWrittenDown { pause }, vec![0, 20]),
        (RepeatedCreate::WhileCalling { after: seconds(3), pause }, vec![0, 23]),
    ] {
        let late = Reply::Late(seconds(5), "j".to_owned());
        let creates = match repeated_create {
            RepeatedCreate::WhileCalling { .. } => vec![late, give("j")],
            _ => vec![give("j")],
        };
        let service = Scripted::new(creates, [phase(3)], [Reply::Give(())]);
        let trouble = Trouble { repeated_create: Some(repeated_create), ..Trouble::default() };
        let executor = FakeExecutor::new(service.channel());
        let record = executor.run_with(&task, &trouble).await;
        assert_eq!(record.end, End::Succeeded { outputs: None }, "{repeated_create:?}");
        assert_eq!(service.times(is_create), times, "{repeated_create:?}");
        let orders: Vec<Vec<String>> = service
            .calls()
            .into_iter()
            .filter_map(|(_, call)| match call {
                Call::Create(0, order) => Some(order),
                _ => None,
            })
            .collect();
        assert_eq!(orders.len(), times.len(), "another attempt: {repeated_create:?}");
        assert_ne!(orders[0], orders[1], "{repeated_create:?}");
        if let RepeatedCreate::WhileCalling { .. } = repeated_create {
            assert_eq!(record.attempts[0].creates[0], Created::Left);
        }
        assert!(executor.report().is_clean());
    }
}

#[tokio::test(start_paused = true)]
async fn different_answers_to_one_attempt_are_a_duplicate() {
    let pause = seconds(1);
    // After a crash the second answer counts, after a failed write the first.
    for (repeated_create, counts) in [
        (RepeatedCreate::AfterAnswer { pause }, "two"),
        (RepeatedCreate::NotWrittenDown { pause }, "one"),
    ] {
        let service = Scripted::new([give("one"), give("two")], [phase(3)], [Reply::Give(())]);
        let trouble = Trouble { repeated_create: Some(repeated_create), ..Trouble::default() };
        let executor = FakeExecutor::new(service.channel());
        let record = executor.run_with(&Task::new("t"), &trouble).await;
        assert_eq!(record.attempts[0].resource_meta.as_deref(), Some(counts.as_bytes()));
        let report = executor.report();
        assert_eq!(report.duplicated.len(), 1, "{report}");
        assert_eq!(report.calls.creates, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_never_ends_is_told_when_patience_ends() {
    let service = Scripted::polled([phase(2)]);
    let rules = ExecutorRules { patience: seconds(600), ..ExecutorRules::default() };
    let executor = FakeExecutor::builder(service.channel()).rules(rules).build();
    let record = executor.run(&Task::new("t")).await;
    assert_eq!(record.end, End::Unfinished { phase: Some(2) });
    assert_eq!(executor.report().wedged.len(), 1);
}

/// A vendor with these jobs.
struct Jobs(Vec<VendorJob>);

impl Vendor for Jobs {
    async fn jobs(&self) -> Vec<VendorJob> {
        self.0.clone()
    }
}

fn job(id: &str, run: &str, state: VendorState) -> VendorJob {
    VendorJob::new(id, state).key(run).run(run)
}

#[tokio::test(start_paused = true)]
async fn the_vendors_view_shows_orphans_duplicates_and_lost_jobs() {
    let service = Scripted::polled([phase(3), phase(5), phase(3)]);
    let executor = FakeExecutor::builder(service.channel()).name("r").build();
    for _ in 0..3 {
        executor.run(&Task::new("t")).await;
    }
    let well = Jobs(vec![
        job("a", "r-0", VendorState::Succeeded),
        job("b", "r-1", VendorState::Failed),
        job("c", "r-2", VendorState::Succeeded),
    ]);
    let report = executor.report_with(&well).await;
    assert!(report.is_clean() && report.vendor_asked, "{report}");

    let badly = Jobs(vec![
        job("a", "r-0", VendorState::Succeeded),
        job("a2", "r-0", VendorState::Live),
        job("b", "r-1", VendorState::Succeeded),
        job("c", "r-2", VendorState::Cancelled),
    ]);
    let report = executor.report_with(&badly).await;
    assert_eq!(report.duplicated.len(), 1, "{report}");
    assert_eq!(report.orphaned.len(), 1, "{report}");
    let lost: Vec<&str> = report.lost.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(lost, ["r-1", "r-2"], "{report}");
    assert!(!report.is_clean());

    let replaced = Jobs(vec![
        job("a", "r-0", VendorState::Cancelled),
        job("a2", "r-0", VendorState::Succeeded).is_replacement(true),
        job("b", "r-1", VendorState::Failed),
        job("c", "r-2", VendorState::Succeeded),
    ]);
    let report = executor.report_with(&replaced).await;
    assert!(report.is_clean(), "{report}");
}
