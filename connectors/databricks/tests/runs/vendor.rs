//! Databricks as a fake: real HTTP on a port, its refusals and its runs in memory, everything it was asked
//! written down. It makes one run of an idempotency token, as Databricks does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Form, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use connector_testing::{Vendor, VendorJob, VendorPort, VendorState};
use serde_json::{Value, json};

/// A personal access token that opens the fake.
pub(crate) const TOKEN: &str = "dapi-a-token-of-the-fake";
/// An OAuth client of the fake.
pub(crate) const CLIENT: (&str, &str) = ("client-7", "secret-of-the-client");
/// Another provider's token that the fake trusts.
pub(crate) const FOREIGN: &str = "a-token-of-another-provider";
/// Beyond what a float can hold.
const FIRST_RUN: u64 = 9_007_199_254_740_993;

/// What all who hold it share.
#[derive(Debug, Clone)]
pub(crate) struct FakeDatabricks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    port: VendorPort,
    books: Mutex<Books>,
}

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) call: String,
    pub(crate) body: Value,
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) runs: Vec<Run>,
    pub(crate) asked: Vec<Asked>,
    /// Answers that are given before anybody looks: status and body.
    pub(crate) refusals: Vec<(u16, String)>,
    /// What is told of every run, in place of success.
    pub(crate) told: Option<Value>,
    /// The tasks of every run, page by page.
    pub(crate) pages: Vec<Value>,
    /// The output of every run, and of every task of one.
    pub(crate) output: Option<Value>,
    /// Nobody is told an output.
    pub(crate) keeps_outputs: bool,
    /// How many answers to a submission are lost: the run is there, and the connection gone.
    pub(crate) lost_answers: usize,
    /// What goes wrong with calls, by luck; nothing without it.
    pub(crate) luck: Option<fastrand::Rng>,
    /// Tokens that were signed in for and are good still.
    pub(crate) signed_in: Vec<String>,
    sign_ins: usize,
    is_out: bool,
    delay: Duration,
}

#[derive(Debug)]
pub(crate) struct Run {
    id: u64,
    token: String,
    polls: usize,
    is_cancelled: bool,
}

impl Run {
    fn view(&self, told: Option<&Value>) -> Value {
        let (life_cycle, result) = match (self.is_cancelled, self.polls) {
            (true, _) => ("TERMINATED", "CANCELED"),
            (false, 0) => ("PENDING", ""),
            (false, 1) => ("RUNNING", ""),
            (false, _) => ("TERMINATED", "SUCCESS"),
        };
        let mut state = json!({"life_cycle_state": life_cycle, "state_message": ""});
        if !result.is_empty() {
            state["result_state"] = result.into();
        }
        let mut view = json!({
            "job_id": 11, "run_id": self.id, "run_page_url": "https://acme.example/?o=1#job/11/run/7",
            "state": state, "setup_duration": 1_500, "execution_duration": 0,
        });
        if let (Some(Value::Object(told)), false, Some(view)) =
            (told, self.is_cancelled, view.as_object_mut())
        {
            view.remove("state");
            view.extend(told.clone());
        }
        view
    }
}

impl FakeDatabricks {
    /// A fake with a port of its own, on which nobody serves yet.
    pub(crate) fn new() -> Self {
        let port = VendorPort::bind("127.0.0.1:0").unwrap();
        Self(Arc::new(Inner { port, books: Mutex::default() }))
    }

    pub(crate) fn url(&self) -> &str {
        self.0.port.url()
    }

    /// Serves on the current runtime, with its clock, unless it does already.
    pub(crate) fn open(&self) {
        let runs = Router::new()
            .route("/submit", post(submit))
            .route("/get", get(look))
            .route("/get-output", get(output))
            .route("/cancel", post(cancel));
        let routes = Router::new()
            .route("/oidc/v1/token", post(sign_in))
            .nest("/api/2.1/jobs/runs", runs.clone())
            .nest("/api/2.2/jobs/runs", runs)
            .layer(from_fn_with_state(self.clone(), at_the_gate))
            .with_state(self.clone());
        let serve = |listener| async move { axum::serve(listener, routes).await };
        self.0.port.open(serve).unwrap();
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.books().asked)
    }
}

