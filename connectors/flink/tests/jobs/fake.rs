//! A Flink session as a fake: real HTTP on a port, its refusals and its jobs in memory. Shapes are those that Flink 2.3.0
//! answered with; `tests/engines` asks the real one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use connector_testing::{Vendor, VendorJob, VendorPort, VendorState};
use serde_json::{Value, json};

/// What all who hold it share.
#[derive(Debug, Clone)]
pub(crate) struct FakeFlink(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    port: VendorPort,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) jobs: Vec<Job>,
    pub(crate) calls: Vec<String>,
    /// Jars that were uploaded and not deleted.
    pub(crate) jars: Vec<String>,
    /// The gateway in front of it wants that token, if there is one.
    pub(crate) token: Option<String>,
    /// No job ends by itself.
    pub(crate) is_endless: bool,
    /// Why no savepoint can be made.
    pub(crate) cannot_save: Option<&'static str>,
    /// A job that Flink begins, and then refuses with this.
    pub(crate) refuses_what_it_began: Option<&'static str>,
    is_out: bool,
    delay: Duration,
}

#[derive(Debug)]
pub(crate) struct Job {
    id: String,
    pub(crate) body: Value,
    looks: usize,
    state: Option<&'static str>,
    /// Of a stop: where its savepoint is, or why there is none, and which operation.
    stop: Option<(String, Result<String, &'static str>)>,
}

impl Job {
    fn state(&self) -> &'static str {
        match (self.state, self.looks) {
            (Some(state), _) => state,
            (None, 0) => "CREATED",
            (None, 1) => "RUNNING",
            (None, _) => "FINISHED",
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.state(), "FINISHED" | "CANCELED" | "FAILED")
    }
}

impl FakeFlink {
    /// A fake with a port of its own, on which nobody serves yet.
    pub(crate) fn new() -> Self {
        let port = VendorPort::bind("127.0.0.1:0").unwrap();
        Self(Arc::new(Inner { port, books: Mutex::default() }))
    }

    /// Serves on the current runtime, with its clock, unless it does already.
    pub(crate) fn open(&self) {
        let routes = Router::new()
            .route("/jars/upload", post(upload))
            .route("/jars/{jar}", delete(forget))
            .route("/jars/{jar}/run", post(run))
            .route("/jobs/{job}", get(details).patch(cancel))
            .route("/jobs/{job}/status", get(status))
            .route("/jobs/{job}/stop", post(stop))
            .route("/jobs/{job}/savepoints/{operation}", get(savepoint))
            .route("/jobs/{job}/checkpoints", get(checkpoints))
            .route("/jobs/{job}/vertices/{vertex}", get(parts))
            .route("/jobmanager/log", get(job_manager_log))
            .route("/taskmanagers/{manager}/log", get(task_manager_log))
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

    fn job(&self, id: &str, act: impl FnOnce(&mut Job) -> Response) -> Response {
        match self.books().jobs.iter_mut().find(|job| job.id == id) {
            Some(job) => act(job),
            None => unknown(404, id),
        }
    }
}

async fn at_the_gate(
    State(fake): State<FakeFlink>,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response {
    let key = headers.get("authorization").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let (is_out, is_known, delay) = {
        let mut books = fake.books();
        books.calls.push(format!("{} {}", request.method(), request.uri()));
        let wanted = books.token.as_ref().map(|token| format!("Bearer {token}"));
        (books.is_out, wanted.is_none() || key == wanted, books.delay)
    };
    let answer = match (is_out, is_known) {
        (true, _) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        (false, false) => (StatusCode::UNAUTHORIZED, "who are you?").into_response(),
        _ => next.run(request).await,
    };
    tokio::time::sleep(delay).await;
    answer
}

fn refuse(status: u16, text: impl Into<String>) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, Json(json!({"errors": ["Internal server error.", text.into()]}))).into_response()
}

fn unknown(status: u16, id: &str) -> Response {
    let text = format!(
        "org.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find Flink job ({id})"
    );
    refuse(status, text)
}

