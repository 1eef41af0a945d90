//! What becomes of every status, of queries nobody sees, and of calls that fail.

use std::time::Duration;

use connector_core::prelude::*;
use serde_json::json;

use crate::vendor::{FakeSnowflake, refusal};
use crate::{harness, query};

#[tokio::test(start_paused = true)]
async fn every_status_has_its_phase_and_message() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    let job = snowflake.create(&query()).await.unwrap();
    for (status, phase) in [
        ("RUNNING", Phase::Running),
        ("QUEUED", Phase::Queued),
        ("BLOCKED", Phase::WaitingForResources),
        ("QUEUED_REPARING_WAREHOUSE", Phase::WaitingForResources),
        ("RESUMING_WAREHOUSE", Phase::Initializing),
        ("RESTARTED", Phase::Initializing),
        ("NO_DATA", Phase::Queued),
        ("SUCCESS", Phase::Succeeded),
        ("FAILED_WITH_ERROR", Phase::Failed),
        ("FAILED_WITH_INCIDENT", Phase::Failed),
        ("ABORTING", Phase::Failed),
        ("ABORTED", Phase::Failed),
        ("DISCONNECTED", Phase::Failed),
        ("SUSPENDED", Phase::Running),
    ] {
        let told = json!({"status": status, "errorCode": "100035", "errorMessage": "no such date"});
        fake.books().told = Some(told);
        let seen = job.get().await.unwrap();
        assert_eq!(seen.phase, phase, "{status}");
        let told = if phase == Phase::Failed { "100035: no such date" } else { status };
        assert!(seen.message.contains(told), "{status}: {}", seen.message);
        assert_eq!(seen.log_links[0].name, "Snowflake Dashboard");
        assert_eq!(seen.unknown_state.is_some(), status == "SUSPENDED");
    }
}

#[tokio::test(start_paused = true)]
async fn a_query_out_of_sight_waits_a_minute_and_is_gone_then() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    let job = snowflake.create(&query()).await.unwrap();
    let queries = std::mem::take(&mut fake.books().queries);
    assert_eq!(job.get().await.unwrap().phase, Phase::Queued);
    tokio::time::advance(Duration::from_secs(50)).await;
    assert_eq!(job.get().await.unwrap().phase, Phase::Queued);
    // It has come: the minute begins anew.
    fake.books().queries = queries;
    assert_eq!(job.get().await.unwrap().message, "QUEUED");
    fake.books().queries.clear();
    tokio::time::advance(Duration::from_secs(50)).await;
    assert_eq!(job.get().await.unwrap().phase, Phase::Queued);
    tokio::time::advance(Duration::from_secs(61)).await;
    let gone = job.get().await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound, "{gone}");
    job.delete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failed_call_is_no_failed_query() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    let job = snowflake.create(&query()).await.unwrap();
    for refused in [
        (429, "slow down".to_owned()),
        (503, "later".to_owned()),
        (403, r#"{"success": false, "code": "390422", "message": "not from there"}"#.to_owned()),
        (400, "bad request".to_owned()),
        (307, String::new()),
        (502, "<html><body>Bad Gateway</body></html>".to_owned()),
        (200, "<html><body>Sign in to the proxy</body></html>".to_owned()),
        (200, "{".to_owned()),
        (200, "[]".to_owned()),
        refusal("000603", "internal error"),
    ] {
        fake.books().refusals.push(refused.clone());
        let error = job.get().await.unwrap_err();
        assert_eq!(error.kind().as_str(), "transient", "{refused:?}: {error}");
    }
    fake.books().cut = true;
    assert_eq!(job.get().await.unwrap_err().kind().as_str(), "transient");
    fake.books().gzip = true;
    assert_eq!(job.get().await.unwrap().phase, Phase::Running);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_is_done_unless_the_query_goes_on() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    let job = snowflake.create(&query()).await.unwrap();
    let other = snowflake.create(&query()).await.unwrap();
    fake.asked();
    job.delete().await.unwrap();
    job.delete().await.unwrap();
    let asked = fake.asked();
    let id = fake.books().queries[0].id.clone();
    assert_eq!(asked[0].body["sqlText"], format!("SELECT SYSTEM$CANCEL_QUERY('{id}')"));
    assert_eq!(asked[0].body["asyncExec"], false);
    assert!(asked.iter().all(|asked| asked.path != "/session"), "the session is everybody's");
    let cancelled: Vec<bool> =
        fake.books().queries.iter().map(|query| query.is_cancelled).collect();
    assert_eq!(cancelled, [true, false]);
    assert_eq!(job.get().await.unwrap().message, "000604: SQL execution canceled");
    other.run().await.unwrap().assert_phases([Phase::Queued, Phase::Running, Phase::Succeeded]);
    other.delete().await.unwrap();
    // Refused: what has ended stays ended, what goes on is told.
    let no = json!({"success": false, "code": "003001", "message": "Insufficient privileges"});
    fake.books().no_cancel = Some(no);
    other.delete().await.unwrap();
    fake.books().told = Some(json!({"status": "RUNNING"}));
    let error = other.delete().await.unwrap_err();
    assert!(error.message().contains("003001: Insufficient privileges"), "{error}");
    // What is no query's id is in no statement.
    let meta = r#"{"account": "a", "user": "u", "database": "d", "schema": "s", "warehouse": "w",
        "query_id": "x'); DROP TABLE t --", "has_output": false}"#;
    fake.asked();
    let forged = snowflake.job(&query(), meta);
    for error in [forged.get().await.unwrap_err(), forged.delete().await.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    }
    assert!(fake.asked().is_empty());
}
