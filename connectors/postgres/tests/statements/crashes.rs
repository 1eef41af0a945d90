//! What dies in mid-statement: the process that began it, and the database.

use std::process::Stdio;
use std::sync::Arc;

use connector_core::{Phase, Settings};
use connector_postgres::Postgres;
use connector_testing::Harness;
use postgres_tests::Engine;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::calls::POLL;
use crate::database::{Database, WAIT};
use crate::database_or_skip;

fn postgres() -> Harness {
    Harness::new(Postgres::new(&Settings::default()).unwrap()).poll_every(POLL)
}

#[tokio::test]
async fn a_statement_goes_on_without_the_process_that_began_it() {
    let database = database_or_skip!();
    database.hold().await;
    let statement = format!("insert into effects select from {WAIT}");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crashes::another_process", "--ignored", "--nocapture"])
        .env("STATEMENT", &statement)
        .env("TASK", database.coordinates())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let meta = loop {
        let line = lines.next_line().await.unwrap().expect("the other process creates a job");
        if let Some(meta) = line.strip_prefix("created ") {
            break meta.to_owned();
        }
    };
    database.until_active(1).await;
    // At once, with nothing tidied.
    child.kill().await.unwrap();
    let job = postgres().job(&database.task(&statement), meta);
    assert_eq!(job.get().await.unwrap().phase, Phase::Running);
    database.release().await;
    let journey = job.run().await.unwrap();
    assert_eq!(journey.phases().last(), Some(&Phase::Succeeded), "{journey}");
    database.until_idle().await;
    assert_eq!(database.effects().await, 1);
}

/// What the other process does.
#[tokio::test]
#[ignore = "a test starts it in a process of its own"]
async fn another_process() {
    let (Ok(statement), Ok(coordinates)) = (std::env::var("STATEMENT"), std::env::var("TASK"))
    else {
        return;
    };
    let task = Database::task_at(&coordinates, &statement);
    let job = postgres().create(&task).await.unwrap();
    println!("\ncreated {}", String::from_utf8_lossy(job.resource_meta()));
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_statement_of_a_database_that_goes_down_is_tried_again() {
    let Some(engine) = Engine::own() else { return };
    let mut database = Database::on(Arc::new(engine)).await;
    let postgres = postgres();
    let task = database.task("insert into effects select from pg_sleep(:seconds)");
    let slow = task.clone().input("seconds", connector_core::literal::integer(60));
    let job = postgres.create(&slow).await.unwrap();
    database.until_active(1).await;
    assert_eq!(job.get().await.unwrap().phase, Phase::Running);
    database.engine().crash();
    // While it is away nobody knows, which is an error that a server keeps from Flyte.
    let error = job.get().await.unwrap_err();
    assert_eq!(error.kind().as_str(), "transient", "{error}");
    database.engine().start_again();
    database.connect_again().await;
    let journey = loop {
        match job.run().await {
            Ok(journey) => break journey,
            Err(error) => assert_eq!(error.kind().as_str(), "transient", "{error}"),
        }
    };
    journey.assert_phases([Phase::RetryableFailed]);
    assert_eq!(database.effects().await, 0);
    let quick = task.input("seconds", connector_core::literal::integer(0));
    let next = postgres.create(&quick).await.unwrap().run().await.unwrap();
    assert_eq!(next.phases().last(), Some(&Phase::Succeeded), "{next}");
    assert_eq!(database.effects().await, 1);
    database.until_idle().await;
}
