//! From the statement to its result: what is asked on the way.

use connector_core::prelude::*;
use connector_testing::Harness;
use serde_json::json;

use crate::vendor::{FakeSnowflake, refusal};
use crate::{STATEMENT, bare, connector, harness, query};

#[tokio::test(start_paused = true)]
async fn a_query_from_login_to_its_result() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    let job = snowflake.create(&query()).await.unwrap();
    let [login, submit] = fake.asked().try_into().unwrap();
    assert_eq!((login.method.as_str(), login.path.as_str()), ("POST", "/session/v1/login-request"));
    for (name, value) in [("databaseName", "DB"), ("schemaName", "PUBLIC"), ("warehouse", "WH")] {
        assert_eq!(login.query(name), Some(value), "{name}");
    }
    assert_eq!(login.query("roleName"), None);
    let data = &login.body["data"];
    assert_eq!(
        (&data["ACCOUNT_NAME"], &data["LOGIN_NAME"]),
        (&json!("myorg-acc"), &json!("flyte"))
    );
    assert_eq!(data["AUTHENTICATOR"], "SNOWFLAKE_JWT");
    assert_eq!(
        (submit.method.as_str(), submit.path.as_str()),
        ("POST", "/queries/v1/query-request")
    );
    assert_eq!(submit.header("authorization"), "Snowflake Token=\"session-token-0\"");
    assert_eq!(submit.header("accept"), "application/snowflake");
    assert_eq!(submit.header("content-type"), "application/json");
    assert_eq!(submit.query.len(), 1, "a first attempt says nothing of others: {:?}", submit.query);
    let body = &submit.body;
    assert_eq!(body["sqlText"], "SELECT ? AS x WHERE s = ?");
    assert_eq!((&body["asyncExec"], &body["sequenceId"]), (&json!(true), &json!(1)));
    assert_eq!(
        body["bindings"],
        json!({"1": {"type": "FIXED", "value": "5"}, "2": {"type": "TEXT", "value": "it's"}})
    );
    assert!(body["parameters"]["QUERY_TAG"].as_str().unwrap().starts_with("flyte-"));
    let journey = job.run().await.unwrap();
    journey.assert_phases([Phase::Queued, Phase::Running, Phase::Succeeded]);
    let last = journey.polls().last().unwrap();
    assert_eq!(last.message, "SUCCESS");
    let info = connector_core::custom_info::struct_to_json(&last.custom_info);
    assert_eq!(
        info,
        json!({"warehouse": "WH", "rows_produced": 42, "bytes_scanned": 1_048_576, "duration_ms": 1234})
    );
    let frame: DataFrame = journey.output("results").unwrap();
    let id = fake.books().queries[0].id.clone();
    assert_eq!(frame.uri, format!("snowflake://flyte/myorg-acc/WH/DB/PUBLIC/{id}"));
    for asked in fake.asked() {
        assert_eq!(
            (asked.method.as_str(), asked.path),
            ("GET", format!("/monitoring/queries/{id}"))
        );
        assert_eq!(asked.headers["accept"], "application/json");
    }
}

