//! Query jobs against a fake BigQuery: what is asked, what becomes of every answer, and the executor's
//! rules. The key in `made-for-tests.pem` opens nothing.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod leaks;
mod pace;
mod questions;
mod settled;
mod vendor;

use connector_bigquery::BigQuery;
use connector_core::prelude::*;
use connector_http::Endpoint;
use connector_testing::conformance::Subject;
use connector_testing::{Harness, Task};
use pb::task_template::Target;
use serde_json::{Value, json};
use vendor::{FakeBigQuery, TOKEN, refusal};

const STATEMENT: &str = "SELECT @n AS x";

fn key_file(fake: &FakeBigQuery) -> String {
    json!({
        "type": "service_account", "client_email": "flyte@p.iam.gserviceaccount.com",
        "private_key": include_str!("made-for-tests.pem"), "private_key_id": "k1",
        "token_uri": format!("{}/token", fake.url()),
    })
    .to_string()
}

/// A task as the official task class serialises it.
fn query(fake: &FakeBigQuery, statement: &str) -> Task {
    let sql = pb::Sql { statement: statement.to_owned(), dialect: pb::sql::Dialect::Ansi as i32 };
    let runtime = pb::RuntimeMetadata { version: "2.12.1".to_owned(), ..Default::default() };
    let template = pb::TaskTemplate {
        r#type: "bigquery_query_job_task".to_owned(),
        metadata: Some(pb::TaskMetadata { runtime: Some(runtime), ..Default::default() }),
        target: Some(Target::Sql(sql)),
        ..Default::default()
    };
    Task::from_template(template)
        .custom("ProjectID", "p")
        .custom("Domain", "development")
        .custom("priority", "BATCH")
        .input("n", literal::integer(5))
        .input("m", literal::string("x"))
        .output("results")
        .secret("google_application_credentials", key_file(fake))
}

fn connector(fake: &FakeBigQuery, settings: &Settings) -> BigQuery {
    fake.open();
    BigQuery::at(settings, Endpoint::at("the fake", fake.url()).unwrap()).unwrap()
}

fn harness(fake: &FakeBigQuery) -> Harness {
    Harness::new(connector(fake, &Settings::default()))
}

mod rules {
    use super::{FakeBigQuery, STATEMENT, Settings, Subject, connector, query};

    fn at_google() -> Subject {
        let fake = FakeBigQuery::new();
        let (task, vendor) = (query(&fake, STATEMENT), fake.clone());
        Subject::new(move || connector(&fake, &Settings::default())).task(task).vendor(vendor)
    }

    connector_testing::conformance!(subject = at_google());
}

#[tokio::test(start_paused = true)]
async fn a_query_from_insert_to_its_table() {
    let fake = FakeBigQuery::new();
    let google = harness(&fake);
    let job = google.create(&query(&fake, STATEMENT)).await.unwrap();
    let [(method, path, body)] = fake.asked().try_into().unwrap();
    assert_eq!(
        (method.as_str(), path.as_str()),
        ("POST", "/bigquery/v2/projects/p/jobs?prettyPrint=false")
    );
    let id = body["jobReference"]["jobId"].as_str().unwrap();
    assert_eq!(id.len(), 64, "it comes from the attempt's key");
    assert_eq!(
        body["configuration"]["query"],
        json!({
            "query": STATEMENT, "useLegacySql": false, "priority": "BATCH", "parameterMode": "NAMED",
            "queryParameters": [
                {"name": "n", "parameterType": {"type": "INT64"}, "parameterValue": {"value": "5"}},
                {"name": "m", "parameterType": {"type": "STRING"}, "parameterValue": {"value": "x"}},
            ],
        })
    );

    let journey = job.run().await.unwrap();
    journey.assert_phases([Phase::Initializing, Phase::Running, Phase::Succeeded]);
    let last = journey.polls().last().unwrap();
    let uri = format!(
        "https://console.cloud.google.com/bigquery?project=p&j=bq:europe-west3:{id}&page=queryresults"
    );
    assert_eq!(
        (last.log_links[0].uri.as_str(), last.log_links[0].name.as_str()),
        (uri.as_str(), "BigQuery Console")
    );
    let frame: DataFrame = journey.output("results").unwrap();
    assert_eq!(frame.uri, "bq://p:_hidden.anon7");
    let asked = fake.asked();
    let path = format!(
        "/bigquery/v2/projects/p/jobs/{id}?projection=full&location=europe-west3&prettyPrint=false"
    );
    assert!(asked.iter().all(|(method, asked, _)| method == "GET" && *asked == path), "{asked:?}");
    job.delete().await.unwrap();
    let [(method, path, _)] = fake.asked().try_into().unwrap();
    assert_eq!(method, "POST");
    assert!(path.contains(&format!("/jobs/{id}/cancel?")), "{path}");
}

