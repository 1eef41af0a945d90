//! BigQuery as a fake: real HTTP on a port, its refusals and its jobs in memory, everything it was asked
//! written down. It makes a job of an id once, as Google's does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use connector_testing::{Vendor, VendorJob, VendorPort, VendorState};
use futures_util::stream;
use serde_json::{Value, json};

/// The token that the key file is exchanged for.
pub(crate) const TOKEN: &str = "ya29.a-token-of-the-fake";

/// What all who hold it share.
#[derive(Debug, Clone)]
pub(crate) struct FakeBigQuery(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    port: VendorPort,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) jobs: Vec<Job>,
    /// Requests: method, path with query, body.
    pub(crate) asked: Vec<(String, String, Value)>,
    /// Answers that are given before anybody looks: status and body.
    pub(crate) refusals: Vec<(u16, String)>,
    /// What becomes of every job, in place of success.
    pub(crate) status: Option<Value>,
    /// What every job's statistics are, in place of a few.
    pub(crate) statistics: Option<Value>,
    /// The children of every job, page by page.
    pub(crate) children: Vec<Value>,
    /// The next answer is cut off after the work is done.
    pub(crate) cut: bool,
    pub(crate) is_out: bool,
    pub(crate) delay: Duration,
}

#[derive(Debug)]
pub(crate) struct Job {
    id: String,
    pub(crate) configuration: Value,
    polls: usize,
    pub(crate) is_cancelled: bool,
}

impl Job {
    fn view(&self, status: Option<&Value>, statistics: Option<&Value>) -> Value {
        let state = match self.polls {
            0 => "PENDING",
            1 => "RUNNING",
            _ => "DONE",
        };
        let stopped = json!({"reason": "stopped", "message": "Job execution was cancelled"});
        let status = match (status, self.is_cancelled) {
            (_, true) => json!({"state": "DONE", "errorResult": stopped, "errors": [stopped]}),
            (Some(status), false) => status.clone(),
            (None, false) => json!({"state": state}),
        };
        let mut configuration = self.configuration.clone();
        let statement = configuration["query"]["query"].as_str().unwrap_or_default();
        if statement.starts_with("SELECT") {
            configuration["query"]["destinationTable"] =
                json!({"projectId": "p", "datasetId": "_hidden", "tableId": "anon7"});
        }
        let few = json!({"query": {"totalBytesBilled": "10485760", "cacheHit": false}});
        json!({
            "jobReference": {"projectId": "p", "jobId": self.id, "location": "europe-west3"},
            "configuration": configuration, "status": status,
            "statistics": statistics.unwrap_or(&few),
        })
    }
}

impl Books {
    /// Jobs that somebody has begun already, named by numbers from 0.
    pub(crate) fn add_jobs(&mut self, count: usize) {
        let job = |number: usize| Job {
            id: number.to_string(),
            configuration: json!({}),
            polls: 0,
            is_cancelled: false,
        };
        self.jobs.extend((0..count).map(job));
    }
}

impl FakeBigQuery {
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
        let routes = Router::new()
            .route("/token", post(token))
            .route("/bigquery/v2/projects/{project}/jobs", post(insert).get(list))
            .route("/bigquery/v2/projects/{project}/jobs/{id}", get(look))
            .route("/bigquery/v2/projects/{project}/jobs/{id}/cancel", post(cancel))
            .layer(from_fn_with_state(self.clone(), at_the_gate))
            .with_state(self.clone());
        let serve = |listener| async move { axum::serve(listener, routes).await };
        self.0.port.open(serve).unwrap();
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was asked since the last time, without signing in.
    pub(crate) fn asked(&self) -> Vec<(String, String, Value)> {
        let mut asked = std::mem::take(&mut self.books().asked);
        asked.retain(|(_, path, _)| path != "/token");
        asked
    }
}

pub(crate) fn refusal(status: u16, reason: &str, message: &str) -> (u16, String) {
    let error = json!({"code": status, "message": message, "errors": [{"reason": reason}]});
    (status, json!({"error": error}).to_string())
}

