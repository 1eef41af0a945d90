//! Ray's Jobs API as a fake: real HTTP on a port, its refusals and its jobs in memory. Shapes are those that Ray 2.60.0
//! answered with; `tests/engines` asks the real one.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use connector_testing::{Vendor, VendorJob, VendorPort, VendorState};
use serde_json::{Value, json};

/// What all who hold it share.
#[derive(Debug, Clone)]
pub(crate) struct FakeRay(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    port: VendorPort,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) jobs: Vec<Job>,
    pub(crate) calls: Vec<String>,
    pub(crate) packages: BTreeSet<String>,
    /// Whoever calls must bring it, if there is one.
    pub(crate) token: Option<String>,
    /// Every job waits for processors, also one that was stopped.
    pub(crate) is_full: bool,
    /// What the record of every job has over what it has.
    pub(crate) told: Value,
    is_out: bool,
    delay: Duration,
}

#[derive(Debug)]
pub(crate) struct Job {
    id: String,
    pub(crate) body: Value,
    looks: usize,
    pub(crate) stops: usize,
}

impl Job {
    fn status(&self, is_full: bool) -> &str {
        match (self.looks, self.stops) {
            // Ray has answered that it is stopped.
            (_, _) if is_full => "PENDING",
            (_, 1..) => "STOPPED",
            (0, 0) => "PENDING",
            (1, 0) => "RUNNING",
            _ => "SUCCEEDED",
        }
    }
}

impl FakeRay {
    /// A fake with a port of its own, on which nobody serves yet.
    pub(crate) fn new() -> Self {
        let port = VendorPort::bind("127.0.0.1:0").unwrap();
        Self(Arc::new(Inner { port, books: Mutex::default() }))
    }

    /// Serves on the current runtime, with its clock, unless it does already.
    pub(crate) fn open(&self) {
        let routes = Router::new()
            .route("/api/jobs/", post(submit))
            .route("/api/jobs/{job}", get(look))
            .route("/api/jobs/{job}/stop", post(stop))
            .route("/api/jobs/{job}/logs", get(log))
            .route("/api/packages/gcs/{package}", get(package).put(put_package))
            .layer(from_fn_with_state(self.clone(), at_the_gate))
            .with_state(self.clone());
        let serve = |listener| async move { axum::serve(listener, routes).await };
        self.0.port.open(serve).unwrap();
    }

    pub(crate) fn url(&self) -> &str {
        self.0.port.url()
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The calls since the last time.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.books().calls)
    }
}

async fn at_the_gate(
    State(fake): State<FakeRay>,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response {
    let key = headers.get("authorization").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let (refused, delay) = {
        let mut books = fake.books();
        books.calls.push(format!("{} {}", request.method(), request.uri()));
        let wanted = books.token.as_ref().map(|token| format!("Bearer {token}"));
        let refused = match (books.is_out, wanted) {
            (true, _) => Some((503, "away")),
            (false, Some(_)) if key.is_none() => Some((401, "Unauthorized: Missing token")),
            (false, Some(wanted)) if key.as_ref() != Some(&wanted) => {
                Some((403, "Forbidden: Invalid authentication token"))
            }
            _ => None,
        };
        (refused, books.delay)
    };
    let answer = match refused {
        Some((status, text)) => refuse(status, text),
        None => next.run(request).await,
    };
    tokio::time::sleep(delay).await;
    answer
}

fn refuse(status: u16, text: impl Into<String>) -> Response {
    (StatusCode::from_u16(status).unwrap(), text.into()).into_response()
}

async fn submit(State(fake): State<FakeRay>, Json(body): Json<Value>) -> Response {
    let id = body["submission_id"].as_str().unwrap().to_owned();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    assert!(id.chars().all(is_plain), "{id}");
    let mut books = fake.books();
    if books.jobs.iter().any(|job| job.id == id) {
        let text = format!(
            "Traceback (most recent call last):\nValueError: Job with submission_id {id} already exists."
        );
        return refuse(500, text);
    }
    let code =
        body["runtime_env"]["working_dir"].as_str().and_then(|uri| uri.strip_prefix("gcs://"));
    assert!(code.is_none_or(|name| books.packages.contains(name)), "{code:?} is not there");
    books.jobs.push(Job { id: id.clone(), body, looks: 0, stops: 0 });
    Json(json!({"job_id": id, "submission_id": id})).into_response()
}

async fn look(State(fake): State<FakeRay>, Path(id): Path<String>) -> Response {
    let mut books = fake.books();
    let (is_full, told) = (books.is_full, books.told.clone());
    let Some(job) = books.jobs.iter_mut().find(|job| job.id == id) else {
        return refuse(404, format!("Job {id} does not exist"));
    };
    let mut view = json!({
        "type": "SUBMISSION", "submission_id": id, "status": job.status(is_full), "message": "as it is",
        "entrypoint": job.body["entrypoint"], "error_type": null, "start_time": 1_000, "end_time": null,
    });
    job.looks += 1;
    if let (Some(view), Some(told)) = (view.as_object_mut(), told.as_object()) {
        view.extend(told.clone());
    }
    Json(view).into_response()
}

async fn stop(State(fake): State<FakeRay>, Path(id): Path<String>) -> Response {
    let mut books = fake.books();
    let Some(job) = books.jobs.iter_mut().find(|job| job.id == id) else {
        return refuse(404, format!("Job {id} does not exist"));
    };
    job.stops += 1;
    Json(json!({"stopped": true})).into_response()
}

async fn log(State(fake): State<FakeRay>, Path(id): Path<String>) -> Response {
    let books = fake.books();
    let Some(job) = books.jobs.iter().find(|job| job.id == id) else {
        return refuse(404, format!("Job {id} does not exist"));
    };
    let entrypoint = job.body["entrypoint"].as_str().unwrap();
    let text = format!("Running entrypoint for job {id}: {entrypoint}\none\ntwo\n");
    Json(json!({"logs": text})).into_response()
}

async fn package(State(fake): State<FakeRay>, Path(name): Path<String>) -> Response {
    match fake.books().packages.contains(&name) {
        true => StatusCode::OK.into_response(),
        false => refuse(404, format!("Package gcs://{name} does not exist")),
    }
}

async fn put_package(State(fake): State<FakeRay>, Path(name): Path<String>) {
    fake.books().packages.insert(name);
}

impl Vendor for FakeRay {
    async fn jobs(&self) -> Vec<VendorJob> {
        let books = self.books();
        let job = |job: &Job| {
            let state = match job.status(false) {
                "STOPPED" => VendorState::Cancelled,
                "SUCCEEDED" => VendorState::Succeeded,
                _ => VendorState::Live,
            };
            VendorJob::new(job.id.clone(), state).key(&job.id)
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