pub(crate) fn refusal(status: u16, code: &str, message: &str) -> (u16, String) {
    (status, json!({"error_code": code, "message": message}).to_string())
}

fn refuse((status, body): (u16, String)) -> Response {
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

async fn at_the_gate(
    State(fake): State<FakeDatabricks>,
    uri: Uri,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response {
    let call = format!("{} {uri}", request.method());
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let key = headers.get("authorization").and_then(|key| key.to_str().ok());
    let key = key.and_then(|key| key.strip_prefix("Bearer ")).unwrap_or_default();
    let signs_in = uri.path() == "/oidc/v1/token";
    let (refused, is_out, is_known, delay, mishap) = {
        let mut books = fake.books();
        let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
        let body = serde_json::from_slice(&body).unwrap_or_else(|_| text());
        books.asked.push(Asked { call, body });
        let refused = (!books.refusals.is_empty()).then(|| books.refusals.remove(0));
        let is_known = signs_in || key == TOKEN || books.signed_in.iter().any(|known| known == key);
        let mishap = books.luck.as_mut().and_then(Mishap::by);
        (refused, books.is_out, is_known, books.delay, mishap)
    };
    if let Some(Mishap::Refused(status, body)) = mishap {
        return ([("retry-after", "1")], refuse((status, body.to_owned()))).into_response();
    }
    if let Some(Mishap::Silence) = mishap {
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
    let answer = if is_out {
        refuse(refusal(503, "TEMPORARILY_UNAVAILABLE", "try again"))
    } else if let Some(refused) = refused {
        refuse(refused)
    } else if !is_known {
        refuse(refusal(
            401,
            "UNAUTHENTICATED",
            "Credential was not sent or was of an unsupported type",
        ))
    } else {
        next.run(Request::from_parts(parts, body.into())).await
    };
    tokio::time::sleep(delay).await;
    match mishap {
        Some(Mishap::LostAnswer) => cut(),
        _ => answer,
    }
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy)]
enum Mishap {
    /// Somebody says no, the vendor or a proxy.
    Refused(u16, &'static str),
    /// It is done, and nobody hears of it.
    LostAnswer,
    /// It is done late.
    Silence,
}

impl Mishap {
    /// One for every third call or so.
    fn by(luck: &mut fastrand::Rng) -> Option<Self> {
        const PAGE: &str = "<html><body>Bad Gateway</body></html>";
        const LATER: &str = r#"{"error_code": "TEMPORARILY_UNAVAILABLE", "message": "later"}"#;
        Some(match luck.u8(..100) {
            0..8 => Self::Refused(
                429,
                r#"{"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slow down"}"#,
            ),
            8..14 => Self::Refused(503, LATER),
            14..18 => Self::Refused(502, PAGE),
            18..20 => Self::Refused(200, PAGE),
            20..24 => Self::LostAnswer,
            24..30 => Self::Silence,
            _ => return None,
        })
    }
}

/// An answer that breaks off, as a connection does that is reset.
fn cut() -> Response {
    (StatusCode::OK, axum::body::Body::from_stream(Cut)).into_response()
}

#[derive(serde::Deserialize)]
struct SignIn {
    grant_type: String,
    scope: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    subject_token: Option<String>,
    subject_token_type: Option<String>,
}

async fn sign_in(State(fake): State<FakeDatabricks>, Form(form): Form<SignIn>) -> Response {
    let client = form.client_id.as_deref().zip(form.client_secret.as_deref());
    let is_jwt = form.subject_token_type.as_deref() == Some("urn:ietf:params:oauth:token-type:jwt");
    let subject = form.subject_token.as_deref().filter(|_| is_jwt);
    let is_known = match form.grant_type.as_str() {
        "client_credentials" => client == Some(CLIENT),
        "urn:ietf:params:oauth:grant-type:token-exchange" => subject == Some(FOREIGN),
        _ => false,
    };
    if !is_known || form.scope != "all-apis" {
        // As much as a vendor can quote.
        let quoted = form.client_secret.or(form.subject_token).unwrap_or_default();
        let error =
            json!({"error": "invalid_client", "error_description": format!("no: {quoted}")});
        return (StatusCode::UNAUTHORIZED, Json(error)).into_response();
    }
    let mut books = fake.books();
    books.sign_ins += 1;
    let token = format!("signed-in-{}", books.sign_ins);
    books.signed_in.push(token.clone());
    Json(json!({"access_token": token, "expires_in": 3_600, "token_type": "Bearer"}))
        .into_response()
}

async fn submit(State(fake): State<FakeDatabricks>, Json(asked): Json<Value>) -> Response {
    let token = asked["idempotency_token"].as_str().unwrap().to_owned();
    assert!(token.len() <= 64, "{token}");
    let mut books = fake.books();
    let id = match books.runs.iter().find(|run| run.token == token) {
        Some(run) => run.id,
        None => {
            let id = FIRST_RUN + books.runs.len() as u64;
            books.runs.push(Run { id, token, polls: 0, is_cancelled: false });
            id
        }
    };
    if books.lost_answers > 0 {
        books.lost_answers -= 1;
        return cut();
    }
    Json(json!({"run_id": id})).into_response()
}

/// A body that ends in an error.
struct Cut;

impl futures_util::Stream for Cut {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(Some(Err(std::io::Error::other("cut"))))
    }
}

#[derive(serde::Deserialize)]
struct Which {
    run_id: String,
    /// The number of a page.
    page_token: Option<usize>,
}

fn find<'a>(books: &'a mut Books, id: &str) -> Option<&'a mut Run> {
    books.runs.iter_mut().find(|run| run.id.to_string() == id)
}

