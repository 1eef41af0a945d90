//! A vendor that quotes the caller's credentials, in any field and in any spelling, through the whole
//! service: nothing of them comes out.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use connector_bigquery::BigQuery;
use connector_core::prelude::*;
use connector_core::{Registry, custom_info};
use connector_http::Endpoint;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use connector_service::{InProcess, Server, pb as wire};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tonic::transport::Channel;

/// Stands where the vendor quotes.
const QUOTE: &str = "@@";
const TOKEN: &str = "ya29.c0ASRK0GbX-Zq_7dGvYkEJt3.wLm+/=~a8Kd";

/// Which credential is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credential {
    AccessToken,
    /// Sent to the token endpoint only, and quoted there only.
    Assertion,
    /// Never sent; a line of it may come back all the same.
    KeyLine,
}

type Spelling = fn(&str) -> String;

const SPELLINGS: [(&str, Spelling); 8] = [
    ("as it is", str::to_owned),
    ("as numbers", |text| text.chars().map(|c| format!("\\u{:04X}", u32::from(c))).collect()),
    ("for a URL", |text| in_url(text, |byte| format!("%{byte:02X}"))),
    ("for a URL, small", |text| in_url(text, |byte| format!("%{byte:02x}"))),
    ("in hex", |text| text.bytes().map(|byte| format!("{byte:02x}")).collect()),
    ("in base64", |text| STANDARD.encode(text)),
    ("in base64, behind a word", |text| STANDARD.encode(format!("Bearer {text} is no good"))),
    ("in base64 of URLs", |text| URL_SAFE_NO_PAD.encode(format!("t={text}&x"))),
];

/// So many of them spell letter by letter.
const AS_IT_IS: usize = 4;

fn in_url(text: &str, escape: fn(u8) -> String) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let spell = |byte| if plain(byte) { char::from(byte).to_string() } else { escape(byte) };
    text.bytes().map(spell).collect()
}

/// Where the vendor quotes: a status, headers and a body for everything but signing in.
type Answered = (u16, &'static [(&'static str, &'static str)], String);

/// A job with a quotation in every field that is read, in one after the other, and refusals alike.
fn answers() -> Vec<Answered> {
    let problem = |reason, location, message| json!({"reason": reason, "location": location, "message": message});
    let whole = json!({
        "jobReference": {"projectId": "p", "jobId": "j", "location": "EU"},
        "configuration": {"query": {
            "query": "SELECT 1", "destinationTable": {"projectId": "p", "datasetId": "d", "tableId": "t"},
        }},
        "status": {
            "state": "DONE", "errorResult": null, "errors": [problem("invalid", "row 5", "bad row")],
        },
        "statistics": {
            "creationTime": "1700000000000", "startTime": "1700000001000", "endTime": "1700000009000",
            "reservation_id": "r", "numChildJobs": "1",
            "query": {
                "statementType": "SELECT", "totalBytesBilled": "1", "totalSlotMs": "5", "cacheHit": true,
                "queryPlan": [{"name": "S00", "status": "COMPLETE", "slotMs": "5", "endMs": "1700000005000"}],
                "timeline": [{"elapsedMs": "1", "totalSlotMs": "2"}],
            },
        },
        "jobs": [{
            "jobReference": {"jobId": "child"}, "statistics": {"query": {"statementType": "INSERT"}},
            "status": {"state": "DONE", "errorResult": problem("a", "b", "c")},
        }],
        "nextPageToken": null,
    });
    let failed = |problem: Value| {
        let mut job = whole.clone();
        job["status"]["errorResult"] = problem;
        job.to_string()
    };
    // In every field at once, but for the state, which decides what else is read.
    let mut everywhere = whole.clone();
    for place in places(&whole).iter().filter(|place| *place != "/status/state") {
        *everywhere.pointer_mut(place).unwrap() = format!("x {QUOTE} y").into();
    }
    everywhere["status"]["errorResult"] = Value::Null;
    let mut waiting = everywhere.clone();
    waiting["status"]["state"] = format!("x {QUOTE} y").into();
    let mut answers =
        vec![(200, NO_HEADERS, everywhere.to_string()), (200, NO_HEADERS, waiting.to_string())];
    answers.extend([
        (200, NO_HEADERS, failed(problem(QUOTE, "b", "c"))),
        (200, NO_HEADERS, failed(problem("a", QUOTE, "c"))),
        (200, NO_HEADERS, failed(problem("a", "b", QUOTE))),
        (200, NO_HEADERS, QUOTE.to_owned()),
        (200, &[("content-type", "text/html")], format!("<html>{QUOTE}</html>")),
        (400, NO_HEADERS, json!({"error": {"message": format!("no: {QUOTE}")}}).to_string()),
        (400, NO_HEADERS, json!({"error": {"errors": [{"reason": QUOTE}]}}).to_string()),
        (403, NO_HEADERS, json!({"error": {"status": QUOTE}}).to_string()),
        (403, NO_HEADERS, format!("forbidden: {QUOTE}")),
        (404, &[("x-request-id", QUOTE)], "{}".to_owned()),
        (403, &[("content-type", "text/html"), ("server", QUOTE)], "<html></html>".to_owned()),
        (302, &[("location", QUOTE)], String::new()),
        (401, NO_HEADERS, json!({"error": {"message": QUOTE}}).to_string()),
    ]);
    answers
}

const NO_HEADERS: &[(&str, &str)] = &[];

/// Pointers to all that is no object and no list.
fn places(value: &Value) -> Vec<String> {
    let below = |name: &str, member: &Value| {
        places(member).into_iter().map(|place| format!("/{name}{place}")).collect::<Vec<_>>()
    };
    match value {
        Value::Object(members) => members.iter().flat_map(|(name, it)| below(name, it)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(at, it)| below(&at.to_string(), it)).collect()
        }
        _ => vec![String::new()],
    }
}

