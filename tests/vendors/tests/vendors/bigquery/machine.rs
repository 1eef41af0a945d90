//! Where nobody brings a key, the machine's credentials sign in: every kind that Google's libraries find.
//! They are read from the environment of a process, so the binary is one.

use std::path::Path;

use connector_core::pb as core_pb;
use connector_service::pb::CreateTaskRequest;
use core_pb::task_template::Target;
use interop_tests::peer::{self, Server};
use serde_json::{Value, json};
use vendor_tests::bigquery::BigQuery;
use vendor_tests::fake::{Answer, Call, Fake};
use vendor_tests::side::Side;

const REFRESH_TOKEN: &str = "1-a-refresh-token-of-somebody";
const CLIENT_SECRET: &str = "GOCSPX-a-secret-of-a-client";
const SUBJECT_TOKEN: &str = "the-token-of-the-workload";

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
        "type": "authorized_user", "client_id": "c", "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "token_uri": format!("{url}/token"),
    })
}

/// A server in that environment.
async fn side<'a>(environment: &[(&str, &str)], fake: &'a Fake<BigQuery>) -> Side<'a, BigQuery> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let binary = peer::binary(target).unwrap();
    let url = fake.url();
    // No home: a login of whoever runs this test would be found there.
    let given = [("BIGQUERY_API_ENDPOINT", url.as_str()), ("HOME", "/nonexistent")];
    let environment: Vec<_> = given.into_iter().chain(environment.iter().copied()).collect();
    Side::of(Server::with(&binary, &environment).unwrap(), fake).await
}

/// Creates, polls and cancels a job in that environment; answers how it signed in.
async fn signs_in(environment: &[(&str, &str)], fake: &Fake<BigQuery>) -> Vec<Call> {
    let mut side = side(environment, fake).await;
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

/// A login of a workload, whose token is in that file.
fn workload(url: &str, token: &Path) -> Value {
    json!({
        "type": "external_account", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/a/providers/b",
        "token_url": format!("{url}/exchange"), "credential_source": {"file": token},
    })
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
    assert!(form.to_string().contains(REFRESH_TOKEN), "{form}");
}

#[tokio::test(flavor = "multi_thread")]
async fn workload_identity_exchanges_the_token_of_its_file() {
    let fake = Fake::open(BigQuery::default());
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, SUBJECT_TOKEN).unwrap();
    let file = workload(&fake.url(), &token);
    let [(path, form)] = signs_in_by(file, &fake).await.try_into().unwrap();
    assert_eq!(path, "/exchange");
    assert!(form.to_string().contains(SUBJECT_TOKEN), "{form}");
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

/// Everything that was asked, in every field of a refusal.
fn quoted(call: &Call, status: u16) -> Answer {
    let said = format!("{} {}", call.header("authorization"), String::from_utf8_lossy(&call.body));
    let body =
        json!({"error": said, "error_description": said, "message": said, "details": [said]});
    Answer::Json(status, body)
}

/// What no text may have: each secret of the file, and of the file that this names.
async fn tells_nothing(file: &Value, secrets: &[&str], refuse: fn(&Call) -> Answer, said: &str) {
    let fake = Fake::open(BigQuery::default());
    fake.vendor().no_token = Some(refuse);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials.json");
    // Its places are those of this fake.
    std::fs::write(&path, file.to_string().replace("http://fake", &fake.url())).unwrap();
    let variable = ("GOOGLE_APPLICATION_CREDENTIALS", path.to_str().unwrap());
    let mut side = side(&[variable], &fake).await;
    let (job, created) = side.created(request()).await;
    let seen = side.got(&job).await;
    let told = format!("{created:?} {seen:?} {}", side.output());
    assert!(told.contains(said), "{told}");
    for secret in secrets {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_has_a_secret_of_the_file_whatever_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, SUBJECT_TOKEN).unwrap();
    let impersonated = json!({
        "type": "impersonated_service_account", "source_credentials": user("http://fake"),
        "service_account_impersonation_url": "http://fake/v1/projects/-/serviceAccounts/a:generateAccessToken",
    });
    let of_user = [REFRESH_TOKEN, CLIENT_SECRET];
    let refuse: [fn(&Call) -> Answer; 3] =
        [|call| quoted(call, 400), |call| quoted(call, 403), |call| quoted(call, 200)];
    for refuse in refuse {
        let none = "the machine has none either: what it has gets no token";
        tells_nothing(&user("http://fake"), &of_user, refuse, none).await;
        tells_nothing(&impersonated, &of_user, refuse, none).await;
        let workload = workload("http://fake", &token);
        tells_nothing(&workload, &[SUBJECT_TOKEN], refuse, none).await;
    }
    // Signs for itself, so that only its own mistakes are left to tell.
    let mut account: Value = serde_json::from_str(&BigQuery::key_file("http://fake")).unwrap();
    let key = account["private_key"].as_str().unwrap().to_owned();
    let line = key.lines().nth(9).unwrap();
    let refuse: fn(&Call) -> Answer = |call| quoted(call, 400);
    for broken in [key.replace("PRIVATE KEY", "KEY"), key.replace("MII", "!!!"), line.to_owned()] {
        account["private_key"] = broken.into();
        tells_nothing(&account, &[line], refuse, "the machine has none either: ").await;
    }
    // Files that cannot be understood.
    for file in [
        json!({"type": "authorized_user", "refresh_token": [REFRESH_TOKEN]}),
        json!({"type": REFRESH_TOKEN}),
        json!(REFRESH_TOKEN),
    ] {
        tells_nothing(&file, &of_user, refuse, "the file of its credentials").await;
    }
}
