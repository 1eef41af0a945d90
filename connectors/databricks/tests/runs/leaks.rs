//! A vendor that writes a credential wherever it has room for text: nothing of it comes out, whichever way
//! somebody signed in, at the token endpoint and at every call behind it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connector_core::prelude::*;
use connector_testing::{Harness, Job, Task};
use serde_json::{Value, json};

use crate::credentials::{by_client, operated};
use crate::vendor::{CLIENT, FOREIGN, FakeDatabricks, TOKEN, refusal};
use crate::{bare_task, harness, task};

/// One way to sign in: a server, a task, and what must not be seen of either.
struct Way {
    server: Harness,
    task: Task,
    secret: &'static str,
    signs_in: bool,
}

async fn ways(fake: &FakeDatabricks, file: &std::path::Path) -> Vec<Way> {
    let told = || bare_task().secret("databricks_oidc_token", FOREIGN);
    let way = |task, secret, signs_in| Way { server: harness(fake), task, secret, signs_in };
    let lent = |variables: &'static [(&'static str, &'static str)], secret| async move {
        let server = operated(fake, variables).await;
        Way { server, task: bare_task(), secret, signs_in: true }
    };
    let (id, secret) = CLIENT;
    let client =
        [("SECRET__DATABRICKS_CLIENT_ID", id), ("SECRET__DATABRICKS_CLIENT_SECRET", secret)];
    let path = file.to_str().unwrap();
    let in_file = operated(fake, &[("OIDC_TOKEN_FILE", path), ("SECRET_HOSTS", "*")]).await;
    vec![
        way(task(), TOKEN, false),
        way(by_client(), secret, true),
        way(told(), FOREIGN, true),
        lent(Box::leak(Box::new([client[0], client[1], ("SECRET_HOSTS", "*")])), secret).await,
        Way { server: in_file, task: bare_task(), secret: FOREIGN, signs_in: true },
    ]
}

fn seen_nowhere(told: &str, secrets: &[String], what: &str) {
    for secret in secrets {
        let spelled = STANDARD.encode(secret);
        let heart = spelled.get(4..spelled.len() - 4).unwrap();
        assert!(!told.contains(secret.as_str()) && !told.contains(heart), "{what}: {told}");
    }
}

/// What a vendor can answer to any call, with that text in it.
fn refusals(quoted: &str) -> Vec<(u16, String)> {
    let sign_in =
        |error: &str, said: &str| json!({"error": error, "error_description": said}).to_string();
    vec![
        refusal(400, quoted, quoted),
        refusal(403, "PERMISSION_DENIED", quoted),
        (400, sign_in(quoted, quoted)),
        (401, sign_in("invalid_client", quoted)),
        (403, quoted.to_owned()),
        (404, json!({"message": quoted, "details": [{"reason": quoted}]}).to_string()),
        (503, quoted.to_owned()),
        (502, format!("<html>{quoted}</html>")),
    ]
}

/// A run with that text in one field after the other.
fn runs(quoted: &str, secret: &str) -> Vec<Value> {
    let failed =
        json!({"life_cycle_state": "TERMINATED", "result_state": "FAILED", "state_message": "m"});
    let details = json!({"code": "", "type": "", "message": ""});
    let whole = json!({
        "run_page_url": "https://a.example/", "job_id": 1, "run_id": 1, "state": failed,
        "status": {"state": "", "termination_details": details, "queue_details": {"message": ""}},
        "tasks": [{"task_key": "t", "run_id": 1, "state": failed}],
    });
    let at = |pointer: &str| {
        let mut told = whole.clone();
        *told.pointer_mut(pointer).unwrap() = match pointer {
            "/run_page_url" => format!("https://a.example/{secret}").into(),
            "/status/state" => "TERMINATED".into(),
            _ => quoted.into(),
        };
        told
    };
    [
        "/run_page_url",
        "/job_id",
        "/run_id",
        "/state/life_cycle_state",
        "/state/result_state",
        "/state/state_message",
        "/status/state",
        "/status/termination_details/code",
        "/status/termination_details/type",
        "/status/termination_details/message",
        "/status/queue_details/message",
        "/tasks/0/task_key",
        "/tasks/0/state/state_message",
    ]
    .map(at)
    .into()
}

