//! Runs on a fake Databricks: what is asked, what becomes of every answer, who asks, and the executor's
//! rules.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod credentials;
mod failures;
mod leaks;
mod storm;
mod vendor;

use connector_core::prelude::*;
use connector_databricks::Databricks;
use connector_http::Endpoint;
use connector_testing::conformance::Subject;
use connector_testing::{Harness, Task};
use pb::task_template::Target;
use serde_json::{Value, json};
use vendor::{Asked, FakeDatabricks, TOKEN, refusal};

const INSTANCE: &str = "acme.cloud.databricks.com";

/// A task as the official task class serialises it, without its token.
fn bare_task() -> Task {
    let container = pb::Container {
        image: "ghcr.io/acme/app:1".to_owned(),
        args: vec!["a0".to_owned(), "--inputs".to_owned(), "s3://b/i".to_owned()],
        env: vec![pb::KeyValuePair { key: "A".to_owned(), value: "1".to_owned() }],
        ..Default::default()
    };
    let template = pb::TaskTemplate {
        r#type: "databricks".to_owned(),
        target: Some(Target::Container(container)),
        ..Default::default()
    };
    Task::from_template(template)
        .custom("databricksInstance", INSTANCE)
        .custom("databricksConf", json!({"run_name": "r", "new_cluster": {"num_workers": 2}}))
        .custom("secrets", Value::Null)
}

fn task() -> Task {
    bare_task().secret("databricks_token", TOKEN)
}

fn connector(fake: &FakeDatabricks, settings: &Settings) -> Databricks {
    fake.open();
    Databricks::at(settings, Endpoint::at("the fake", fake.url()).unwrap()).unwrap()
}

fn harness(fake: &FakeDatabricks) -> Harness {
    Harness::new(connector(fake, &Settings::default()))
}

mod rules {
    use super::{FakeDatabricks, Settings, Subject, connector, task};

    fn at_databricks() -> Subject {
        let fake = FakeDatabricks::new();
        let vendor = fake.clone();
        Subject::new(move || connector(&fake, &Settings::default())).task(task()).vendor(vendor)
    }

    connector_testing::conformance!(subject = at_databricks());
}

#[tokio::test(start_paused = true)]
async fn a_run_from_its_submission_to_its_end() {
    let fake = FakeDatabricks::new();
    let databricks = harness(&fake);
    let job = databricks.create(&task()).await.unwrap();
    assert_eq!(
        job.resource_meta(),
        &format!("{{\"databricks_instance\": \"{INSTANCE}\", \"run_id\": \"9007199254740993\"}}")
    );
    let [Asked { call, mut body }] = fake.asked().try_into().unwrap();
    assert_eq!(call, "POST /api/2.1/jobs/runs/submit");
    let token = body.as_object_mut().unwrap().remove("idempotency_token").unwrap();
    assert_eq!(token.as_str().unwrap().len(), 64, "it comes from the attempt's key");
    assert_eq!(
        body,
        json!({
            "run_name": "r",
            "new_cluster": {
                "num_workers": 2, "docker_image": {"url": "ghcr.io/acme/app:1"}, "spark_conf": {},
                "spark_env_vars": {"A": "1"},
            },
            "spark_python_task": {
                "python_file": "flyteplugins/databricks/entrypoint.py", "source": "GIT",
                "parameters": ["a0", "--inputs", "s3://b/i"],
            },
            "git_source": {
                "git_url": "https://github.com/flyteorg/flytetools", "git_provider": "gitHub",
                "git_commit": "194364210c47c49ce66c419e8fb68d6f9c06fd7e",
            },
        })
    );

    let journey = job.run().await.unwrap();
    journey.assert_phases([Phase::Initializing, Phase::Running, Phase::Succeeded]);
    let last = journey.polls().last().unwrap();
    assert_eq!((last.message.as_str(), last.outputs.is_none()), ("SUCCESS", false));
    assert!(last.outputs.inline().is_none(), "the task itself writes them");
    let [console, run] = last.log_links.as_slice() else { panic!("{:?}", last.log_links) };
    let page = format!("https://{INSTANCE}/#job/11/run/9007199254740993");
    assert_eq!(
        (console.name.as_str(), console.uri.as_str()),
        ("Databricks Console", page.as_str())
    );
    assert_eq!(run.uri, "https://acme.example/?o=1#job/11/run/7");
    let asked = fake.asked();
    let get = "GET /api/2.1/jobs/runs/get?run_id=9007199254740993";
    assert!(asked.iter().all(|Asked { call, .. }| call == get), "{asked:?}");
    job.delete().await.unwrap();
    let [cancel] = fake.asked().try_into().unwrap();
    let body = json!({"run_id": "9007199254740993"});
    assert_eq!(cancel, Asked { call: "POST /api/2.1/jobs/runs/cancel".to_owned(), body });
}