/// What the vendor does at the moment, and the assertions it has seen.
#[derive(Debug, Clone)]
struct Mouth {
    quoted: Credential,
    spelling: usize,
    answer: Answered,
    assertions: Vec<String>,
    inserts: u32,
}

impl Mouth {
    fn spelled(&self, credential: &str, body: &str) -> String {
        body.replace(QUOTE, &SPELLINGS[self.spelling].1(credential))
    }
}

type Shared = Arc<Mutex<Mouth>>;

/// A line in the middle of the private key.
fn key_line() -> &'static str {
    include_str!("made-for-tests.pem").lines().nth(9).unwrap()
}

async fn speak(State(mouth): State<Shared>, method: Method, uri: Uri, body: Bytes) -> Response {
    let mut mouth = mouth.lock().unwrap();
    if uri.path() == "/token" {
        let form = String::from_utf8(body.to_vec()).unwrap();
        let assertion = form.split("assertion=").nth(1).unwrap().to_owned();
        mouth.assertions.push(assertion.clone());
        if mouth.quoted == Credential::Assertion {
            let refusal = json!({"error": QUOTE, "error_description": format!("bad {QUOTE}.")});
            let body = mouth.spelled(&assertion, &refusal.to_string());
            return (StatusCode::BAD_REQUEST, body).into_response();
        }
        return json!({"access_token": TOKEN, "expires_in": 3599}).to_string().into_response();
    }
    let credential = if mouth.quoted == Credential::KeyLine { key_line() } else { TOKEN };
    if method == Method::POST && uri.path().ends_with("/jobs") {
        mouth.inserts += 1;
    }
    // An insert whose answer is no word of its own is repeated until there is one.
    let end = (400, NO_HEADERS, json!({"error": {"message": QUOTE}}).to_string());
    let (status, headers, body) = if mouth.inserts > 1 { &end } else { &mouth.answer };
    let mut response = mouth.spelled(credential, body).into_response();
    *response.status_mut() = StatusCode::from_u16(*status).unwrap();
    for (name, value) in *headers {
        let value = mouth.spelled(credential, value).parse().unwrap();
        response.headers_mut().insert(*name, value);
    }
    response
}

/// The service with a vendor that quotes.
struct Stand {
    runtime: Runtime,
    channel: Channel,
    mouth: Shared,
    key_file: Value,
    _server: InProcess,
}