fn refuse((status, body): (u16, String)) -> Response {
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

async fn at_the_gate(
    State(fake): State<FakeBigQuery>,
    uri: Uri,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().to_string();
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let (refused, is_out, delay, cut) = {
        let mut books = fake.books();
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        books.asked.push((method, uri.to_string(), json));
        let signs_in = uri.path() == "/token";
        let is_refused = !signs_in && !books.cut && !books.refusals.is_empty();
        let refused = is_refused.then(|| books.refusals.remove(0));
        let cut = !signs_in && std::mem::take(&mut books.cut);
        (refused, books.is_out, books.delay, cut)
    };
    let key = headers.get("authorization").and_then(|key| key.to_str().ok());
    let answer = if is_out {
        refuse(refusal(503, "backendError", "try again"))
    } else if let Some(refused) = refused {
        refuse(refused)
    } else if uri.path() != "/token" && key != Some(&format!("Bearer {TOKEN}")) {
        refuse(refusal(401, "authError", "Invalid Credentials"))
    } else {
        next.run(Request::from_parts(parts, body.into())).await
    };
    tokio::time::sleep(delay).await;
    if cut {
        // A length that does not come: the connection breaks.
        let broken = stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut off")) });
        let broken = axum::body::Body::from_stream(broken);
        return ([(header::CONTENT_LENGTH, "1000000")], broken).into_response();
    }
    answer
}

async fn token(body: String) -> Response {
    if !body.starts_with(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=ey",
    ) {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    }
    Json(json!({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})).into_response()
}

async fn insert(State(fake): State<FakeBigQuery>, Json(asked): Json<Value>) -> Response {
    let id = asked["jobReference"]["jobId"].as_str().unwrap().to_owned();
    let mut books = fake.books();
    if books.jobs.iter().any(|job| job.id == id) {
        return refuse(refusal(
            409,
            "duplicate",
            &format!("Already Exists: Job p:europe-west3.{id}"),
        ));
    }
    let configuration = asked["configuration"].clone();
    let job = Job { id, configuration, polls: 0, is_cancelled: false };
    let view = job.view(None, None);
    books.jobs.push(job);
    Json(view).into_response()
}

/// Jobs of a single region are found where their location is said, and nowhere else.
fn find<'a>(books: &'a mut Books, id: &str, uri: &Uri) -> Option<&'a mut Job> {
    let located = uri.query().is_some_and(|query| query.contains("location=europe-west3"));
    books.jobs.iter_mut().find(|job| located && job.id == id)
}

fn unknown() -> Response {
    refuse(refusal(404, "notFound", "Not found: Job"))
}

async fn look(
    State(fake): State<FakeBigQuery>,
    Path((_, id)): Path<(String, String)>,
    uri: Uri,
) -> Response {
    let mut books = fake.books();
    let (status, statistics) = (books.status.clone(), books.statistics.clone());
    let Some(job) = find(&mut books, &id, &uri) else { return unknown() };
    let view = job.view(status.as_ref(), statistics.as_ref());
    job.polls += 1;
    Json(view).into_response()
}

async fn cancel(
    State(fake): State<FakeBigQuery>,
    Path((_, id)): Path<(String, String)>,
    uri: Uri,
) -> Response {
    let mut books = fake.books();
    let Some(job) = find(&mut books, &id, &uri) else { return unknown() };
    job.is_cancelled |= job.polls < 2;
    let view = job.view(None, None);
    Json(json!({"job": view})).into_response()
}

/// Children of a job, a page at a time; the token is the number of the page.
async fn list(State(fake): State<FakeBigQuery>, Query(asked): Query<Asked>) -> Response {
    let books = fake.books();
    if books.jobs.iter().all(|job| job.id != asked.parent) {
        return unknown();
    }
    let page = asked.page.map_or(0, |page| page.parse().unwrap());
    let next = (page + 1 < books.children.len()).then(|| (page + 1).to_string());
    Json(json!({"jobs": books.children.get(page), "nextPageToken": next})).into_response()
}

#[derive(Debug, serde::Deserialize)]
struct Asked {
    #[serde(rename = "parentJobId")]
    parent: String,
    #[serde(rename = "pageToken")]
    page: Option<String>,
}

impl Vendor for FakeBigQuery {
    async fn jobs(&self) -> Vec<VendorJob> {
        let books = self.books();
        let job = |job: &Job| {
            let state = match (job.is_cancelled, job.polls) {
                (true, _) => VendorState::Cancelled,
                (false, 0..=2) => VendorState::Live,
                (false, _) => VendorState::Succeeded,
            };
            VendorJob::new(&job.id, state).key(&job.id)
        };
        books.jobs.iter().map(job).collect()
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
