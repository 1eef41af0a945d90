//! The render farm as a fake: real HTTP on a port, jobs in memory, outages and dawdling on request.
//! The rules of the executor are checked against it, and the cassettes were recorded from it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use connector_testing::{Vendor, VendorJob, VendorPort, VendorState};
use serde::Deserialize;
use serde_json::{Value, json};

/// The one key that the farm takes.
pub(crate) const KEY: &str = "key-of-the-render-farm";

/// What all who hold it share.
#[derive(Debug, Clone)]
pub(crate) struct FakeFarm(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    port: VendorPort,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    jobs: Vec<Job>,
    is_out: bool,
    delay: Duration,
}

#[derive(Debug)]
struct Job {
    key: Option<String>,
    /// How far it has come; one step with every question.
    step: usize,
    is_cancelled: bool,
}

/// What the farm reads of an order.
#[derive(Deserialize)]
struct Order {
    fps: u32,
    preset: Option<String>,
    idempotency_key: Option<String>,
}

impl Job {
    const STATES: [&str; 5] = ["QUEUED", "STARTING", "RUNNING", "RUNNING", "DONE"];

    fn state(&self) -> &'static str {
        match self.is_cancelled {
            true => "CANCELLED",
            false => Self::STATES.get(self.step).unwrap_or(&"DONE"),
        }
    }

    fn view(&self, number: usize) -> Value {
        let id = format!("job-{number}");
        match self.state() {
            state @ "RUNNING" => json!({"id": id, "state": state, "message": "rendering"}),
            state @ "DONE" => {
                let result = json!({"video": format!("s3://farm/{id}.mp4"), "seconds": 1.5});
                json!({"id": id, "state": state, "result": result})
            }
            state => json!({"id": id, "state": state}),
        }
    }
}

impl FakeFarm {
    /// A farm with a port of its own, on which nobody serves yet.
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
            .route("/v1/jobs", post(submit))
            .route("/v1/jobs/{id}", get(look))
            .route("/v1/jobs/{id}/cancel", post(cancel))
            .route("/v1/jobs/{id}/logs", get(logs))
            .layer(from_fn_with_state(self.clone(), at_the_gate))
            .with_state(self.clone());
        let serve = |listener| async move { axum::serve(listener, routes).await };
        self.0.port.open(serve).unwrap();
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refusal(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({"error": error}))).into_response()
}

/// Keys, outages, and answers that come late for work done at once.
async fn at_the_gate(State(farm): State<FakeFarm>, request: Request, next: Next) -> Response {
    let (is_out, delay) = {
        let books = farm.books();
        (books.is_out, books.delay)
    };
    let key = request.headers().get("authorization").and_then(|key| key.to_str().ok());
    let answer = if is_out {
        refusal(StatusCode::SERVICE_UNAVAILABLE, "the farm is being moved")
    } else if key.and_then(|key| key.strip_prefix("Bearer ")) != Some(KEY) {
        refusal(StatusCode::UNAUTHORIZED, "nobody here has that key")
    } else {
        next.run(request).await
    };
    tokio::time::sleep(delay).await;
    answer
}

async fn submit(State(farm): State<FakeFarm>, Json(order): Json<Order>) -> Response {
    let Order { fps, preset, idempotency_key: key } = order;
    if !(1..=120).contains(&fps) {
        return refusal(StatusCode::BAD_REQUEST, "`fps` is 1 to 120");
    }
    if preset.as_deref() == Some("rush-hour") {
        let busy = refusal(StatusCode::TOO_MANY_REQUESTS, "too many orders");
        return ([("retry-after", "7")], busy).into_response();
    }
    let mut books = farm.books();
    let known = books.jobs.iter().position(|job| key.is_some() && job.key == key);
    let number = known.unwrap_or(books.jobs.len());
    if known.is_none() {
        books.jobs.push(Job { key, step: 0, is_cancelled: false });
    }
    let status = if known.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let view = books.jobs.get(number).map(|job| job.view(number));
    (status, Json(view)).into_response()
}

/// Finds a job by the farm's name for it.
fn find<'a>(books: &'a mut Books, id: &str) -> Option<(usize, &'a mut Job)> {
    let number = id.strip_prefix("job-")?.parse().ok()?;
    Some((number, books.jobs.get_mut(number)?))
}

fn unknown() -> Response {
    refusal(StatusCode::NOT_FOUND, "there is no such job")
}

async fn look(State(farm): State<FakeFarm>, Path(id): Path<String>) -> Response {
    let mut books = farm.books();
    let Some((number, job)) = find(&mut books, &id) else { return unknown() };
    let view = job.view(number);
    job.step += 1;
    Json(view).into_response()
}

async fn cancel(State(farm): State<FakeFarm>, Path(id): Path<String>) -> Response {
    let mut books = farm.books();
    let Some((_, job)) = find(&mut books, &id) else { return unknown() };
    if matches!(job.state(), "DONE" | "CANCELLED") {
        return refusal(StatusCode::CONFLICT, "the job has ended");
    }
    job.is_cancelled = true;
    StatusCode::NO_CONTENT.into_response()
}

async fn logs(
    State(farm): State<FakeFarm>,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    if find(&mut farm.books(), &id).is_none() {
        return unknown();
    }
    let page = query.iter().find(|(name, _)| name == "page").map_or("", |(_, page)| page);
    let line = |second: u64, text: &str| json!({"unix_ms": second * 1000, "text": text});
    let page = match page {
        "" => json!({"lines": [line(1, "scene loaded"), line(2, "frame 1")], "next": "2"}),
        "2" => json!({"lines": [line(3, "frame 2"), line(4, "film written")], "next": null}),
        _ => return refusal(StatusCode::BAD_REQUEST, "there is no such page"),
    };
    Json(page).into_response()
}

impl Vendor for FakeFarm {
    async fn jobs(&self) -> Vec<VendorJob> {
        let books = self.books();
        let job = |(number, job): (usize, &Job)| {
            let state = match job.state() {
                "CANCELLED" => VendorState::Cancelled,
                "DONE" => VendorState::Succeeded,
                _ => VendorState::Live,
            };
            let seen = VendorJob::new(format!("job-{number}"), state);
            match &job.key {
                Some(key) => seen.key(key),
                None => seen,
            }
        };
        books.jobs.iter().enumerate().map(job).collect()
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
