//! Replicas ask the outside system together no more often than one does, whichever of them is polled: answers
//! that are still good, batches, and the rate of an account.

use std::sync::atomic::Ordering;
use std::time::Duration;

use connector_core::Phase;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep, sleep_until};

use super::table::LEASE;
use super::{Replica, SECOND, World, job, plain};

/// How many jobs there are, how often each is polled, and for how long.
const JOBS: usize = 120;
const EVERY: Duration = Duration::from_secs(10);
const ROUNDS: usize = 48;
/// Until an answer has come to every replica.
const TOLD: Duration = Duration::from_secs(1);

/// When the polls of a round come.
#[derive(Debug, Clone, Copy)]
enum Coming {
    Together,
    Spread,
}

async fn replicas(world: &World, count: usize, values: &[(&str, &str)]) -> Vec<Replica> {
    let mut replicas = Vec::new();
    for id in 0..count {
        replicas.push(world.replica(id, plain, values).await);
    }
    replicas
}

/// How often the vendor is asked while jobs are polled for a while, each poll at the next replica. The first
/// rounds do not count: there every job is new to every replica.
async fn questions(count: usize, coming: Coming, values: &[(&str, &str)]) -> usize {
    let world = World::default();
    *world.vendor.tells_after.lock().unwrap() = Duration::from_millis(200);
    let replicas = replicas(&world, count, values).await;
    let began = Instant::now();
    let mut before = 0;
    for round in 0..ROUNDS {
        if round == ROUNDS / 4 {
            before = world.count(|vendor| &vendor.questions);
        }
        let polls = (0..JOBS).map(|number| {
            let (next, start) = (number + round, began + EVERY * u32::try_from(round).unwrap());
            let replica = &replicas[next % count];
            let share = number as f64 / JOBS as f64;
            let at = match coming {
                Coming::Together => start,
                Coming::Spread => start + EVERY.mul_f64(share),
            };
            async move {
                sleep_until(at).await;
                assert_eq!(replica.poll(&job(number)).await, Phase::Running);
            }
        });
        join_all(polls).await;
    }
    world.count(|vendor| &vendor.questions) - before
}

