//! One create per attempt, over replicas and their deaths.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::sleep;

use super::table::{LEASE, Status};
use super::{SECOND, SECRET, World, finding, job, plain, request};
use crate::failure::Cause;

#[tokio::test(start_paused = true)]
async fn two_replicas_create_one_job_of_an_attempt() {
    let world = World::default();
    let (a, b) = world.pair(plain, &[]).await;
    world.makes_after(3 * SECOND);
    let (first, second) = tokio::join!(a.create(0, None), b.create(0, None));
    assert_eq!((first.unwrap(), second.unwrap()), (job(0), job(0)));
    assert_eq!(b.create(0, None).await.unwrap(), job(0), "later, too");
    assert_eq!(world.count(|it| &it.creates), 1);
    sleep(120 * SECOND).await;
    assert_eq!(world.vendor.running(), 1, "nobody cancels what both were given");
    assert_eq!(b.create(1, None).await.unwrap(), job(1), "another attempt is another job");
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_for_another_replica_within_its_own_time() {
    let world = World::default();
    let (a, b) = world.pair(plain, &[]).await;
    world.makes_after(30 * SECOND);
    let a = Arc::new(a);
    let first = a.creating(0, None);
    sleep(SECOND).await;
    let hasty = b.create(0, Some(5 * SECOND)).await;
    assert!(matches!(hasty, Err(Cause::OutOfTime(_))), "{hasty:?}");
    let calls = world.table.calls();
    sleep(10 * SECOND).await;
    let asked = world.table.calls() - calls;
    assert!(asked < 3, "nobody waits at B any more, and it asked {asked} times");
    assert_eq!(first.await.unwrap().unwrap(), job(0));
    assert_eq!(b.create(0, None).await.unwrap(), job(0));
    assert_eq!(world.count(|it| &it.creates), 1);
}

#[tokio::test(start_paused = true)]
async fn an_error_lets_the_next_create_begin_anew_at_once() {
    let world = World::default();
    let (a, b) = world.pair(plain, &[]).await;
    world.vendor.panics.store(0, Ordering::SeqCst);
    world.makes_after(700 * SECOND);
    // The policy's `create_limit` stops it before a job is made.
    assert!(a.create(0, None).await.is_err());
    sleep(600 * SECOND).await;
    assert_eq!(world.vendor.made(), 0);
    world.makes_after(SECOND);
    assert_eq!(b.create(0, None).await.unwrap(), job(0));
}

#[tokio::test(start_paused = true)]
async fn with_keys_the_same_job_is_made_when_its_first_owner_has_died() {
    let (world, a, b) = World::keyed_pair().await;
    world.answers_after(3 * SECOND);
    let a = Arc::new(a);
    drop(a.creating(0, None));
    sleep(SECOND).await;
    // The job is there, and nobody was told.
    assert_eq!(world.vendor.made(), 1);
    a.process.die();
    assert_eq!(b.create(0, None).await.unwrap(), job(0));
    assert_eq!((world.count(|it| &it.creates), world.vendor.made()), (2, 1));
    assert_eq!(b.told("taken over keys"), 1);
    sleep(120 * SECOND).await;
    assert_eq!(world.vendor.running(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_owner_made_is_found_and_only_else_created() {
    for died_after in [SECOND, 5 * SECOND] {
        let world = World::default();
        let (a, b) = world.pair(finding, &[]).await;
        world.makes_after(3 * SECOND);
        world.answers_after(3 * SECOND);
        let a = Arc::new(a);
        let create = a.creating(0, None);
        sleep(died_after).await;
        let was_made = world.vendor.made() == 1;
        a.process.die();
        create.abort();
        if !was_made {
            // Its create dies with it, which a task cannot: what it makes now is made under no key.
            world.vendor.jobs.lock().unwrap().clear();
            sleep(3 * SECOND).await;
            world.vendor.jobs.lock().unwrap().clear();
        }
        assert_eq!(b.create(0, None).await.unwrap(), job(0));
        assert_eq!((world.vendor.made(), world.count(|it| &it.finds)), (1, 1), "{was_made}");
        let outcome = if was_made { "taken over found" } else { "taken over not_found" };
        assert_eq!(b.told(outcome), 1, "{was_made}");
        assert_eq!(world.count(|it| &it.creates), if was_made { 1 } else { 2 });
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_cannot_be_said_whether_there_is_a_job_none_is_created() {
    let world = World::default();
    let (a, b) = world.pair(finding, &[]).await;
    world.answers_after(3 * SECOND);
    let a = Arc::new(a);
    drop(a.creating(0, None));
    sleep(SECOND).await;
    a.process.die();
    world.vendor.mute.store(1, Ordering::SeqCst);
    let refused = b.create(0, None).await.unwrap_err();
    let Cause::Call(error) = refused else { panic!("{refused:?}") };
    assert!(error.to_string().contains("not known yet: no index of jobs today"), "{error}");
    assert_eq!(b.create(0, None).await.unwrap(), job(0));
    assert_eq!((world.count(|it| &it.creates), world.vendor.made()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn with_neither_the_policy_decides() {
    for (policy, word, jobs) in [("create", "blind", 2), ("fail", "refused", 1)] {
        let world = World::default();
        let (a, b) = world.pair(plain, &[("TAKEOVER", policy)]).await;
        world.answers_after(3 * SECOND);
        let a = Arc::new(a);
        drop(a.creating(0, None));
        sleep(SECOND).await;
        a.process.die();
        let taken = b.create(0, None).await;
        assert_eq!((world.vendor.made(), taken.is_ok()), (jobs, jobs == 2), "{policy}");
        // It stays so, however often it is asked.
        assert_eq!(b.create(0, None).await.is_ok(), jobs == 2, "{policy}");
        assert_eq!((world.vendor.made(), b.told(&format!("taken over {word}")) > 0), (jobs, true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_that_was_stopped_in_the_middle_is_taken_over() {
    let world = World::default();
    let (a, b) = world.pair(finding, &[]).await;
    world.vendor.panics.store(1, Ordering::SeqCst);
    assert!(matches!(a.create(0, None).await, Err(Cause::Panicked(_))));
    assert_eq!(b.create(0, None).await.unwrap(), job(0), "it had made its job before");
    assert_eq!((world.count(|it| &it.creates), b.told("taken over found")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_seemed_dead_gives_what_the_other_has() {
    for keys in [true, false] {
        let world = World::default();
        world.vendor.takes_keys.store(keys, Ordering::SeqCst);
        let (a, b) = world.pair(plain, &[("KEYED", if keys { "true" } else { "false" })]).await;
        world.answers_after(30 * SECOND);
        let a = Arc::new(a);
        let late = a.creating(0, None);
        sleep(SECOND).await;
        // Its store does not hear of it for longer than a lease; it lives.
        a.process.unheard();
        sleep(LEASE).await;
        world.answers_after(SECOND);
        assert_eq!(b.create(0, None).await.unwrap(), job(usize::from(!keys)));
        a.process.heard();
        assert_eq!(late.await.unwrap().unwrap(), job(usize::from(!keys)));
        sleep(10 * SECOND).await;
        assert_eq!((world.vendor.made(), world.vendor.running()), (if keys { 1 } else { 2 }, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_store_to_reach_a_replica_is_as_alone_as_one_without() {
    let world = World::default();
    let (a, b) = world.pair(plain, &[]).await;
    for replica in [&a, &b] {
        replica.process.away.store(true, Ordering::SeqCst);
    }
    assert_eq!(a.create(0, None).await.unwrap(), job(0));
    assert_eq!(a.create(0, None).await.unwrap(), job(0));
    assert_eq!(b.create(0, None).await.unwrap(), job(1), "nobody can tell it");
    // The next attempt cancels what was never asked about, as it does without a store.
    assert_eq!(a.create(1, None).await.unwrap(), job(2));
    sleep(SECOND).await;
    assert_eq!(world.vendor.running(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_created_alone_is_told_once_the_store_is_back() {
    let world = World::default();
    let (a, b) = world.pair(plain, &[]).await;
    a.process.away.store(true, Ordering::SeqCst);
    assert_eq!(a.create(0, None).await.unwrap(), job(0));
    sleep(20 * SECOND).await;
    assert_eq!(world.table.states(), []);
    a.process.away.store(false, Ordering::SeqCst);
    sleep(10 * SECOND).await;
    assert_eq!(world.table.states(), [Status::Answered]);
    a.process.die();
    assert_eq!(b.create(0, None).await.unwrap(), job(0));
    assert_eq!(b.create(1, None).await.unwrap(), job(1));
    sleep(3 * SECOND).await;
    assert_eq!((world.count(|it| &it.creates), world.vendor.running()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_ever_handed_to_the_store() {
    let (world, a, b) = World::keyed_pair().await;
    world.makes_after(3 * SECOND);
    // A task that quotes its secret in its own settings, and one that does not.
    let mut quoting = request(7);
    let value = prost_types::value::Kind::StringValue(format!("Bearer {SECRET}"));
    let fields = [("header".to_owned(), prost_types::Value { kind: Some(value) })].into();
    quoting.template.custom = Some(prost_types::Struct { fields });
    a.gate.create(quoting, &a.call(None)).await.unwrap();
    assert!(a.create(0, Some(SECOND)).await.is_err());
    world.vendor.stubborn.store(3, Ordering::SeqCst);
    sleep(60 * SECOND).await;
    b.create(1, None).await.unwrap();
    sleep(60 * SECOND).await;
    let handed = world.table.handed();
    let shown = String::from_utf8_lossy(&handed);
    assert!(shown.contains("s3://out/") && shown.contains("j-0"), "creates and jobs were handed");
    for secret in [SECRET, "hunter2"] {
        assert!(!shown.contains(secret), "{secret} in what the store was handed");
    }
    assert!(!world.table.states().contains(&Status::GivenUp));
}
