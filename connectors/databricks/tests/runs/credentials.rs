//! Who a call is made as: tokens, OAuth clients, workloads of another identity provider; the task's or
//! the operator's, and where the latter may be sent.

use std::io::Write as _;

use connector_core::Registry;
use connector_core::prelude::*;
use connector_testing::{Harness, Task};
use serde_json::json;

use crate::vendor::{Asked, CLIENT, FOREIGN, FakeDatabricks, TOKEN};
use crate::{INSTANCE, bare_task, connector, harness, task};

/// A server whose operator set these variables, `CONNECTOR__DATABRICKS__` before each.
pub(crate) async fn operated(fake: &FakeDatabricks, variables: &[(&str, &str)]) -> Harness {
    let named = |(name, value): &(&str, &str)| {
        (format!("CONNECTOR__DATABRICKS__{name}"), (*value).to_owned())
    };
    let variables: Vec<(String, String)> = variables.iter().map(named).collect();
    let settings = Settings::from_variables("databricks", variables.clone());
    let registry = Registry::builder().register(connector(fake, &settings)).variables(variables);
    Harness::of(registry.build().await.unwrap())
}

fn calls(fake: &FakeDatabricks) -> Vec<String> {
    let path = |asked: Asked| asked.call.split(['?', ' ']).nth(1).unwrap_or_default().to_owned();
    fake.asked().into_iter().map(path).collect()
}

pub(crate) fn by_client() -> Task {
    let (id, secret) = CLIENT;
    bare_task().secret("databricks_client_id", id).secret("databricks_client_secret", secret)
}

const SIGN_IN: &str = "/oidc/v1/token";
const SUBMIT: &str = "/api/2.1/jobs/runs/submit";
const GET: &str = "/api/2.1/jobs/runs/get";