#[tokio::test(start_paused = true)]
async fn the_metadata_are_those_of_the_official_connector() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    let task = query().custom(
        "connection_kwargs",
        json!({"port": 443, "role": "R", "session_parameters": {"TIMEZONE": "UTC"}}),
    );
    let meta =
        |job: &connector_testing::Job| String::from_utf8(job.resource_meta().to_vec()).unwrap();
    let job = snowflake.create(&task).await.unwrap();
    let id = fake.books().queries[0].id.clone();
    let written = |id: &str, has_output: &str, kwargs: &str| {
        format!(
            "{{\"account\": \"myorg-acc\", \"user\": \"flyte\", \"database\": \"DB\", \"schema\": \
             \"PUBLIC\", \"warehouse\": \"WH\", \"query_id\": \"{id}\", \"has_output\": {has_output}, \
             \"connection_kwargs\": {kwargs}}}"
        )
    };
    let kwargs =
        "{\"port\": 443.0, \"role\": \"R\", \"session_parameters\": {\"TIMEZONE\": \"UTC\"}}";
    assert_eq!(meta(&job), written(&id, "true", kwargs));
    let plain = snowflake.create(&query()).await.unwrap();
    assert!(meta(&plain).ends_with("\"connection_kwargs\": {}}"), "{}", meta(&plain));

    // Queries that Python started, with a key and with a password in the metadata.
    let by_key = snowflake.job(&query(), written(&id, "true", "{}"));
    assert_eq!(by_key.get().await.unwrap().phase, Phase::Queued);
    let kwargs = json!({"password": crate::vendor::PASSWORD}).to_string();
    let by_password = snowflake.job(&bare("", json!(null)), written(&id, "false", &kwargs));
    assert_eq!(by_password.get().await.unwrap().phase, Phase::Running);
    let done = by_password.get().await.unwrap();
    assert_eq!((done.phase, done.outputs.is_none()), (Phase::Succeeded, true));
    let null = written(&id, "true", "null");
    assert_eq!(snowflake.job(&query(), null).get().await.unwrap().phase, Phase::Succeeded);
    by_key.delete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_under_the_same_request_id() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    fake.books().refusals = vec![(503, "later".to_owned()), (429, "slow down".to_owned())];
    snowflake.create(&query()).await.unwrap();
    let asked = fake.asked_inside();
    let tried: Vec<_> =
        asked.iter().map(|asked| (asked.query("retryCount"), asked.query("retryReason"))).collect();
    assert_eq!(tried, [(None, None), (Some("1"), Some("503")), (Some("2"), Some("429"))]);
    assert!(asked.iter().all(|it| it.query("requestId") == asked[0].query("requestId")));
    assert!(asked[1].query("clientStartTime").unwrap().parse::<u64>().is_ok());
    // The answer breaks off once the query is there.
    fake.books().cut = true;
    snowflake.create(&query()).await.unwrap();
    let asked = fake.asked_inside();
    assert_eq!((asked.len(), asked[1].query("retryReason")), (2, Some("0")));
    assert_eq!(fake.books().queries.len(), 2, "one for each create");
}

