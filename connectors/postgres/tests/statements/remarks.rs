//! What PostgreSQL remarks while a statement runs reaches its author, by the message and by the log.

use connector_core::Registry;
use connector_core::prelude::{LogQuery, Phase};
use connector_postgres as _;
use connector_testing::Harness;
use postgres_tests::PASSWORD;

use crate::calls::POLL;
use crate::database::{Database, WAIT};
use crate::database_or_skip;

async fn lent(database: &Database) -> Harness {
    let host = format!("127.0.0.1:{}", database.port());
    let variables = [("SECRET__PASSWORD", PASSWORD), ("SECRET_HOSTS", host.as_str())];
    let variables = variables
        .map(|(name, value)| (format!("CONNECTOR__POSTGRES_SQL__{name}"), value.to_owned()));
    let registry = Registry::linked().variables(variables);
    Harness::of(registry.build().await.unwrap()).poll_every(POLL)
}

#[tokio::test]
async fn remarks_are_in_the_log_while_it_runs_and_after() {
    let database = database_or_skip!();
    let postgres = lent(&database).await;
    database.hold().await;
    let statement = format!(
        "do $$ begin raise notice 'step %', 1 using hint = 'patience'; perform {WAIT}; \
         raise warning 'step 2'; insert into effects values ('x'); end $$"
    );
    let job = postgres.create(&database.task(&statement)).await.unwrap();
    database.until("SELECT count(*) = 1 FROM flyte_statement_notices").await;
    let told = job.get().await.unwrap();
    assert_eq!((told.phase, told.message.as_str()), (Phase::Running, "NOTICE: step 1; patience"));
    let lines = job.log().await.unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("claimed at") && lines[1].ends_with("NOTICE: step 1; patience"));
    database.release().await;
    job.run().await.unwrap();
    database.until("SELECT count(*) = 2 FROM flyte_statement_notices").await;
    let told = job.get().await.unwrap();
    assert!(told.message.ends_with("\nNOTICE: step 1; patience\nWARNING: step 2"), "{told:?}");
    let lines = job.log().await.unwrap();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[3].contains("succeeded after"), "{lines:?}");
    let first = job.log_page(LogQuery::new().lines(3)).await.unwrap();
    assert_eq!((first.lines.len(), first.next_token.as_deref()), (3, Some("3")));
}

#[tokio::test]
async fn what_is_told_of_a_job_names_its_session_and_its_rows() {
    let database = database_or_skip!();
    let job = lent(&database).await.create(&database.task("select 1 as x")).await.unwrap();
    let journey = job.run().await.unwrap();
    assert!(journey.message().starts_with("1 row in the table flyte_"), "{journey}");
    let info = &journey.polls().last().unwrap().custom_info.fields;
    for key in ["job", "pid", "started", "rows", "seconds"] {
        assert!(info.contains_key(key), "{key}: {info:?}");
    }
}