impl Stand {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let answer = (200, NO_HEADERS, String::new());
        let (quoted, spelling, assertions) = (Credential::AccessToken, 0, Vec::new());
        let mouth =
            Arc::new(Mutex::new(Mouth { quoted, spelling, answer, assertions, inserts: 0 }));
        let (server, key_file) = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let routes = Router::new().fallback(speak).with_state(Arc::clone(&mouth));
            tokio::spawn(async move { axum::serve(listener, routes).await });
            let key_file = json!({
                "client_email": "flyte@p.iam.gserviceaccount.com", "token_uri": format!("{url}/token"),
                "private_key": include_str!("made-for-tests.pem"), "private_key_id": "k1",
            });
            let text = key_file.to_string();
            let settings = Settings::from_iter([("google_application_credentials", text.as_str())]);
            let google = BigQuery::at(&settings, Endpoint::at("the fake", &url).unwrap()).unwrap();
            let variables = [
                ("CONNECTOR__BIGQUERY_QUERY_JOB_TASK__SECRET__GOOGLE_APPLICATION_CREDENTIALS".to_owned(),
                 text),
                ("CONNECTOR__BIGQUERY_QUERY_JOB_TASK__SECRET_HOSTS".to_owned(), "*".to_owned()),
                ("CONNECTOR_POLICY__RETRY_FOR".to_owned(), "0s".to_owned()),
            ];
            let registry = Registry::builder().variables(variables).register(google);
            let registry = registry.build().await.unwrap();
            (InProcess::serve(Server::builder().registry(registry).build()), key_file)
        });
        Self { channel: server.channel(), runtime, mouth, key_file, _server: server }
    }

    /// Everything that callers are told in a job's life.
    fn told(&self, run: u64) -> String {
        self.runtime.block_on(self.life(run))
    }

    async fn life(&self, run: u64) -> String {
        let mut tasks = AsyncConnectorServiceClient::new(self.channel.clone());
        let mut key_file = self.key_file.clone();
        // A key of its own: nobody has signed in with it before.
        key_file["private_key_id"] = format!("k{run}").into();
        let secrets = [("google_application_credentials".to_owned(), key_file.to_string())];
        let connection = pb::Connection { secrets: secrets.into(), ..Default::default() };
        let custom = custom_info::json_to_struct(json!({"ProjectID": format!("p{run}")})).unwrap();
        let sql = pb::Sql { statement: "SELECT 1".to_owned(), ..Default::default() };
        let template = pb::TaskTemplate {
            r#type: "bigquery_query_job_task".to_owned(),
            custom: Some(custom),
            target: Some(pb::task_template::Target::Sql(sql)),
            ..Default::default()
        };
        let request = wire::CreateTaskRequest {
            template: Some(Box::new(template)),
            connection: Some(connection.clone()),
            ..Default::default()
        };
        let category =
            wire::TaskCategory { name: "bigquery_query_job_task".to_owned(), version: 0 };
        let created = tasks.create_task(request).await;
        let mut told = format!("{created:?}");
        // A job that could be made, whatever the vendor said to the create.
        let own = json!({"job_id": "j", "project": format!("p{run}"), "location": "EU", "user_agent": ""});
        let own = own.to_string().into_bytes();
        let metas = created.map(|created| created.into_inner().resource_meta.to_vec());
        for meta in metas.into_iter().chain([own]) {
            let get = wire::GetTaskRequest {
                resource_meta: meta.clone().into(),
                task_category: Some(category.clone()),
                connection: Some(connection.clone()),
                ..Default::default()
            };
            let delete = wire::DeleteTaskRequest {
                resource_meta: meta.clone().into(),
                task_category: Some(category.clone()),
                connection: Some(connection.clone()),
            };
            told.push_str(&format!("{:?}", tasks.get_task(get).await));
            told.push_str(&format!("{:?}", tasks.delete_task(delete).await));
            for token in ["", "children:"] {
                let logs = wire::GetTaskLogsRequest {
                    resource_meta: meta.clone().into(),
                    task_category: Some(category.clone()),
                    token: token.to_owned(),
                    ..Default::default()
                };
                match tasks.get_task_logs(logs).await {
                    Ok(pages) => {
                        let mut pages = pages.into_inner();
                        while let Some(page) = pages.message().await.transpose() {
                            told.push_str(&format!("{page:?}"));
                        }
                    }
                    Err(status) => told.push_str(&format!("{status:?}")),
                }
            }
            let metrics = wire::GetTaskMetricsRequest {
                resource_meta: meta.into(),
                task_category: Some(category.clone()),
                ..Default::default()
            };
            told.push_str(&format!("{:?}", tasks.get_task_metrics(metrics).await));
        }
        told
    }
}

/// A part of a spelling that nobody spells by chance.
fn heart(spelled: &str) -> &str {
    let middle = spelled.len() / 2;
    spelled.get(middle - 10..middle + 10).unwrap()
}

#[test]
fn a_vendor_that_quotes_credentials_is_not_heard() {
    let stand = Stand::new();
    let mut run = 0;
    for quoted in [Credential::AccessToken, Credential::Assertion, Credential::KeyLine] {
        // The vendor never gets the key, so a line of it is looked for as it is.
        let spellings = if quoted == Credential::KeyLine { AS_IT_IS } else { SPELLINGS.len() };
        let places = if quoted == Credential::Assertion { 1 } else { usize::MAX };
        for spelling in 0..spellings {
            for mut answer in answers().into_iter().take(places) {
                if quoted == Credential::KeyLine {
                    // What is in an output is data.
                    answer.2 = answer.2.replace("destinationTable", "elsewhere");
                }
                run += 1;
                let mouth = Mouth { quoted, spelling, answer, assertions: Vec::new(), inserts: 0 };
                *stand.mouth.lock().unwrap() = mouth;
                stand.hears_nothing(run);
            }
        }
    }
}

impl Stand {
    fn hears_nothing(&self, run: u64) {
        // As it was before it was printed.
        let told = self.told(run).replace("\\\\", "\\");
        let Mouth { quoted, spelling, answer, assertions, .. } = self.mouth.lock().unwrap().clone();
        let credentials = match quoted {
            Credential::AccessToken => vec![TOKEN.to_owned()],
            Credential::KeyLine => vec![key_line().to_owned()],
            Credential::Assertion => assertions,
        };
        assert!(!credentials.is_empty());
        let (name, spell) = SPELLINGS[spelling];
        for credential in credentials {
            for form in [heart(&credential), heart(&spell(&credential))] {
                let found = told.find(form).map(|at| told.get(at.saturating_sub(200)..at + 20));
                assert!(found.is_none(), "{quoted:?} {name}: {answer:?}: … {found:?}");
            }
        }
    }
}
