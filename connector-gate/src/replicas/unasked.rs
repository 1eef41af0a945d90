//! A job whose answer was lost on its way to a task that never creates again is nobody's: nobody asks about it.

use std::time::Duration;

use tokio::time::sleep;

use super::table::Status;
use super::{Replica, SECOND, World, job, plain};

const MINUTE: Duration = Duration::from_secs(60);
/// The policy's `unasked_limit`.
const LIMIT: Duration = Duration::from_secs(3_600);

/// Two replicas, and a job that the first one has answered.
async fn answered(values: &[(&str, &str)]) -> (World, Replica, Replica) {
    let world = World::default();
    let (a, b) = world.pair(plain, values).await;
    assert_eq!(a.create(0, None).await.unwrap(), job(0));
    (world, a, b)
}

#[tokio::test(start_paused = true)]
async fn a_job_that_nobody_ever_asks_about_is_cancelled() {
    for dies in [true, false] {
        let (world, a, b) = answered(&[]).await;
        if dies {
            a.process.die();
        }
        sleep(LIMIT - MINUTE).await;
        assert_eq!(world.vendor.running(), 1, "somebody may still ask");
        sleep(2 * MINUTE).await;
        let told = a.told("abandoned cancelled") + b.told("abandoned cancelled");
        assert_eq!((world.vendor.running(), told), (0, 1), "dies: {dies}");
        assert_eq!(world.table.states(), []);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_asked_about_it_first_keeps_it_once_for_all() {
    // By the replica that made it, by another one soon, and by another one when it is in doubt already.
    for (elsewhere, after) in [(false, SECOND), (true, 5 * SECOND), (true, LIMIT * 3 / 4)] {
        let (world, a, b) = answered(&[]).await;
        if elsewhere {
            a.process.die();
        }
        sleep(after).await;
        let asked = if elsewhere { &b } else { &a };
        let calls = world.table.calls();
        for _ in 0..3 {
            asked.poll(&job(0)).await;
        }
        assert_eq!(world.table.calls(), calls, "a poll never touches the store");
        sleep(3 * LIMIT).await;
        assert_eq!(world.vendor.running(), 1, "elsewhere: {elsewhere}, after {after:?}");
        assert_eq!(world.table.states(), [Status::Answered]);
        assert_eq!(
            b.gate.remembered().find(|(what, _)| *what == "unasked_jobs").unwrap().1.count,
            0
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_comes_back_when_it_is_in_doubt_gets_its_job() {
    let (world, a, b) = answered(&[]).await;
    a.process.die();
    sleep(LIMIT * 3 / 4).await;
    assert_eq!(world.table.states(), [Status::ToCancel]);
    assert_eq!(b.create(0, None).await.unwrap(), job(0));
    // Handed out again, it has its time again.
    sleep(LIMIT * 3 / 4).await;
    b.poll(&job(0)).await;
    sleep(3 * LIMIT).await;
    assert_eq!((world.vendor.made(), world.vendor.running()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_policy_says_how_long_and_whether() {
    let (world, _a, _b) = answered(&[("UNASKED_LIMIT", "2m")]).await;
    sleep(3 * MINUTE).await;
    assert_eq!(world.vendor.running(), 0);
    let (world, _a, _b) = answered(&[("ABANDONED", "keep")]).await;
    sleep(3 * LIMIT).await;
    assert_eq!(world.vendor.running(), 1);
}
