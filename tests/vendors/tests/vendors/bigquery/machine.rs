//! Where nobody brings a key, the machine's credentials sign in: every kind that Google's libraries find.
//! They are read from the environment of a process, so the binary is one.

use std::path::Path;

use connector_core::pb as core_pb;
use connector_service::pb::CreateTaskRequest;
use core_pb::task_template::Target;
use interop_tests::peer::{self, Server};
use serde_json::{Value, json};
use vendor_tests::bigquery::BigQuery;
use vendor_tests::fake::{Call, Fake};
use vendor_tests::side::Side;

/// A task that names no secret.
fn request() -> CreateTaskRequest {
    let custom = json!({"ProjectID": "p", "Location": "EU", "Domain": "development"});
    let statement = core_pb::Sql { statement: "SELECT 1".to_owned(), ..Default::default() };
    let template = core_pb::TaskTemplate {
        r#type: "bigquery_query_job_task".to_owned(),
        custom: Some(connector_core::custom_info::json_to_struct(custom).unwrap()),
        target: Some(Target::Sql(statement)),
        ..Default::default()
    };
    CreateTaskRequest { template: Some(Box::new(template)), ..Default::default() }
}

/// A refresh token, as `gcloud auth application-default login` leaves it.
fn user(url: &str) -> Value {
    json!({
        "type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r",
        "token_uri": format!("{url}/token"),
    })
}

/// Creates, polls and cancels a job in that environment; answers how it signed in.
async fn signs_in(environment: &[(&str, &str)], fake: &Fake<BigQuery>) -> Vec<Call> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let binary = peer::binary(target).unwrap();
    let url = fake.url();
    // No home: a login of whoever runs this test would be found there.
    let given = [("BIGQUERY_API_ENDPOINT", url.as_str()), ("HOME", "/nonexistent")];
    let environment: Vec<_> = given.into_iter().chain(environment.iter().copied()).collect();
    let server = Server::with(&binary, &environment).unwrap();
    let mut side = Side::of(server, fake).await;
    let (job, created) = side.created(request()).await;
    created.unwrap();
    let seen = side.got(&job).await.unwrap();
    assert_eq!(seen.phase().as_str_name(), "INITIALIZING", "{}", seen.message);
    side.deleted(&job).await.unwrap();
    let (calls, sign_ins): (Vec<_>, Vec<_>) =
        fake.calls().into_iter().partition(|call| call.path.starts_with("/bigquery/"));
    assert_eq!(calls.len(), 3, "{calls:?}");
    sign_ins
}

/// As [`signs_in`], with a file that `GOOGLE_APPLICATION_CREDENTIALS` names.
async fn signs_in_by(file: Value, fake: &Fake<BigQuery>) -> Vec<(String, Value)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials.json");
    std::fs::write(&path, file.to_string()).unwrap();
    let variable = ("GOOGLE_APPLICATION_CREDENTIALS", path.to_str().unwrap());
    let calls = signs_in(&[variable], fake).await;
    calls.iter().map(|call| (call.path.clone(), call.json())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_accounts_file_signs_for_itself() {
    let fake = Fake::open(BigQuery::default());
    let file = serde_json::from_str(&BigQuery::key_file(&fake.url())).unwrap();
    // No exchange: Google takes a token that the account has signed. The fake looks whose it is.
    assert_eq!(signs_in_by(file, &fake).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_login_is_renewed() {
    let fake = Fake::open(BigQuery::default());
    let [(path, form)] = signs_in_by(user(&fake.url()), &fake).await.try_into().unwrap();
    assert_eq!(path, "/token");
    assert!(form.to_string().contains("refresh_token"), "{form}");
}

#[tokio::test(flavor = "multi_thread")]
async fn workload_identity_exchanges_the_token_of_its_file() {
    let fake = Fake::open(BigQuery::default());
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "the-token-of-the-workload").unwrap();
    let file = json!({
        "type": "external_account", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/a/providers/b",
        "token_url": format!("{}/exchange", fake.url()), "credential_source": {"file": token},
    });
    let [(path, form)] = signs_in_by(file, &fake).await.try_into().unwrap();
    assert_eq!(path, "/exchange");
    assert!(form.to_string().contains("the-token-of-the-workload"), "{form}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_impersonated_is_asked_for() {
    let fake = Fake::open(BigQuery::default());
    let path =
        "/v1/projects/-/serviceAccounts/reports@p.iam.gserviceaccount.com:generateAccessToken";
    let file = json!({
        "type": "impersonated_service_account", "source_credentials": user(&fake.url()),
        "service_account_impersonation_url": format!("{}{path}", fake.url()),
    });
    let calls = signs_in_by(file, &fake).await;
    let paths: Vec<&str> = calls.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/token", path]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_server_of_a_machine_is_asked() {
    let fake = Fake::open(BigQuery::default());
    let url = fake.url();
    let host = url.trim_start_matches("http://");
    let [call] = signs_in(&[("GCE_METADATA_HOST", host)], &fake).await.try_into().unwrap();
    assert!(call.path.ends_with("/service-accounts/default/token"), "{}", call.path);
    assert_eq!(call.header("metadata-flavor"), "Google");
}