/// What must not be seen at the moment: the secret, and the token that it was signed in for with.
fn secrets_of(fake: &FakeDatabricks, way: &Way) -> Vec<String> {
    let token = fake.books().signed_in.last().cloned().filter(|_| way.signs_in);
    token.into_iter().chain([way.secret.to_owned()]).collect()
}

/// Every answer of a job's life with one of them in it.
async fn behind_the_door(fake: &FakeDatabricks, way: &Way, job: &Job) {
    for (which, in_base64) in [(0, false), (0, true), (1, false), (1, true)] {
        // After a refusal another token may be signed in for.
        job.get().await.unwrap();
        let secrets = secrets_of(fake, way);
        let Some(secret) = secrets.get(which) else { continue };
        let spelled = |secret: &String| {
            if in_base64 { STANDARD.encode(secret) } else { secret.clone() }
        };
        let quoted = format!("token {}", spelled(secret));
        for told in runs(&quoted, secret) {
            fake.books().told = Some(told.clone());
            fake.books().output =
                Some(json!({"error": quoted, "error_trace": quoted, "logs": quoted}));
            let seen = job.get().await.unwrap();
            seen_nowhere(&format!("{seen:?}"), &secrets, &told.to_string());
            let (log, metrics) = (job.log().await, job.metrics(MetricsQuery::new()).await);
            seen_nowhere(&format!("{log:?} {metrics:?}"), &secrets, &told.to_string());
        }
        fake.books().told = None;
        for at in 0..=refusals("").len() {
            for call in ["get", "delete", "create"] {
                job.get().await.unwrap();
                let secrets = secrets_of(fake, way);
                let quoted = format!("token {}", spelled(&secrets[which]));
                let refused = refusals(&quoted).into_iter().nth(at).unwrap_or((200, quoted));
                // What may have arrived is asked about until that is known.
                let settles = call == "create" && matches!(refused.0, 200 | 502);
                if settles || call == "delete" && refused.0 == 200 {
                    continue;
                }
                fake.books().refusals = vec![refused.clone(); 60];
                let error = match call {
                    "create" => way.server.create(&way.task).await.unwrap_err(),
                    "get" => job.get().await.unwrap_err(),
                    _ => job.delete().await.unwrap_err(),
                };
                fake.books().refusals.clear();
                seen_nowhere(&format!("{error:?}"), &secrets, &format!("{call}: {refused:?}"));
            }
        }
    }
}

/// Every answer of the token endpoint with that text in it.
async fn at_the_door(fake: &FakeDatabricks, way: &Way, secret: &str) {
    let secrets = [secret.to_owned(), "signed-in-for-and-cut".to_owned()];
    for spelled in [secret.to_owned(), STANDARD.encode(secret)] {
        let quoted = format!("no: {spelled}");
        let cut = "{\"access_token\": \"signed-in-for-and-cut\", \"token_type\": ";
        let odd = json!({"access_token": [secret], "expires_in": quoted, "token_type": quoted});
        let successes = [cut.to_owned(), odd.to_string(), quoted.clone()].map(|body| (200, body));
        for answered in refusals(&quoted).into_iter().chain(successes) {
            fake.books().refusals = vec![answered.clone(); 40];
            let error = way.server.create(&way.task).await.unwrap_err();
            fake.books().refusals.clear();
            seen_nowhere(&format!("{error:?}"), &secrets, &format!("{answered:?}"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_quoted_does_not_come_out() {
    let fake = FakeDatabricks::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), FOREIGN).unwrap();
    for way in ways(&fake, file.path()).await {
        if way.signs_in {
            at_the_door(&fake, &way, way.secret).await;
        }
        let job = way.server.create(&way.task).await.unwrap();
        behind_the_door(&fake, &way, &job).await;
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_without_a_token() {
    let fake = FakeDatabricks::new();
    let error = harness(&fake).create(&bare_task()).await.unwrap_err();
    assert!(error.message().starts_with("there are no credentials for Databricks"), "{error}");
    assert_eq!(fake.asked(), []);
}
