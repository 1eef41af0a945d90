//! Sessions: shared, renewed, made anew, and never the end of a query.

use std::sync::Arc;

use connector_core::prelude::*;

use crate::vendor::{FakeSnowflake, PASSWORD, Session, refusal};
use crate::{bare, by_password, harness, query};

fn end(fake: &FakeSnowflake, how: fn(&mut Session)) {
    fake.books().sessions.iter_mut().for_each(how);
}

#[tokio::test(start_paused = true)]
async fn a_session_is_everybodys_in_the_same_place() {
    let fake = FakeSnowflake::new();
    let snowflake = Arc::new(harness(&fake));
    let many: Vec<_> = (0..8)
        .map(|_| {
            let snowflake = Arc::clone(&snowflake);
            tokio::spawn(async move { snowflake.create(&query()).await })
        })
        .collect();
    for created in many {
        created.await.unwrap().unwrap();
    }
    assert_eq!(fake.books().sessions.len(), 1);
    let numbers: std::collections::BTreeSet<u64> = fake
        .books()
        .queries
        .iter()
        .map(|query| query.body["sequenceId"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers.len(), 8, "each call of a session has a number of its own");
    let role = query().custom("connection_kwargs", serde_json::json!({"role": "R"}));
    let job = snowflake.create(&role).await.unwrap();
    snowflake.create(&by_password(PASSWORD)).await.unwrap();
    assert_eq!(fake.books().sessions.len(), 3, "another role, another credential");
    job.get().await.unwrap();
    assert_eq!(fake.books().sessions.len(), 3);
    let login = fake.asked().into_iter().filter(|it| it.path.ends_with("login-request")).nth(1);
    assert_eq!(login.unwrap().query("roleName"), Some("R"));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ran_out_is_renewed_once_for_all() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    let (one, other) =
        (snowflake.create(&query()).await.unwrap(), snowflake.create(&query()).await.unwrap());
    fake.asked();
    end(&fake, |session| session.has_expired = true);
    let (seen, also) = tokio::join!(one.get(), other.get());
    assert_eq!((seen.unwrap().phase, also.unwrap().phase), (Phase::Queued, Phase::Queued));
    let asked = fake.asked();
    let renewals: Vec<_> =
        asked.iter().filter(|asked| asked.path == "/session/token-request").collect();
    let [renewal] = renewals[..] else { panic!("{} renewals", renewals.len()) };
    assert_eq!(renewal.header("authorization"), "Snowflake Token=\"master-token-0\"");
    assert_eq!(renewal.body["requestType"], "RENEW");
    assert_eq!(renewal.body["oldSessionToken"], "session-token-0");
    assert!(asked.iter().all(|asked| !asked.path.ends_with("login-request")));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_gone_is_made_anew() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    let job = snowflake.create(&query()).await.unwrap();
    let ends: [fn(&mut Session); 2] = [
        |session| (session.has_expired, session.master_expired) = (true, true),
        |session| session.is_closed = true,
    ];
    for (index, how) in ends.into_iter().enumerate() {
        end(&fake, how);
        job.get().await.unwrap();
        assert_eq!(fake.books().sessions.len(), 2 * index + 2);
        end(&fake, how);
        snowflake.create(&query()).await.unwrap().delete().await.unwrap();
        assert_eq!(fake.books().sessions.len(), 2 * index + 3);
    }
    assert!(!fake.books().queries[0].is_cancelled);
}

#[tokio::test(start_paused = true)]
async fn sessions_that_end_at_once_are_no_endless_loop() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    let job = snowflake.create(&query()).await.unwrap();
    fake.asked();
    fake.books().refusals = vec![refusal("390111", "Session no longer exists"); 9];
    let error = job.get().await.unwrap_err();
    assert_eq!(error.kind().as_str(), "transient", "{error}");
    assert_eq!(fake.asked_inside().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_is_a_failed_task_and_is_not_repeated_by_polls() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    let error = snowflake.create(&by_password("wrong password")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);
    assert!(error.message().contains("390100: Incorrect username or password"), "{error}");
    assert_eq!(fake.asked().len(), 1, "asked once");
    let shut = (403, "Forbidden".to_owned());
    fake.books().no_entry.push(shut);
    let error = snowflake.create(&query()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);
    assert!(error.message().contains("is the account's name right"), "{error}");
    let job = snowflake.create(&query()).await.unwrap();
    // The user is locked while the query runs.
    end(&fake, |session| session.is_closed = true);
    fake.books().no_entry = vec![refusal("390102", "User is locked"); 2];
    fake.asked();
    for _ in 0..5 {
        let error = job.get().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
    }
    let logins = fake.asked().into_iter().filter(|it| it.path.ends_with("login-request")).count();
    assert_eq!(logins, 1, "more would lock the user for longer");
    fake.books().no_entry.clear();
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    assert_eq!(job.get().await.unwrap().phase, Phase::Queued);
}

#[tokio::test(start_paused = true)]
async fn an_outage_at_the_door_is_waited_for() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    fake.books().no_entry = vec![(503, "later".to_owned()), (429, "slow down".to_owned())];
    snowflake.create(&query()).await.unwrap();
    let second = bare("SELECT 1", serde_json::Value::Null);
    let error = snowflake.create(&second).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask);
    assert!(error.message().contains("`snowflake_private_key`"), "{error}");
}
