//! What is cancelled has stopped: the session is gone when the cancel is answered, and nobody else's is.

use connector_core::{Phase, Settings};
use connector_postgres::Postgres;
use connector_testing::Harness;

use crate::calls::POLL;
use crate::database::WAIT;
use crate::database_or_skip;

fn postgres() -> Harness {
    Harness::new(Postgres::new(&Settings::default()).unwrap()).poll_every(POLL)
}

#[tokio::test]
async fn a_statement_that_waits_for_a_lock_is_cancelled() {
    let database = database_or_skip!();
    // By another session: in a transaction nobody sees sessions come and go.
    let holder = database.another_session().await;
    holder.batch_execute("BEGIN; LOCK TABLE effects IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let task = database.task("do $$ begin insert into effects default values; end $$");
    let job = postgres().create(&task).await.unwrap();
    let waits = "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database() \
                 AND application_name LIKE 'flyte\\_%' AND wait_event_type = 'Lock'";
    database.until(waits).await;
    assert_eq!(job.get().await.unwrap().phase, Phase::Running);
    job.delete().await.unwrap();
    assert_eq!(database.sessions().await, 0);
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(job.get().await.unwrap().phase, Phase::Aborted);
    assert_eq!(database.effects().await, 0);
}

#[tokio::test]
async fn the_sessions_of_others_stay() {
    let database = database_or_skip!();
    let postgres = postgres();
    database.hold().await;
    let task = database.task(&format!("insert into effects select from {WAIT}"));
    let (mine, others) = tokio::try_join!(postgres.create(&task), postgres.create(&task)).unwrap();
    database.until_active(2).await;
    mine.delete().await.unwrap();
    assert_eq!(database.sessions().await, 1);
    assert_eq!(others.get().await.unwrap().phase, Phase::Running);
    assert_eq!(mine.get().await.unwrap().phase, Phase::Aborted);
    database.release().await;
    assert!(others.run().await.unwrap().phases().ends_with(&[Phase::Succeeded]));
    // A cancel that comes too late changes nothing.
    others.delete().await.unwrap();
    assert_eq!(others.get().await.unwrap().phase, Phase::Succeeded);
    assert_eq!(database.effects().await, 1);
}

#[tokio::test]
async fn a_cancel_that_was_cut_short_is_seen_and_finished_by_another_server() {
    let database = database_or_skip!();
    let job = postgres().create(&database.task("select pg_sleep(60)")).await.unwrap();
    database.until_active(1).await;
    // The first half of a cancel, whose server died then.
    database.execute("UPDATE flyte_statements SET state = 'cancelled', ended = now()").await;
    let again = postgres().job(&database.task("select 1"), job.resource_meta().clone());
    let told = again.get().await.unwrap();
    assert_eq!(told.phase, Phase::Running, "it has not stopped yet");
    assert_eq!(told.message, "the statement is being cancelled");
    again.delete().await.unwrap();
    assert_eq!(database.sessions().await, 0);
    assert_eq!(again.get().await.unwrap().phase, Phase::Aborted);
}

#[tokio::test]
async fn what_others_interrupt_has_failed_or_is_tried_again() {
    let database = database_or_skip!();
    for (done_to_it, phase, said) in [
        ("pg_cancel_backend", Phase::Failed, "user request (SQLSTATE 57014)"),
        ("pg_terminate_backend", Phase::RetryableFailed, "nothing of it is left"),
    ] {
        let task = database.task("insert into effects select from pg_sleep(60)");
        let job = postgres().create(&task).await.unwrap();
        database.until_active(1).await;
        let by_somebody = format!(
            "SELECT bool_or({done_to_it}(pid)) FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name LIKE 'flyte\\_%'"
        );
        assert!(database.value::<bool>(&by_somebody, &[]).await);
        let journey = job.run().await.unwrap();
        assert_eq!(journey.phases().last(), Some(&phase), "{journey}");
        assert!(journey.message().contains(said), "{journey}");
    }
    assert_eq!(database.effects().await, 0);
}