async fn upload(State(fake): State<FakeFlink>, request: Request) -> Response {
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8_lossy(&body);
    let name = text.split("filename=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let mut books = fake.books();
    let jar = format!("{}_{name}", books.calls.len());
    books.jars.push(jar.clone());
    Json(json!({"filename": format!("/tmp/flink-web-upload/{jar}"), "status": "success"}))
        .into_response()
}

async fn forget(State(fake): State<FakeFlink>, Path(jar): Path<String>) -> Response {
    fake.books().jars.retain(|known| *known != jar);
    Json(json!({})).into_response()
}

async fn run(State(fake): State<FakeFlink>, Json(body): Json<Value>) -> Response {
    let id = body["jobId"].as_str().unwrap().to_owned();
    assert!(id.len() == 32 && id.chars().all(|c| c.is_ascii_hexdigit()), "{id}");
    let mut books = fake.books();
    if books.jobs.iter().any(|job| job.id == id) {
        let text = format!(
            "Caused by: org.apache.flink.client.DuplicateJobSubmissionException: Job {id} has been submitted"
        );
        return refuse(400, text);
    }
    books.jobs.push(Job { id: id.clone(), body, looks: 0, state: None, stop: None });
    match books.refuses_what_it_began {
        Some(why) => refuse(400, why),
        None => Json(json!({"jobid": id})).into_response(),
    }
}

async fn status(State(fake): State<FakeFlink>, Path(id): Path<String>) -> Response {
    let mut books = fake.books();
    let is_endless = books.is_endless;
    let Some(job) = books.jobs.iter_mut().find(|job| job.id == id) else {
        return unknown(500, &id);
    };
    let state = job.state();
    job.looks = if is_endless { 1 } else { job.looks + 1 };
    Json(json!({"status": state})).into_response()
}

async fn details(State(fake): State<FakeFlink>, Path(id): Path<String>) -> Response {
    fake.job(&id, |job| {
        let vertex = json!({"id": "v1", "name": "work", "status": job.state(), "metrics": {}});
        let view = json!({"jid": id, "name": "a job", "start-time": 1, "duration": 5, "vertices": [vertex]});
        Json(view).into_response()
    })
}

async fn cancel(State(fake): State<FakeFlink>, Path(id): Path<String>) -> Response {
    fake.job(&id, |job| {
        if !job.is_over() {
            job.state = Some("CANCELED");
        }
        (StatusCode::ACCEPTED, Json(json!({}))).into_response()
    })
}

async fn stop(
    State(fake): State<FakeFlink>,
    Path(id): Path<String>,
    Json(asked): Json<Value>,
) -> Response {
    let cannot = fake.books().cannot_save;
    fake.job(&id, |job| {
        let operation = asked["triggerId"].as_str().unwrap().to_owned();
        let path = format!("{}/savepoint-1", asked["targetDirectory"].as_str().unwrap());
        if cannot.is_none() {
            job.state = Some("FINISHED");
        }
        job.stop = Some((operation.clone(), cannot.map_or(Ok(path), Err)));
        Json(json!({"request-id": operation})).into_response()
    })
}

async fn savepoint(
    State(fake): State<FakeFlink>,
    Path((id, asked)): Path<(String, String)>,
) -> Response {
    fake.job(&id, |job| match &job.stop {
        Some((operation, how)) if *operation == asked => {
            let how = match how {
                Ok(path) => json!({"location": path}),
                Err(why) => json!({"failure-cause": {"class": "x", "stack-trace": why}}),
            };
            Json(json!({"status": {"id": "COMPLETED"}, "operation": how})).into_response()
        }
        _ => refuse(404, "There is no savepoint operation"),
    })
}

async fn checkpoints(State(fake): State<FakeFlink>, Path(id): Path<String>) -> Response {
    fake.job(&id, |job| {
        let path = job.stop.as_ref().and_then(|(_, how)| how.clone().ok());
        let made =
            path.map(|path| json!({"checkpoint_type": "SYNC_SAVEPOINT", "external_path": path}));
        Json(json!({"latest": {"savepoint": made}})).into_response()
    })
}

async fn parts() -> Response {
    Json(json!({"subtasks": [{"taskmanager-id": "tm-1"}, {"taskmanager-id": "tm-gone"}]}))
        .into_response()
}

async fn job_manager_log(State(fake): State<FakeFlink>) -> String {
    let books = fake.books();
    let line = |job: &Job| format!("2026-11-28 10:00:00,000 INFO M - job {} runs\n", job.id);
    books.jobs.iter().map(line).collect()
}

async fn task_manager_log(State(fake): State<FakeFlink>, Path(id): Path<String>) -> Response {
    if id != "tm-1" {
        return refuse(404, format!("No TaskManager {id} is registered"));
    }
    let books = fake.books();
    let line =
        |job: &Job| format!("2026-11-28 10:00:01,000 [{0}] WARN T - of {0}\n\tand more\n", job.id);
    books.jobs.iter().map(line).collect::<String>().into_response()
}

impl Vendor for FakeFlink {
    async fn jobs(&self) -> Vec<VendorJob> {
        let books = self.books();
        let job = |job: &Job| {
            let state = match job.state() {
                "CANCELED" => VendorState::Cancelled,
                "FINISHED" if job.stop.is_some() => VendorState::Cancelled,
                "FINISHED" => VendorState::Succeeded,
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
