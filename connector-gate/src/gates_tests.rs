//! Policies that change while calls go on, and connectors that come late.

use std::sync::Arc;
use std::time::Duration;

use connector_core::Registry;
use connector_core::policy::Isolation;
use connector_core::prelude::*;
use tokio::time::{Instant, advance};

use crate::failure::Cause;
use crate::probe::Bench;

fn variables(values: &[(&str, &str)]) -> Vec<(String, String)> {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn calls_go_by_the_policy_of_the_moment() {
    let bench = Bench::new(&[]).await;
    for _ in 0..3 {
        assert_eq!(bench.poll("1").await.unwrap().0, Phase::Running);
    }
    assert_eq!(bench.polls(), 3, "every poll asks");
    bench.gates.follow(variables(&[("CONNECTOR_POLICY__POLL_INTERVAL", "1m")])).unwrap();
    for _ in 0..3 {
        bench.poll("1").await.unwrap();
    }
    assert_eq!(bench.polls(), 4);
    // A shorter interval does not wait for the end of the longer one.
    bench.gates.follow(variables(&[("CONNECTOR_POLICY__POLL_INTERVAL", "30s")])).unwrap();
    for _ in 0..3 {
        bench.poll("1").await.unwrap();
    }
    assert_eq!(bench.polls(), 5);
    // That of the one connector goes before that of all.
    let both = [
        ("CONNECTOR_POLICY__POLL_INTERVAL", "1m"),
        ("CONNECTOR__PROBE__POLICY__POLL_INTERVAL", "0s"),
        ("CONNECTOR_POLICY__RATE", "1"),
    ];
    bench.gates.follow(variables(&both)).unwrap();
    advance(Duration::from_secs(61)).await;
    let began = Instant::now();
    for _ in 0..3 {
        bench.poll("1").await.unwrap();
    }
    assert_eq!(bench.polls(), 8);
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    // What is gone from the variables is the author's again.
    bench.gates.follow(Vec::new()).unwrap();
    let began = Instant::now();
    bench.poll("1").await.unwrap();
    assert_eq!((bench.polls(), began.elapsed()), (9, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn one_value_that_does_not_fit_leaves_all_as_they_were() {
    let bench = Bench::new(&[("POLL_INTERVAL", "1m")]).await;
    let wrong = [
        ("CONNECTOR_POLICY__POLL_INTERVAL", "0s"),
        ("CONNECTOR__PROBE__POLICY__CONCURRENCY", "none"),
    ];
    let error = bench.gates.follow(variables(&wrong)).unwrap_err();
    assert_eq!(error.variable, "CONNECTOR__PROBE__POLICY__CONCURRENCY");
    for _ in 0..3 {
        bench.poll("1").await.unwrap();
    }
    assert_eq!(bench.polls(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_decided_when_a_connector_came_stays() {
    let bench = Bench::new(&[]).await;
    let before = **bench.gate.site.policy();
    let others = [
        ("CONNECTOR_POLICY__CREATE_MEMORY", "1s"),
        ("CONNECTOR_POLICY__ISOLATION", "own"),
        ("CONNECTOR_POLICY__KEYED", "true"),
        ("CONNECTOR_POLICY__MAX_REMEMBERED_BYTES", "1000000"),
        ("CONNECTOR_POLICY__UNSEEN_JOBS", "answer"),
    ];
    bench.gates.follow(variables(&others)).unwrap();
    // A bench works on the caller's threads.
    assert_eq!(before.isolation, Isolation::Shared);
    assert_eq!(**bench.gate.site.policy(), before);
    let fixed =
        others.map(|(name, _)| name.trim_start_matches("CONNECTOR_POLICY__").to_lowercase());
    assert_eq!(fixed, crate::Gates::FIXED_POLICIES);
}

#[tokio::test(start_paused = true)]
async fn polls_share_calls_once_the_policy_says_so() {
    let bench = Bench::new(&[]).await;
    let of_two = variables(&[("CONNECTOR_POLICY__BATCH_SIZE", "2")]);
    bench.gates.follow(of_two).unwrap();
    let (one, other) = tokio::join!(bench.poll("1"), bench.poll("2"));
    assert_eq!((one.unwrap().0, other.unwrap().0), (Phase::Running, Phase::Running));
    assert_eq!(bench.told("outside get"), 1, "one call for both");
    bench.gates.follow(Vec::new()).unwrap();
    let (one, other) = tokio::join!(bench.poll("1"), bench.poll("2"));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(bench.told("outside get"), 3, "one call for each");
}

#[tokio::test(start_paused = true)]
async fn polls_that_wait_for_a_larger_batch_are_answered_in_smaller_ones() {
    let bench = Bench::new(&[("BATCH_SIZE", "4"), ("BATCH_WINDOW", "1s")]).await;
    let shrink = async {
        tokio::task::yield_now().await;
        bench.gates.follow(Vec::new()).unwrap();
    };
    let began = Instant::now();
    let (one, two, three, ()) =
        tokio::join!(bench.poll("1"), bench.poll("2"), bench.poll("3"), shrink);
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!(bench.told("outside get"), 3);
    // The window, and not the patience of a caller.
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_fills_a_batch_leaves_though_batches_have_become_larger() {
    let bench = Bench::new(&[("BATCH_SIZE", "2")]).await;
    bench.gates.follow(Vec::new()).unwrap();
    let grow = async {
        bench.gates.follow(variables(&[("CONNECTOR_POLICY__BATCH_SIZE", "4")])).unwrap();
    };
    let began = Instant::now();
    // The first one is a whole batch as it comes, and one of four as it leaves.
    let (one, (), other) = tokio::join!(bench.poll("1"), grow, bench.poll("2"));
    assert!(one.is_ok() && other.is_ok());
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(bench.told("outside get"), 2, "both had left before a window was over");
}

/// A connector that becomes known late.
#[derive(Debug)]
struct Late;

impl ConnectorSpec for Late {
    const NAME: &'static str = "Late";
    const TASK_TYPES: &'static [&'static str] = &["late"];
    const VERSIONS: &'static [i32] = &[0];
    type Meta = JobId;
    type Config = ();
    type Inputs = DynamicInputs;
    type Outputs = ();
    type Connection = ();
}

impl AsyncConnector for Late {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Ok(JobId::new("late"))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource<()>> {
        Ok(Resource::running())
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn what_becomes_known_at_the_end_creates_nothing() {
    let bench = Bench::new(&[]).await;
    let registry = Registry::builder().register(Late).build().await.unwrap();
    bench.gates.begin_drain();
    let call = bench.call(None);
    for entry in registry.entries() {
        bench.gates.add(entry, Arc::clone(&call.observer));
    }
    let (_, gate) = bench.gates.find("late", 0).gate.unwrap();
    let refused = gate.create(bench.create(Some(0)), &call).await;
    assert!(matches!(refused, Err(Cause::Ending)), "{refused:?}");
}