#[tokio::test(start_paused = true)]
async fn the_same_attempt_is_one_query_on_every_server_that_looks() {
    let fake = FakeSnowflake::new();
    let settings = Settings::from_iter([("repeated_creates", "query_history")]);
    let looking = || Harness::new(connector(&fake, &settings)).runs_named("r");
    let first = looking().create(&query()).await.unwrap();
    let second = looking().create(&query()).await.unwrap();
    assert_eq!(first.resource_meta(), second.resource_meta());
    assert_eq!(fake.books().sessions.len(), 2, "the second server has a session of its own");
    assert_eq!(fake.books().queries.len(), 1);
    first.next_attempt().await.unwrap();
    assert_eq!(fake.books().queries.len(), 2);
    fake.books().refusals = vec![refusal("000606", "No active warehouse selected")];
    let error = looking().create(&query()).await.unwrap_err();
    assert_eq!(error.kind().as_str(), "transient", "not known is not no: {error}");
    assert_eq!(fake.books().queries.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_a_look_the_request_id_is_all_and_counts_in_its_session() {
    let fake = FakeSnowflake::new();
    let (one, other) = (harness(&fake).runs_named("r"), harness(&fake).runs_named("r"));
    let first = one.create(&query()).await.unwrap();
    assert_eq!(first.create_again().await.unwrap().resource_meta(), first.resource_meta());
    assert_eq!(fake.books().queries.len(), 1);
    fake.books().sessions.iter_mut().for_each(|session| session.has_expired = true);
    first.create_again().await.unwrap();
    assert_eq!(fake.books().queries.len(), 1, "a renewed session is the same one");
    other.create(&query()).await.unwrap();
    let ids: Vec<_> = fake.books().queries.iter().map(|query| query.request_id.clone()).collect();
    assert_eq!(ids.len(), 2, "the price that docs/decisions/snowflake-protocol.md tells of");
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test(start_paused = true)]
async fn refused_statements_are_asked_once() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    for (refused, told) in [
        (
            refusal("001003", "SQL compilation error: syntax error line 1"),
            "001003: SQL compilation",
        ),
        (refusal("000606", "No active warehouse selected"), "000606: No active warehouse"),
        ((403, r#"{"success": false, "message": "blocked"}"#.to_owned()), "403 Forbidden: blocked"),
    ] {
        fake.books().refusals.push(refused);
        let error = snowflake.create(&query()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Permanent, "{error}");
        assert!(error.message().contains(told), "{error}");
        assert_eq!(fake.asked_inside().len(), 1, "{told}");
    }
    let mut bad = bare("SELECT %(missing)s", json!(null)).input("n", literal::integer(1));
    bad = bad.secret("snowflake_private_key", crate::KEY);
    assert_eq!(snowflake.create(&bad).await.unwrap_err().kind(), ErrorKind::InvalidTask);
    assert!(fake.asked().is_empty(), "a statement that cannot be sent opens no session");
}

#[tokio::test(start_paused = true)]
async fn a_batch_and_a_tag_of_the_tasks_own() {
    let fake = FakeSnowflake::new();
    let snowflake = harness(&fake);
    let list = |values: [i64; 2]| pb::Literal {
        value: Some(pb::literal::Value::Collection(pb::LiteralCollection {
            literals: values.into_iter().map(literal::integer).collect(),
        })),
        ..Default::default()
    };
    let parameters = json!({"session_parameters": {"query_tag": "mine"}});
    let task = bare("INSERT INTO t VALUES (%(a)s, %(b)s)", parameters)
        .custom("batch", true)
        .input("b", list([3, 4]))
        .input("a", list([1, 2]))
        .secret("snowflake_private_key", crate::KEY);
    snowflake.create(&task).await.unwrap();
    let [login, submit] = fake.asked().try_into().unwrap();
    assert_eq!(login.body["data"]["SESSION_PARAMETERS"], json!({"query_tag": "mine"}));
    assert_eq!(submit.body["parameters"], json!({}));
    assert_eq!(submit.body["sqlText"], "INSERT INTO t VALUES (?, ?), (?, ?)");
    let values: Vec<&str> = ["1", "2", "3", "4"]
        .iter()
        .map(|number| submit.body["bindings"][number]["value"].as_str().unwrap())
        .collect();
    assert_eq!(values, ["1", "3", "2", "4"]);
}

#[tokio::test(start_paused = true)]
async fn the_endpoint_of_the_settings_is_honoured() {
    let fake = FakeSnowflake::new();
    fake.open();
    let official = connector_snowflake::Snowflake::at(
        &Settings::default(),
        connector_http::Endpoint::default(),
    );
    let snowflake = Harness::new(official.unwrap());
    let kwargs = json!({"host": "127.0.0.1", "port": fake.port(), "protocol": "http"});
    let task = bare("SELECT 1", kwargs).secret("snowflake_private_key", crate::KEY);
    let job = snowflake.create(&task).await.unwrap();
    assert_eq!(job.get().await.unwrap().phase, Phase::Queued);
}

#[tokio::test(start_paused = true)]
async fn a_swallowed_where_can_be_refused() {
    let fake = FakeSnowflake::new();
    let settings = Settings::from_iter([("sql_comments", "refuse")]);
    let strict = Harness::new(connector(&fake, &settings));
    let damaged = bare("SELECT count(*) FROM orders -- paid ones WHERE paid = 1", json!(null))
        .secret("snowflake_private_key", crate::KEY);
    let error = strict.create(&damaged).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask);
    assert!(error.message().contains("WHERE paid = 1"), "{error}");
    harness(&fake).create(&damaged).await.unwrap();
    strict
        .create(&bare(STATEMENT, json!(null)).secret("snowflake_private_key", crate::KEY))
        .await
        .unwrap();
}
