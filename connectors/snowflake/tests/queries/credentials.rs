//! Who signs in, and that nothing of it comes out again.

use std::collections::BTreeMap;

use connector_core::prelude::*;
use connector_testing::Task;
use serde_json::{Value, json};

use crate::vendor::{FakeSnowflake, OAUTH, PASSWORD, refusal};
use crate::{KEY, bare, by_password, harness, query};

const ENCRYPTED: &str = include_str!("made-for-tests-aes.pem");

fn by_token() -> Task {
    bare("SELECT 1", json!({"authenticator": "oauth", "token": OAUTH}))
}

#[tokio::test(start_paused = true)]
async fn every_way_in() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    let encrypted = bare("SELECT 1", Value::Null)
        .secret("snowflake_private_key", ENCRYPTED)
        .secret("snowflake_private_key_passphrase", "swordfish");
    let lent = bare("SELECT 1", Value::Null).secret("snowflake_password", PASSWORD);
    for (task, member) in [
        (query(), json!("SNOWFLAKE_JWT")),
        (encrypted, json!("SNOWFLAKE_JWT")),
        (by_password(PASSWORD), Value::Null),
        (lent, Value::Null),
        (by_token(), json!("OAUTH")),
    ] {
        let job = snowflake.create(&task).await.unwrap();
        let login = fake.asked().remove(0);
        assert_eq!(login.body["data"]["AUTHENTICATOR"], member);
        job.get().await.unwrap();
        job.delete().await.unwrap();
        fake.asked();
    }
    let locked = bare("SELECT 1", Value::Null).secret("snowflake_private_key", ENCRYPTED);
    let error = snowflake.create(&locked).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);
    assert!(error.message().contains("`snowflake_private_key_passphrase` is missing"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_password_is_in_no_metadata_and_a_server_that_does_not_know_it_says_so() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    let task = by_password(PASSWORD);
    let job = snowflake.create(&task).await.unwrap();
    let meta = String::from_utf8(job.resource_meta().to_vec()).unwrap();
    assert!(!meta.contains("password") && !meta.contains("horse"), "{meta}");
    assert!(meta.contains("{\"role\": \"ANALYST\"}"), "{meta}");
    assert_eq!(job.get().await.unwrap().phase, Phase::Queued);

    let restarted = harness(&fake);
    let lost = restarted.job(&bare("", Value::Null), meta.clone());
    let error = lost.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent, "the end of it, and no wedged task");
    for told in ["`connection_kwargs`", "goes on in Snowflake", "`snowflake_password`"] {
        assert!(error.message().contains(told), "{error}");
    }
    lost.delete().await.unwrap();
    assert!(!fake.books().queries[0].is_cancelled, "nobody could");

    // Whoever lends it is as good.
    let lent = bare("", Value::Null).secret("snowflake_password", PASSWORD);
    let found = restarted.job(&lent, meta);
    assert_eq!(found.get().await.unwrap().phase, Phase::Running);
    found.delete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_password_of_one_task_opens_nothing_for_another() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    snowflake.create(&by_password(PASSWORD)).await.unwrap();
    let other = bare("SELECT 1", json!({"role": "ANALYST"}));
    let error = snowflake.create(&other).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask, "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_operators_key_goes_to_its_hosts_only() {
    let fake = FakeSnowflake::new();
    fake.open();
    let variables = |hosts: &str| {
        let variables = [
            ("CONNECTOR__SNOWFLAKE__SECRET__SNOWFLAKE_PRIVATE_KEY", KEY),
            ("CONNECTOR__SNOWFLAKE__SECRET_HOSTS", hosts),
        ];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let evil = json!({"host": "127.0.0.1", "port": fake.port(), "protocol": "http"});
    for (hosts, can) in [("*.snowflakecomputing.com", false), ("127.0.0.1", true)] {
        let variables: BTreeMap<String, String> = variables(hosts).into();
        let endpoint = connector_http::Endpoint::default();
        let snowflake = connector_snowflake::Snowflake::at(&Settings::default(), endpoint).unwrap();
        let registry = connector_core::Registry::builder()
            .variables(variables)
            .register(snowflake)
            .build()
            .await
            .unwrap();
        let created =
            connector_testing::Harness::of(registry).create(&bare("SELECT 1", evil.clone())).await;
        assert_eq!(created.is_ok(), can, "{hosts}: {created:?}");
        assert_eq!(fake.asked().is_empty(), !can, "nothing is sent before the host is checked");
    }
}

/// What was said at the door last, and what it was made of.
fn said(fake: &FakeSnowflake) -> Vec<String> {
    let books = fake.books();
    let logins = books.asked.iter().rev().map(|asked| &asked.body["data"]);
    let said =
        logins.filter_map(|data| data["TOKEN"].as_str().or(data["PASSWORD"].as_str())).next();
    let said = said.unwrap().to_owned();
    let lines = KEY.lines().filter(|line| line.len() > 30).map(str::to_owned);
    let made_of: Vec<String> = if said.starts_with("ey") { lines.collect() } else { Vec::new() };
    made_of.into_iter().chain([said]).collect()
}

#[tokio::test(start_paused = true)]
async fn what_snowflake_quotes_does_not_come_out() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    for task in [query(), by_password(PASSWORD), by_token()] {
        let job = snowflake.create(&task).await.unwrap();
        let session = fake.books().sessions.last().unwrap().clone();
        for secret in said(&fake).into_iter().chain([session.token, session.master]) {
            let quote = format!("you said {secret} and");
            fake.books().told = Some(json!({
                "status": "FAILED_WITH_ERROR", "errorCode": quote, "errorMessage": quote,
                "warehouseName": quote, "warehouseExternalSize": quote, "queryTag": quote,
                "totalDuration": quote, "stats": {"producedRows": quote, "scanBytes": quote},
            }));
            let shown = format!("{:?}", job.get().await.unwrap());
            assert_eq!(shown.matches("you said *** and").count(), 8, "{shown}");
            fake.books().told = Some(json!({"status": quote}));
            let shown = format!("{:?}", job.get().await.unwrap());
            assert!(shown.contains("you said *** and"), "{shown}");
            fake.books().told = None;
            for refused in [
                refusal("000603", &quote),
                refusal(&quote, "x"),
                (403, json!({"message": quote, "code": quote}).to_string()),
                (400, quote.clone()),
                (200, quote.clone()),
            ] {
                fake.books().refusals = vec![refused.clone()];
                let at_poll = job.get().await.unwrap_err();
                assert!(at_poll.message().contains("you said *** and"), "{at_poll}");
                if refused.0 == 200 && !refused.1.starts_with('{') {
                    // It may have arrived, so it is asked about until that is known.
                    continue;
                }
                fake.books().refusals = vec![refused; 5];
                let at_create = snowflake.create(&task).await.unwrap_err();
                assert!(at_create.message().contains("you said *** and"), "{at_create}");
                fake.books().refusals.clear();
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_quoted_at_the_door_does_not_come_out() {
    let fake = FakeSnowflake::new();
    for task in [query(), by_password(PASSWORD), by_token()] {
        harness(&fake).create(&task).await.unwrap();
        // A web token is another one each time, so the lines of the key stand for it.
        for secret in said(&fake).into_iter().filter(|secret| !secret.starts_with("ey")) {
            let quote = format!("{secret} is wrong");
            for refused in [refusal("390100", &quote), (403, quote.clone()), (200, quote.clone())] {
                fake.books().no_entry = vec![refused; 15];
                let error = harness(&fake).create(&task).await.unwrap_err();
                // Of an answer that is no JSON, and might be a token, nothing is shown.
                let shown = error.message().contains("*** is wrong");
                assert_eq!(shown, !error.message().contains("it is no JSON"), "{error}");
                assert!(!format!("{error:?}").contains(&secret), "{error:?}");
                fake.books().no_entry.clear();
            }
        }
    }
}