#[tokio::test(start_paused = true)]
async fn metadata_of_the_official_connectors_are_read() {
    let fake = FakeDatabricks::new();
    let databricks = harness(&fake);
    databricks.create(&task()).await.unwrap();
    for meta in [
        format!(r#"{{"databricks_instance": "{INSTANCE}", "run_id": "9007199254740993"}}"#),
        // Of Flyte 1.
        format!(
            r#"{{"databricks_instance": "{INSTANCE}", "run_id": "9007199254740993", "auth_token": null,
                "auth_type": "oauth_m2m", "client_id": "c", "namespace": "n"}}"#
        ),
    ] {
        let job = databricks.job(&task(), meta);
        job.get().await.unwrap();
        job.delete().await.unwrap();
    }
    let gone = format!(r#"{{"databricks_instance": "{INSTANCE}", "run_id": "7"}}"#);
    let gone = databricks.job(&task(), gone);
    assert_eq!(gone.get().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(
        gone.delete().await.unwrap_err().kind(),
        ErrorKind::NotFound,
        "the server takes it as done"
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_no_second_run() {
    let fake = FakeDatabricks::new();
    fake.books().lost_answers = 2;
    let (one, other) = (harness(&fake).runs_named("r"), harness(&fake).runs_named("r"));
    let first = one.create(&task()).await.unwrap();
    assert_eq!(fake.asked().len(), 3);
    let second = other.create(&task()).await.unwrap();
    assert_eq!(first.resource_meta(), second.resource_meta());
    assert_eq!(fake.books().runs.len(), 1);
    first.next_attempt().await.unwrap();
    assert_eq!(fake.books().runs.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_newer_version_is_a_setting() {
    let fake = FakeDatabricks::new();
    let newer = Settings::from_iter([("api_version", "2.2"), ("instance", "other.example")]);
    let databricks = Harness::new(connector(&fake, &newer));
    let unnamed = task().custom("databricksInstance", Value::Null);
    let job = databricks.create(&unnamed).await.unwrap();
    job.get().await.unwrap();
    let calls: Vec<String> = fake.asked().into_iter().map(|asked| asked.call).collect();
    assert_eq!(
        calls,
        ["POST /api/2.2/jobs/runs/submit", "GET /api/2.2/jobs/runs/get?run_id=9007199254740993"]
    );
    assert!(job.resource_meta().starts_with(b"{\"databricks_instance\": \"other.example\""));
    let endpoint = Endpoint::at("the fake", fake.url()).unwrap();
    let error = Databricks::at(&Settings::from_iter([("api_version", "2")]), endpoint).unwrap_err();
    assert!(error.message().contains("`2.1` or `2.2`"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_can_never_run_asks_nobody() {
    let fake = FakeDatabricks::new();
    let databricks = harness(&fake);
    for (task, said) in [
        (task().custom("databricksInstance", Value::Null), "Missing databricks instance"),
        (task().custom("databricksInstance", "a.example/x"), "is no host"),
        (task().custom("databricksConf", Value::Null), "Missing Databricks job configuration"),
        (task().custom("databricksConf", json!({})), "Either existing_cluster_id or new_cluster"),
    ] {
        let error = databricks.create(&task).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidTask);
        assert!(error.message().contains(said), "{error}");
    }
    assert_eq!(fake.asked(), []);
}

#[tokio::test(start_paused = true)]
async fn refusals_have_their_kinds() {
    let fake = FakeDatabricks::new();
    let databricks = harness(&fake);
    for (refused, kind) in [
        (refusal(400, "INVALID_PARAMETER_VALUE", "Cluster spec is bad"), "permanent"),
        (refusal(403, "PERMISSION_DENIED", "may not submit"), "permanent"),
        // No token is better at the next attempt.
        (refusal(401, "UNAUTHENTICATED", "no"), "permanent"),
        (refusal(403, "403", "Invalid access token."), "permanent"),
    ] {
        fake.books().refusals.push(refused.clone());
        let error = databricks.create(&task()).await.unwrap_err();
        assert_eq!(error.kind().as_str(), kind, "{error}");
        let told: Value = serde_json::from_str(&refused.1).unwrap();
        assert!(error.message().contains(told["message"].as_str().unwrap()), "{error}");
        assert_eq!(fake.asked().len(), 1, "asked once");
    }
    let job = databricks.create(&task()).await.unwrap();
    for (refused, kind) in [
        (refusal(429, "REQUEST_LIMIT_EXCEEDED", "slow down"), "transient"),
        (refusal(503, "TEMPORARILY_UNAVAILABLE", "later"), "transient"),
        (refusal(500, "INTERNAL_ERROR", "oops"), "transient"),
        ((502, "<html><body>Bad Gateway</body></html>".to_owned()), "transient"),
        ((200, "<html><body>Sign in</body></html>".to_owned()), "transient"),
        ((200, "{\"job_id\": 1".to_owned()), "transient"),
        (refusal(401, "UNAUTHENTICATED", "expired"), "unauthenticated"),
        (refusal(404, "RESOURCE_DOES_NOT_EXIST", "Run 7 does not exist."), "not_found"),
        (refusal(400, "INVALID_PARAMETER_VALUE", "Run 7 does not exist."), "not_found"),
    ] {
        fake.books().refusals.push(refused);
        let error = job.get().await.unwrap_err();
        assert_eq!(error.kind().as_str(), kind, "{error}");
    }
}