#[tokio::test(start_paused = true)]
async fn an_oauth_client_signs_in_once_an_hour_and_again_when_it_is_refused() {
    let fake = FakeDatabricks::new();
    let databricks = harness(&fake);
    let job = databricks.create(&by_client()).await.unwrap();
    job.get().await.unwrap();
    assert_eq!(calls(&fake), [SIGN_IN, SUBMIT, GET]);
    // Databricks takes the token back.
    fake.books().signed_in.clear();
    job.get().await.unwrap();
    assert_eq!(calls(&fake), [GET, SIGN_IN, GET]);
    tokio::time::sleep(std::time::Duration::from_secs(3_500)).await;
    job.get().await.unwrap();
    assert_eq!(calls(&fake), [SIGN_IN, GET], "it is renewed before it runs out");
    // A personal token that is refused is no better the second time.
    let job = databricks
        .job(&bare_task().secret("databricks_token", "dapi-old"), job.resource_meta().clone());
    assert_eq!(job.get().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!(calls(&fake), [GET]);
}

#[tokio::test(start_paused = true)]
async fn another_providers_token_is_exchanged() {
    let fake = FakeDatabricks::new();
    let told = bare_task().secret("databricks_oidc_token", FOREIGN);
    harness(&fake).create(&told).await.unwrap();
    let sign_in = fake.asked().into_iter().next().unwrap();
    assert_eq!(sign_in.call, format!("POST {SIGN_IN}"));
    assert_eq!(
        sign_in.body,
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
         &subject_token=a-token-of-another-provider\
         &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&scope=all-apis"
    );

    // From a file of the machine, which somebody replaces now and then.
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{FOREIGN}").unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    let databricks = operated(&fake, &[("OIDC_TOKEN_FILE", &path)]).await;
    let job = databricks.create(&bare_task()).await.unwrap();
    assert_eq!(calls(&fake), [SIGN_IN, SUBMIT]);
    std::fs::write(&path, "a-token-that-is-not-trusted").unwrap();
    let error = job.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(
        error.message(),
        format!(
            "signing in at {INSTANCE} has failed: Databricks' sign-in answered 401 Unauthorized \
             (invalid_client): no: ***"
        )
    );
    std::fs::write(&path, "\n").unwrap();
    let error = job.get().await.unwrap_err();
    assert!(error.message().contains("`oidc_token_file` cannot be read: it is empty"), "{error}");
    // A task that brings its own is not signed in by the machine's.
    calls(&fake);
    databricks.create(&task()).await.unwrap();
    assert_eq!(calls(&fake), [SUBMIT]);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_good_is_a_failed_task_and_is_not_told() {
    let fake = FakeDatabricks::new();
    let databricks = harness(&fake);
    for (task, said) in [
        (bare_task().secret("databricks_token", "dapi-wrong-one"), "401 Unauthorized"),
        (by_client().secret("databricks_client_secret", "dapi-wrong-one"), "signing in at"),
        (bare_task().secret("databricks_oidc_token", "dapi-wrong-one"), "signing in at"),
        (
            bare_task().secret("databricks_client_secret", "dapi-wrong-one"),
            "no `databricks_client_id`",
        ),
        (
            bare_task().secret("databricks_client_id", "dapi-wrong-one"),
            "only a `databricks_client_id`",
        ),
        (
            bare_task().secret("databricks_token", "dapi-wrong-one\nX: y"),
            "cannot stand in an HTTP header",
        ),
        (bare_task().secret("databricks_token", ""), "there are no credentials"),
        (bare_task(), "there are no credentials"),
    ] {
        let error = databricks.create(&task).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Permanent | ErrorKind::InvalidTask), "{error}");
        assert!(error.message().contains(said), "{error}");
        assert!(!format!("{error:?}").contains("dapi-wrong-one"), "{error:?}");
        assert!(fake.asked().len() <= 1, "asked once");
    }
    assert_eq!(fake.books().runs.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_operators_credentials_go_where_the_operator_says() {
    let fake = FakeDatabricks::new();
    let (id, secret) = CLIENT;
    for lent in [
        &[("SECRET__DATABRICKS_TOKEN", TOKEN)] as &[(&str, &str)],
        &[("SECRET__DATABRICKS_CLIENT_ID", id), ("SECRET__DATABRICKS_CLIENT_SECRET", secret)],
        &[("SECRET__DATABRICKS_OIDC_TOKEN", FOREIGN)],
    ] {
        let bound = [lent, &[("SECRET_HOSTS", "*.cloud.databricks.com")]].concat();
        let databricks = operated(&fake, &bound).await;
        databricks.create(&bare_task()).await.unwrap();
        assert!(calls(&fake).ends_with(&[SUBMIT.to_owned()]));
        let elsewhere = bare_task().custom("databricksInstance", "databricks.evil.example");
        let error = databricks.create(&elsewhere).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Permanent);
        assert!(error.message().contains("may not be sent to `databricks.evil.example"), "{error}");
        assert_eq!(fake.asked(), [], "nobody was asked");
    }
}

/// As the binary makes it, which is how a file's path comes to be bound to hosts.
#[tokio::test]
async fn the_token_of_the_operators_file_goes_where_the_operator_says() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), FOREIGN).unwrap();
    let variables = [
        ("OIDC_TOKEN_FILE", file.path().to_str().unwrap()),
        ("SECRET_HOSTS", "*.cloud.databricks.com"),
    ];
    let named =
        |(name, value): (&str, &str)| (format!("CONNECTOR__DATABRICKS__{name}"), value.to_owned());
    let registry = Registry::linked().variables(variables.map(named)).build().await.unwrap();
    // Nobody is there, and nobody is looked for.
    let elsewhere = bare_task().custom("databricksInstance", "databricks.evil.example");
    let error = Harness::of(registry).create(&elsewhere).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);
    assert!(error.message().contains("may not be sent to `databricks.evil.example"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_run_of_flyte_1_is_asked_about_with_the_token_of_its_namespace() {
    let fake = FakeDatabricks::new();
    let lent = [
        ("SECRET__FLYTE_DATABRICKS_ACCESS_TOKEN", "dapi-of-another-team"),
        // Where a connector is made by hand a setting stands in for a secret.
        ("databricks-token.films-production", TOKEN),
        ("SECRET_HOSTS", "*.cloud.databricks.com"),
    ];
    let databricks = operated(&fake, &lent).await;
    let job = harness(&fake).create(&task()).await.unwrap();
    let run: serde_json::Value = serde_json::from_slice(job.resource_meta().as_ref()).unwrap();
    let of = |namespace: &str| {
        let meta = json!({
            "databricks_instance": INSTANCE, "run_id": run["run_id"], "auth_token": null,
            "namespace": namespace,
        });
        databricks.job(&bare_task(), meta.to_string())
    };
    of("films-production").get().await.unwrap();
    of("films-production").delete().await.unwrap();
    assert_eq!(of("films-staging").get().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
}

#[tokio::test(start_paused = true)]
async fn a_tasks_credentials_are_not_mixed_with_the_operators() {
    let fake = FakeDatabricks::new();
    let (_, secret) = CLIENT;
    let lent = [
        ("SECRET__DATABRICKS_TOKEN", TOKEN),
        ("SECRET__DATABRICKS_CLIENT_SECRET", secret),
        ("SECRET_HOSTS", "*"),
    ];
    let databricks = operated(&fake, &lent).await;
    // Its client id, and the operator's secret.
    let half = bare_task().secret("databricks_client_id", CLIENT.0);
    let error = databricks.create(&half).await.unwrap_err();
    assert!(error.message().contains("only a `databricks_client_id`"), "{error}");
    // Its client, though the operator lends a token.
    databricks.create(&by_client()).await.unwrap();
    assert_eq!(calls(&fake), [SIGN_IN, SUBMIT]);
    // A name without a value is what becomes of `databricks_token=None`.
    let none = bare_task().custom("secrets", json!({"databricks_token": ""}));
    databricks.create(&none.secret("databricks_token", "")).await.unwrap();
    assert_eq!(calls(&fake), [SUBMIT]);
}
