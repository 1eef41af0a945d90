//! No job is left behind, over replicas and their deaths.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::sleep;

use super::table::{LEASE, Status};
use super::{Replica, SECOND, World, finding, job, locked, plain};
use crate::deadline::after;
use crate::failure::Cause;

/// A create that its caller leaves after a second, and whose job is there after five.
async fn left(world: &World, replica: &Replica) {
    world.makes_after(5 * SECOND);
    let left = replica.create(0, Some(SECOND)).await;
    assert!(matches!(left, Err(Cause::OutOfTime(_))), "{left:?}");
    sleep(5 * SECOND).await;
    assert_eq!(world.vendor.running(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_nobody_took_is_cancelled_by_another_when_its_process_dies() {
    let world = World::default();
    let (a, b) = world.pair(plain, &[]).await;
    left(&world, &a).await;
    assert_eq!(world.table.states(), [Status::ToCancel]);
    a.process.die();
    sleep(35 * SECOND).await;
    assert_eq!((world.vendor.running(), b.told("abandoned cancelled")), (0, 1));
    assert_eq!(world.table.states(), []);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_nobody_took_while_the_store_was_away_is_nobodys_answer() {
    let world = World::default();
    let (a, b) = world.pair(plain, &[]).await;
    a.process.away.store(true, Ordering::SeqCst);
    left(&world, &a).await;
    a.process.away.store(false, Ordering::SeqCst);
    sleep(60 * SECOND).await;
    assert_eq!(world.vendor.running(), 0);
    assert_eq!(b.create(0, None).await.unwrap(), job(1), "the first one is cancelled");
}

#[tokio::test(start_paused = true)]
async fn while_its_process_lives_a_job_is_cancelled_once() {
    let world = World::default();
    let (a, b) = world.pair(plain, &[]).await;
    left(&world, &a).await;
    sleep(20 * SECOND).await;
    assert_eq!(world.vendor.running(), 1, "the grace is not over");
    sleep(30 * SECOND).await;
    let told = a.told("abandoned cancelled") + b.told("abandoned cancelled");
    assert_eq!((world.vendor.running(), world.count(|it| &it.deletes), told), (0, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_comes_back_takes_its_job_up_wherever_it_comes() {
    for elsewhere in [true, false] {
        let world = World::default();
        let (a, b) = world.pair(plain, &[]).await;
        left(&world, &a).await;
        sleep(10 * SECOND).await;
        let back = if elsewhere { &b } else { &a };
        assert_eq!(back.create(0, None).await.unwrap(), job(0));
        sleep(120 * SECOND).await;
        assert_eq!((world.count(|it| &it.creates), world.vendor.running()), (1, 1), "{elsewhere}");
        // Nobody takes it for one to be cancelled when its process dies later.
        back.process.die();
        sleep(120 * SECOND).await;
        assert_eq!(world.count(|it| &it.deletes), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn who_takes_a_job_up_and_leaves_it_again_sees_to_its_end() {
    let world = World::default();
    let (a, b) = world.pair(plain, &[]).await;
    left(&world, &a).await;
    let hasty = b.create(0, Some(Duration::ZERO)).await;
    assert!(matches!(hasty, Err(Cause::OutOfTime(_))), "{hasty:?}");
    sleep(SECOND).await;
    a.process.die();
    sleep(60 * SECOND).await;
    assert_eq!((world.vendor.made(), world.vendor.running()), (1, 0));
    assert_eq!(world.table.states(), []);
}

#[tokio::test(start_paused = true)]
async fn the_next_attempt_ends_the_one_before_whoever_made_it() {
    let world = World::default();
    let (a, b) = world.pair(plain, &[]).await;
    assert_eq!(a.create(0, None).await.unwrap(), job(0));
    a.process.die();
    assert_eq!(b.create(1, None).await.unwrap(), job(1));
    sleep(3 * SECOND).await;
    let jobs = world.vendor.jobs.lock().unwrap().clone();
    assert_eq!(jobs.iter().map(|job| job.cancelled).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends_all_before_it_also_where_the_one_in_between_never_came() {
    let world = World::default();
    let (a, b) = world.pair(plain, &[]).await;
    assert_eq!(a.create(0, None).await.unwrap(), job(0));
    a.process.die();
    // The create of attempt 1 found no server.
    assert_eq!(b.create(2, None).await.unwrap(), job(1));
    sleep(3 * SECOND).await;
    let jobs = world.vendor.jobs.lock().unwrap().clone();
    assert_eq!(jobs.iter().map(|job| job.cancelled).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_comes_after_a_later_attempt_has_begun_is_cancelled() {
    let world = World::default();
    let (a, b) = world.pair(plain, &[]).await;
    assert_eq!(b.create(2, None).await.unwrap(), job(0));
    let late = a.create(1, None).await.unwrap_err();
    let Cause::Call(error) = late else { panic!("{late:?}") };
    assert!(error.to_string().contains("the next attempt"), "{error}");
    let late = b.create(1, None).await.unwrap_err();
    let Cause::Call(error) = late else { panic!("{late:?}") };
    assert!(error.to_string().contains("a later attempt of this task has begun"), "{error}");
    sleep(5 * SECOND).await;
    let jobs = world.vendor.jobs.lock().unwrap().clone();
    assert_eq!(jobs.iter().map(|job| job.cancelled).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_ends_after_the_next_attempt_began_elsewhere_is_cancelled() {
    let world = World::default();
    let (a, b) = world.pair(plain, &[]).await;
    world.makes_after(5 * SECOND);
    let a = Arc::new(a);
    let late = a.creating(0, None);
    sleep(SECOND).await;
    world.makes_after(SECOND);
    assert_eq!(b.create(1, None).await.unwrap(), job(0));
    let late = late.await.unwrap().unwrap_err();
    let Cause::Call(error) = late else { panic!("{late:?}") };
    assert!(error.to_string().contains("the next attempt"), "{error}");
    sleep(5 * SECOND).await;
    let jobs = world.vendor.jobs.lock().unwrap().clone();
    assert_eq!(jobs.iter().map(|job| job.cancelled).collect::<Vec<_>>(), [false, true]);
    assert_eq!(world.table.states(), [Status::Answered]);
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_owner_made_is_cancelled_where_it_can_be_known() {
    // Whether the outside system takes keys, whether the connector finds, what is told, how many jobs run on.
    for (keyed, finds, told, running) in [
        (true, false, "taken over keys", 0),
        (false, true, "taken over found", 0),
        (true, true, "taken over found", 0),
        (false, false, "taken over unaccounted", 1),
    ] {
        let world = if keyed { World::keyed() } else { World::default() };
        let values = [("KEYED", if keyed { "true" } else { "false" })];
        let (a, b) = world.pair(if finds { finding } else { plain }, &values).await;
        world.answers_after(5 * SECOND);
        let a = Arc::new(a);
        drop(a.creating(0, None));
        sleep(SECOND).await;
        a.process.die();
        // Nobody comes for the attempt again.
        sleep(LEASE + 5 * SECOND).await;
        assert_eq!(world.vendor.running(), 1, "it might");
        sleep(15 * SECOND).await;
        let ran = (world.vendor.made(), world.vendor.running());
        assert_eq!((ran, b.told(told)), ((1, running), 1), "keys {keyed}, find {finds}");
        let left = if running == 0 { Vec::new() } else { vec![Status::GivenUp] };
        assert_eq!(world.table.states(), left, "keys {keyed}, find {finds}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_cancelled_now_is_tried_again_and_given_up_at_last() {
    let world = World::default();
    let (a, b) = world.pair(plain, &[]).await;
    left(&world, &a).await;
    a.process.die();
    world.vendor.stubborn.store(3, Ordering::SeqCst);
    sleep(60 * SECOND).await;
    assert_eq!((world.vendor.running(), world.count(|it| &it.deletes)), (0, 4));
    assert_eq!(b.told("abandoned cancelled"), 1);

    let world = World::default();
    let (a, b) = world.pair(plain, &[]).await;
    left(&world, &a).await;
    a.process.die();
    world.vendor.stubborn.store(usize::MAX, Ordering::SeqCst);
    sleep(8 * 3_600 * SECOND).await;
    assert_eq!(world.table.states(), [Status::GivenUp]);
    assert_eq!((world.vendor.running(), b.told("abandoned orphaned")), (1, 1));
    assert_eq!(world.count(|it| &it.deletes), 61);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_that_needs_its_tasks_secret_waits_for_a_call_that_brings_it() {
    let world = World::default();
    let (a, b) = world.pair(locked, &[]).await;
    left(&world, &a).await;
    a.process.die();
    sleep(120 * SECOND).await;
    assert_eq!((world.vendor.running(), world.count(|it| &it.deletes)), (1, 0), "it has no secret");
    // A poll of the job brings it; it could as well be the next attempt.
    let calls = world.table.calls();
    b.poll(&job(0)).await;
    assert_eq!(world.table.calls(), calls, "a poll never touches the store");
    sleep(120 * SECOND).await;
    assert_eq!((world.vendor.running(), b.told("abandoned cancelled")), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_process_lets_others_go_on_at_once() {
    let world = World::default();
    let (a, b) = world.pair(finding, &[]).await;
    world.makes_after(SECOND);
    world.answers_after(300 * SECOND);
    let a = Arc::new(a);
    let cut = a.creating(0, None);
    sleep(2 * SECOND).await;
    a.gates.begin_drain();
    assert_eq!(a.gates.drained(after(5 * SECOND)).await, 1);
    cut.abort();
    let began = tokio::time::Instant::now();
    assert_eq!(b.create(0, None).await.unwrap(), job(0));
    assert!(began.elapsed() < LEASE, "{:?}", began.elapsed());
    assert_eq!(world.vendor.made(), 1);
}