fn unknown(id: &str) -> Response {
    refuse(refusal(400, "INVALID_PARAMETER_VALUE", &format!("Run {id} does not exist.")))
}

async fn look(State(fake): State<FakeDatabricks>, Query(which): Query<Which>) -> Response {
    let mut books = fake.books();
    let told = books.told.clone();
    let page = which.page_token.unwrap_or_default();
    let tasks = books.pages.get(page).cloned();
    let more = (page + 1 < books.pages.len()).then(|| (page + 1).to_string());
    let Some(run) = find(&mut books, &which.run_id) else { return unknown(&which.run_id) };
    let mut view = run.view(told.as_ref());
    run.polls += 1;
    if let Some(tasks) = tasks {
        view["tasks"] = tasks;
        view["next_page_token"] = more.into();
    }
    Json(view).into_response()
}

async fn output(State(fake): State<FakeDatabricks>, Query(which): Query<Which>) -> Response {
    let output = fake.books().output.clone();
    if fake.books().keeps_outputs {
        std::future::pending::<()>().await;
    }
    let Some(mut output) = output else { return unknown(&which.run_id) };
    output["metadata"] = json!({"run_id": which.run_id.parse::<u64>().unwrap()});
    Json(output).into_response()
}

async fn cancel(State(fake): State<FakeDatabricks>, Json(which): Json<Which>) -> Response {
    let mut books = fake.books();
    let Some(run) = find(&mut books, &which.run_id) else { return unknown(&which.run_id) };
    run.is_cancelled |= run.polls <= 2;
    Json(json!({})).into_response()
}

impl Vendor for FakeDatabricks {
    async fn jobs(&self) -> Vec<VendorJob> {
        let books = self.books();
        let job = |run: &Run| {
            let state = match (run.is_cancelled, run.polls) {
                (true, _) => VendorState::Cancelled,
                (false, 0..=2) => VendorState::Live,
                (false, _) => VendorState::Succeeded,
            };
            VendorJob::new(run.id.to_string(), state).key(&run.token)
        };
        books.runs.iter().map(job).collect()
    }

    fn outage(&self, on: bool) -> bool {
        self.books().is_out = on;
        true
    }

    fn slow(&self, by: Duration) -> bool {
        self.books().delay = by;
        true
    }
}