#[tokio::test(start_paused = true)]
async fn the_metadata_are_those_of_the_official_connector() {
    let fake = FakeBigQuery::new();
    let google = harness(&fake);
    google.create(&query(&fake, STATEMENT)).await.unwrap();
    let id = fake.books().jobs.first().map(|job| job.configuration.clone());
    assert!(id.is_some());
    // A job that Python started, with a location it does not know and one it does.
    let (_, _, body) = fake.asked().pop().unwrap();
    let id = body["jobReference"]["jobId"].as_str().unwrap().to_owned();
    let written = |location: &str| {
        format!(
            "{{\"job_id\": \"{id}\", \"project\": \"p\", \"location\": {location}, \
             \"user_agent\": \"Flyte/2.12.1 (GPN:Union;development)\"}}"
        )
    };
    let task = query(&fake, STATEMENT);
    let found = google.job(&task, written("\"europe-west3\"")).get().await.unwrap();
    assert_eq!(found.phase, Phase::Initializing);
    let lost = google.job(&task, written("null")).get().await.unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::NotFound, "{lost}");
}

#[tokio::test(start_paused = true)]
async fn a_repeated_insert_finds_the_job_and_its_location() {
    let fake = FakeBigQuery::new();
    let (one, other) = (harness(&fake).runs_named("r"), harness(&fake).runs_named("r"));
    let first = one.create(&query(&fake, STATEMENT)).await.unwrap();
    let second = other.create(&query(&fake, STATEMENT)).await.unwrap();
    assert_eq!(fake.books().jobs.len(), 1);
    // The second create has looked at the job, and so have these: one job goes on from look to look.
    assert_eq!(first.get().await.unwrap().phase, Phase::Running);
    assert_eq!(second.get().await.unwrap().phase, Phase::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_comes_back_after_its_job_was_cancelled_gets_another_one() {
    let fake = FakeBigQuery::new();
    let google = harness(&fake);
    let first = google.create(&query(&fake, STATEMENT)).await.unwrap();
    first.delete().await.unwrap();
    let second = first.create_again().await.unwrap();
    assert_eq!(second.run().await.unwrap().phases().last(), Some(&Phase::Succeeded));
    // And that one is found again.
    let third = first.create_again().await.unwrap();
    assert_eq!(third.resource_meta(), second.resource_meta());
    assert_eq!(fake.books().jobs.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn refusals_have_their_kinds() {
    let fake = FakeBigQuery::new();
    let google = harness(&fake);
    for (refused, kind) in [
        (refusal(400, "invalidQuery", "Syntax error at [1:1]"), "permanent"),
        (refusal(403, "accessDenied", "no"), "permanent"),
        (refusal(404, "notFound", "no such dataset"), "not_found"),
    ] {
        fake.books().refusals.push(refused.clone());
        let error = google.create(&query(&fake, STATEMENT)).await.unwrap_err();
        assert_eq!(error.kind().as_str(), kind, "{error}");
        let told: Value = serde_json::from_str(&refused.1).unwrap();
        assert!(error.message().contains(told["error"]["message"].as_str().unwrap()), "{error}");
        assert_eq!(fake.asked().len(), 1, "asked once");
    }
    let job = google.create(&query(&fake, STATEMENT)).await.unwrap();
    for refused in [
        refusal(403, "rateLimitExceeded", "slow down"),
        refusal(429, "rateLimitExceeded", "slow down"),
        refusal(503, "backendError", "later"),
        (502, "<html><body>Bad Gateway</body></html>".to_owned()),
    ] {
        fake.books().refusals.push(refused);
        let error = job.get().await.unwrap_err();
        assert_eq!(error.kind().as_str(), "transient", "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_error_result_fails_a_job() {
    let fake = FakeBigQuery::new();
    let google = harness(&fake);
    let job = google.create(&query(&fake, STATEMENT)).await.unwrap();
    let problem =
        |reason: &str| json!({"reason": reason, "location": "row 5", "message": "bad row"});
    for (status, phase) in [
        (json!({"state": "RUNNING", "errors": [problem("invalid")]}), Phase::Running),
        (json!({"state": "DONE", "errors": [problem("invalid")]}), Phase::Succeeded),
        (json!({"state": "DONE", "errorResult": problem("invalidQuery")}), Phase::Failed),
        (json!({"state": "DONE", "errorResult": problem("backendError")}), Phase::RetryableFailed),
        (json!({"state": "SUSPENDED"}), Phase::Running),
    ] {
        fake.books().status = Some(status.clone());
        let seen = job.get().await.unwrap();
        assert_eq!(seen.phase, phase, "{status}");
        if status["errorResult"].is_object() {
            assert!(seen.message.starts_with("bad row ("), "{}", seen.message);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_statement_without_a_table_says_so() {
    let fake = FakeBigQuery::new();
    let google = harness(&fake);
    fake.books().status = Some(json!({"state": "DONE"}));
    fake.books().statistics = Some(json!({"query": {"statementType": "CREATE_TABLE"}}));
    let job = google.create(&query(&fake, "CREATE TABLE d.t (x INT64)")).await.unwrap();
    let seen = job.get().await.unwrap();
    assert_eq!((seen.phase, seen.outputs.is_none()), (Phase::Succeeded, true));
    let text = "DONE; this statement (CREATE_TABLE) has no table with results";
    assert_eq!(seen.message, text);
}

#[tokio::test(start_paused = true)]
async fn a_swallowed_where_is_told_at_every_poll() {
    let fake = FakeBigQuery::new();
    let damaged = query(&fake, "SELECT count(*) FROM orders -- paid ones WHERE paid = 1");
    let job = harness(&fake).create(&damaged).await.unwrap();
    for state in ["PENDING", "RUNNING", "DONE"] {
        fake.books().status = Some(json!({"state": state}));
        let message = job.get().await.unwrap().message;
        assert!(message.starts_with(&format!("{state}; everything behind")), "{message}");
        assert!(message.contains("`paid ones WHERE paid = 1`"), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_no_good_is_a_failed_task_and_is_not_told() {
    let fake = FakeBigQuery::new();
    let google = harness(&fake);
    for key in ["not json", "{}", r#"{"client_email": "a", "private_key": "b", "token_uri": "c"}"#]
    {
        let task = query(&fake, STATEMENT).secret("google_application_credentials", key);
        let error = google.create(&task).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Permanent, "{error}");
    }
    // What the vendor quotes back does not come out.
    let job = google.create(&query(&fake, STATEMENT)).await.unwrap();
    fake.books().status = Some(json!({
        "state": "DONE", "errorResult": {"reason": "invalid", "message": format!("token {TOKEN}")},
    }));
    let seen = job.get().await.unwrap();
    assert!(seen.message.contains("token ***"), "{}", seen.message);
}

#[tokio::test(start_paused = true)]
async fn a_swallowed_where_can_be_refused() {
    let fake = FakeBigQuery::new();
    let settings = Settings::from_iter([("sql_comments", "refuse")]);
    let strict = Harness::new(connector(&fake, &settings));
    let damaged = query(&fake, "SELECT count(*) FROM orders -- paid ones WHERE paid = 1");
    let error = strict.create(&damaged).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask);
    assert!(error.message().contains("WHERE paid = 1"), "{error}");
    harness(&fake).create(&damaged).await.unwrap();
}
