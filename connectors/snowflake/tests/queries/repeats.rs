//! One query of one attempt, whatever is lost: answers, sessions, servers; and another one once the first
//! was cancelled.

use connector_core::prelude::*;
use connector_testing::Harness;

use crate::vendor::{FakeSnowflake, refusal};
use crate::{connector, harness, query};

fn looking(fake: &FakeSnowflake) -> Harness {
    let settings = Settings::from_iter([("repeated_creates", "query_history")]);
    Harness::new(connector(fake, &settings)).runs_named("r")
}

#[tokio::test(start_paused = true)]
async fn a_query_that_may_be_there_is_asked_about_until_it_is_known() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    fake.books().cut = true;
    fake.books().refusals = vec![(503, "later".to_owned()); 20];
    let job = snowflake.create(&query()).await.unwrap();
    assert_eq!(fake.books().queries.len(), 1);
    job.get().await.unwrap();
    // What nobody has taken is given up after five times.
    fake.asked();
    fake.books().refusals = vec![(503, "later".to_owned()); 20];
    assert_eq!(snowflake.create(&query()).await.unwrap_err().kind().as_str(), "transient");
    assert_eq!(fake.asked_inside().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_gone_with_the_answer_is_no_second_query() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    fake.books().cut = true;
    fake.books().refusals = vec![refusal("390111", "Session no longer exists")];
    snowflake.create(&query()).await.unwrap();
    assert_eq!(fake.books().sessions.len(), 2);
    assert_eq!(fake.books().queries.len(), 1, "the history was asked");
    let statements: Vec<_> = fake
        .asked_inside()
        .into_iter()
        .filter_map(|asked| asked.body["sqlText"].as_str().map(|sql| sql.contains("query_history")))
        .collect();
    assert_eq!(statements, [false, false, true]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_comes_back_after_its_query_was_cancelled_gets_another_one() {
    for looks in [false, true] {
        let fake = FakeSnowflake::new();
        let snowflake = if looks { looking(&fake) } else { harness(&fake) };
        let first = snowflake.create(&query()).await.unwrap();
        first.delete().await.unwrap();
        let second = first.create_again().await.unwrap();
        // And that one is found again.
        let third = first.create_again().await.unwrap();
        assert_eq!(third.resource_meta(), second.resource_meta());
        assert_eq!(fake.books().queries.len(), 2);
        assert_eq!(second.run().await.unwrap().phases().last(), Some(&Phase::Succeeded));
    }
}

#[tokio::test(start_paused = true)]
async fn another_server_finds_the_query_once_it_is_in_the_history() {
    let fake = FakeSnowflake::new();
    let first = looking(&fake).create(&query()).await.unwrap();
    let second = looking(&fake).create(&query()).await.unwrap();
    assert_eq!(first.resource_meta(), second.resource_meta());
    // A history that lags behind has nothing to show, and a second query is made.
    fake.books().history_lags = 1;
    let late = looking(&fake).create(&query()).await.unwrap();
    assert_ne!(first.resource_meta(), late.resource_meta());
    fake.books().history_lags = 0;
    let last = looking(&fake).create(&query()).await.unwrap();
    assert_eq!(first.resource_meta(), last.resource_meta(), "the oldest of them");
    assert_eq!(fake.books().queries.len(), 2);
    // The same server needs no history.
    fake.books().history_lags = 9;
    let again = last.create_again().await.unwrap();
    assert_ne!(again.resource_meta(), late.resource_meta());
    let once_more = last.create_again().await.unwrap();
    assert_eq!(again.resource_meta(), once_more.resource_meta(), "its request's id is known");
}
