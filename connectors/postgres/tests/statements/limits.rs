//! What is bounded: how long statements take and wait, how many run at once, which connections and rows stay.

use connector_core::{ErrorKind, Phase, Settings};
use connector_postgres::Postgres;
use connector_testing::Harness;
use futures_util::future::try_join_all;

use crate::calls::POLL;
use crate::database::WAIT;
use crate::database_or_skip;

fn postgres<const N: usize>(settings: [(&str, &str); N]) -> Harness {
    Harness::new(Postgres::new(&Settings::from_iter(settings)).unwrap()).poll_every(POLL)
}

#[tokio::test]
async fn a_statement_ends_with_its_time() {
    let database = database_or_skip!();
    let of_task = database.task("select pg_sleep(60)").custom("statement_timeout", 1);
    let of_operator = database.task("select pg_sleep(61)").custom("statement_timeout", 3_600);
    let short = [("statement_timeout", "200ms")];
    for (task, postgres) in [(of_task, postgres([])), (of_operator, postgres(short))] {
        let journey = postgres.create(&task).await.unwrap().run().await.unwrap();
        assert_eq!(journey.phases().last(), Some(&Phase::Failed), "{journey}");
        let said = "canceling statement due to statement timeout (SQLSTATE 57014)";
        assert!(journey.message().contains(said), "{journey}");
        database.until_idle().await;
    }
}

#[tokio::test]
async fn what_waits_too_long_for_a_lock_or_collides_is_tried_again() {
    let database = database_or_skip!();
    database.execute("BEGIN; LOCK TABLE effects IN ACCESS EXCLUSIVE MODE").await;
    let waits = "do $$ begin insert into effects default values; end $$";
    let collides = "do $$ begin raise exception 'collided' using errcode = '40001'; end $$";
    for (statement, code) in [(waits, "55P03"), (collides, "40001")] {
        let task = database.task(statement).custom("lock_timeout", 1);
        let journey = postgres([]).create(&task).await.unwrap().run().await.unwrap();
        assert_eq!(journey.phases().last(), Some(&Phase::RetryableFailed), "{journey}");
        assert!(journey.message().contains(&format!("(SQLSTATE {code})")), "{journey}");
    }
    database.execute("COMMIT").await;
}

#[tokio::test]
async fn so_many_statements_run_at_once_and_the_others_wait() {
    let database = database_or_skip!();
    let postgres = postgres([("max_statements", "2")]);
    database.hold().await;
    let task = database.task(&format!("insert into effects select from {WAIT}"));
    let jobs = try_join_all((0..6).map(|_| postgres.create(&task))).await.unwrap();
    database.until_active(2).await;
    let told = try_join_all(jobs.iter().map(|job| job.get())).await.unwrap();
    let (waiting, running): (Vec<_>, Vec<_>) =
        jobs.iter().zip(&told).partition(|(_, told)| told.phase == Phase::Queued);
    assert_eq!((waiting.len(), running.len()), (4, 2), "{told:?}");
    assert!(waiting.iter().all(|(_, told)| told.message.contains("`max_statements`")));
    // A create that comes again does not get in between, and one that is cancelled leaves the line.
    let (waits, leaves) = (waiting[0].0, waiting[1].0);
    waits.create_again().await.unwrap();
    leaves.delete().await.unwrap();
    assert_eq!(leaves.get().await.unwrap().phase, Phase::Aborted);
    assert_eq!(database.sessions().await, 2);
    database.release().await;
    for job in &jobs {
        let last = job.run().await.unwrap().phases().last().copied();
        let of_leaver = job.resource_meta() == leaves.resource_meta();
        let expected = if of_leaver { Phase::Aborted } else { Phase::Succeeded };
        assert_eq!(last, Some(expected));
    }
    assert_eq!(database.effects().await, 5);
}

#[tokio::test]
async fn a_wrong_statement_is_told_though_it_would_have_to_wait() {
    let database = database_or_skip!();
    let postgres = postgres([("max_statements", "1")]);
    database.hold().await;
    let runs =
        postgres.create(&database.task(&format!("select 1 as x from {WAIT}"))).await.unwrap();
    let wrong = database.task("select nothing");
    let error = postgres.create(&wrong).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask, "{error}");
    // Its turn comes when the statement is wrong by then.
    let late = database.task("insert into effects values ('x')");
    let late = postgres.create(&late).await.unwrap();
    database.execute("ALTER TABLE effects RENAME TO was_effects").await;
    database.release().await;
    assert!(runs.run().await.unwrap().phases().ends_with(&[Phase::Succeeded]));
    let journey = late.run().await.unwrap();
    assert_eq!(journey.phases().last(), Some(&Phase::Failed), "{journey}");
    assert!(journey.message().contains("relation \"effects\" does not exist"), "{journey}");
}

#[tokio::test]
async fn who_waits_for_nobody_is_lost() {
    let database = database_or_skip!();
    let postgres = postgres([("max_statements", "1")]);
    database.hold().await;
    let task = database.task(&format!("select 1 as x from {WAIT}"));
    let runs = postgres.create(&task).await.unwrap();
    let waits = postgres.create(&task).await.unwrap();
    assert_eq!(waits.get().await.unwrap().phase, Phase::Queued);
    database
        .execute(
            "UPDATE flyte_statements SET since = now() - interval '3 minutes' WHERE state = 'waiting'",
        )
        .await;
    assert_eq!(waits.get().await.unwrap().phase, Phase::RetryableFailed);
    database.release().await;
    runs.run().await.unwrap();
    database.until_idle().await;
    assert_eq!(waits.get().await.unwrap().phase, Phase::RetryableFailed, "its turn is over");
}

#[tokio::test]
async fn connections_that_nobody_uses_are_closed() {
    let database = database_or_skip!();
    let postgres = postgres([("idle_after", "300ms")]);
    let job = postgres.create(&database.task("select 1 as x")).await.unwrap();
    job.run().await.unwrap();
    let none = "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() \
                AND application_name LIKE 'flyte%'";
    database.until(none).await;
    // And opened again.
    assert_eq!(job.get().await.unwrap().phase, Phase::Succeeded);
    let one = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
               AND application_name = 'flyte'";
    assert_eq!(database.value::<i64>(one, &[]).await, 1);
    drop((postgres, job));
    database.until(none).await;
}

#[tokio::test]
async fn rows_go_after_a_while_and_results_stay() {
    let database = database_or_skip!();
    let old = postgres([]).create(&database.task("select 1 as x")).await.unwrap();
    let table: String = old.run().await.unwrap().output("table").unwrap();
    database.execute("UPDATE flyte_statements SET ended = now() - interval '2 hours'").await;
    let rows = "SELECT count(*) FROM flyte_statements";
    for (keep_rows, left) in [("3h", 2_i64), ("1h", 2)] {
        let next = database.task("select 1 as x");
        let next = postgres([("keep_rows", keep_rows)]).create(&next).await.unwrap();
        next.run().await.unwrap();
        if keep_rows == "1h" {
            database.until("SELECT count(*) = 2 FROM flyte_statements").await;
        }
        assert_eq!(database.value::<i64>(rows, &[]).await, left, "{keep_rows}");
    }
    assert_eq!(old.get().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(database.value::<i64>(&format!("SELECT count(*) FROM {table}"), &[]).await, 1);
}