#[tokio::test(start_paused = true)]
async fn replicas_ask_together_no_more_often_than_one() {
    let alone: &[(&str, &str)] = &[("POLL_INTERVAL", "30s")];
    let batched: &[(&str, &str)] = &[("POLL_INTERVAL", "30s"), ("BATCH_SIZE", "20")];
    let bare_batches: &[(&str, &str)] = &[("BATCH_SIZE", "20"), ("BATCH_WINDOW", "100ms")];
    for (values, coming) in [
        (alone, Coming::Together),
        (alone, Coming::Spread),
        (batched, Coming::Together),
        (batched, Coming::Spread),
        // Not those that come together: the last batch of each replica is not full then, and nothing else fills it.
        (bare_batches, Coming::Spread),
    ] {
        let one = questions(1, coming, values).await;
        for count in [3, 6] {
            let together = questions(count, coming, values).await;
            assert!(
                together * 10 <= one * 11,
                "{count} replicas asked {together} times, one {one}: {values:?}, {coming:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_good_for_no_longer_than_it_was_at_its_replica() {
    let world = World::default();
    let replicas = replicas(&world, 2, &[("POLL_INTERVAL", "30s")]).await;
    let [a, b] = &replicas[..] else { unreachable!() };
    let asked = || world.count(|vendor| &vendor.questions);
    a.poll(&job(0)).await;
    sleep(29 * SECOND).await;
    b.poll(&job(0)).await;
    assert_eq!(asked(), 1, "it came by letter");
    sleep(2 * SECOND).await;
    b.poll(&job(0)).await;
    assert_eq!(asked(), 2);
    sleep(TOLD).await;
    a.poll(&job(0)).await;
    assert_eq!(asked(), 2, "and back");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_over_is_over_everywhere() {
    let world = World::default();
    let replicas = replicas(&world, 2, &[("POLL_INTERVAL", "30s")]).await;
    let [a, b] = &replicas[..] else { unreachable!() };
    let asked = || world.count(|vendor| &vendor.questions);
    let over = "{\"job_id\": \"done\"}";
    for replica in [a, b, a] {
        assert_eq!(replica.poll(over).await, Phase::Failed);
        sleep(TOLD).await;
    }
    assert_eq!(asked(), 3, "how it ended is told to whoever asks");
    assert_eq!(a.create(0, None).await.unwrap(), job(0));
    a.poll(&job(0)).await;
    sleep(TOLD).await;
    b.gate.delete(super::job_request(&job(0)), &b.call(None)).await.unwrap();
    sleep(TOLD).await;
    a.poll(&job(0)).await;
    assert_eq!(asked(), 5, "what was said before its end is forgotten");
    let handed = String::from_utf8_lossy(&world.table.handed()).into_owned();
    assert!(!handed.contains("it is over") && !handed.contains(super::SECRET), "{handed}");
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_dies_over_its_turn_holds_nobody_up() {
    let world = World::default();
    let values = [("POLL_INTERVAL", "30s"), ("BATCH_SIZE", "20")];
    let replicas = replicas(&world, 2, &values).await;
    let [a, b] = &replicas[..] else { unreachable!() };
    *world.vendor.tells_after.lock().unwrap() = 60 * SECOND;
    let (asking, metas) = (a.call(Some(10 * SECOND)), job(0));
    let mut dying = Box::pin(a.gate.get(super::job_request(&metas), &asking));
    tokio::select! {
        _ = &mut dying => panic!("it takes a minute"),
        () = sleep(SECOND) => {}
    }
    a.process.die();
    *world.vendor.tells_after.lock().unwrap() = Duration::ZERO;
    let began = Instant::now();
    assert_eq!(b.poll(&job(0)).await, Phase::Running);
    assert!(began.elapsed() < 6 * SECOND, "{:?}", began.elapsed());
    assert_eq!(b.told("masked timeout"), 0);
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_away_each_replica_asks_for_itself() {
    for values in
        [&[("POLL_INTERVAL", "30s")][..], &[("POLL_INTERVAL", "30s"), ("BATCH_SIZE", "9")]]
    {
        let world = World::default();
        let replicas = replicas(&world, 3, values).await;
        let away = |is_away| {
            replicas.iter().for_each(|it| it.process.away.store(is_away, Ordering::SeqCst));
        };
        for (is_away, asked) in [(true, 3), (false, 4)] {
            away(is_away);
            for replica in &replicas {
                let began = Instant::now();
                assert_eq!(replica.poll(&job(0)).await, Phase::Running);
                assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
                sleep(TOLD).await;
            }
            assert_eq!(world.count(|vendor| &vendor.questions), asked);
            sleep(60 * SECOND).await;
        }
    }
}

/// How often the vendor is asked in a minute in which every replica is polled as fast as it answers.
async fn in_a_minute(world: &World, replicas: &[Replica]) -> usize {
    let before = world.count(|vendor| &vendor.questions);
    let end = Instant::now() + 60 * SECOND;
    join_all(replicas.iter().map(async |replica| {
        while Instant::now() < end {
            replica.poll(&job(0)).await;
        }
    }))
    .await;
    world.count(|vendor| &vendor.questions) - before
}

#[tokio::test(start_paused = true)]
async fn the_rate_of_an_account_is_that_of_all_replicas() {
    let values = [("RATE", "6/3")];
    let alone = {
        let world = World::default();
        let one = replicas(&world, 1, &values).await;
        in_a_minute(&world, &one).await
    };
    assert!((360..370).contains(&alone), "{alone}");
    let world = World::default();
    let mut three = replicas(&world, 3, &values).await;
    let together = in_a_minute(&world, &three).await;
    assert!(together * 10 <= alone * 11 && together * 10 >= alone * 9, "{together} and {alone}");
    // Two go, and leave their parts once their leases are over.
    three.iter().skip(1).for_each(|replica| replica.process.die());
    three.truncate(1);
    sleep(LEASE).await;
    let left = in_a_minute(&world, &three).await;
    assert!(left * 10 >= alone * 9, "{left} and {alone}");
}
