//! The vendor as a fake: real HTTP, jobs in memory, outages and dawdling on request.
//! `tests/conformance.rs` checks the connector against it, `examples/vendor.rs` serves it by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use connector_testing::{Vendor, VendorJob, VendorPort, VendorState};
use serde_json::{Value, json};

/// The one key that the vendor takes.
pub const KEY: &str = "key-of-the-vendor";

/// A vendor at an address; clones are the same one.
#[derive(Debug, Clone)]
pub struct FakeVendor(Arc<Inner>);

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
    order: Value,
    /// How far it has come; one step with every question.
    step: usize,
    is_cancelled: bool,
}

impl Job {
    fn state(&self) -> &'static str {
        match self.is_cancelled {
            true => "CANCELLED",
            false => ["QUEUED", "RUNNING"].get(self.step).unwrap_or(&"DONE"),
        }
    }

    fn key(&self) -> Option<&str> {
        self.order["idempotency_key"].as_str()
    }

    fn view(&self, number: usize) -> Value {
        let text = format!("{} {}", text(&self.order["opening"]), text(&self.order["name"]));
        let result = (self.state() == "DONE").then(|| json!({"text": text}));
        json!({"id": format!("job-{number}"), "state": self.state(), "result": result})
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

impl FakeVendor {
    /// A vendor at that address, which nobody serves yet; with port 0, at a free one.
    pub fn at(address: &str) -> Self {
        let port = VendorPort::bind(address).unwrap();
        Self(Arc::new(Inner { port, books: Mutex::default() }))
    }

    pub fn url(&self) -> &str {
        self.0.port.url()
    }

    /// Serves on the current runtime, with its clock, unless it does already.
    pub fn open(&self) {
        let routes = Router::new()
            .route("/v1/jobs", post(submit))
            .route("/v1/jobs/{id}", get(look).delete(cancel))
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
async fn at_the_gate(State(vendor): State<FakeVendor>, request: Request, next: Next) -> Response {
    let (is_out, delay) = {
        let books = vendor.books();
        (books.is_out, books.delay)
    };
    let key = request.headers().get("authorization").and_then(|key| key.to_str().ok());
    let answer = if is_out {
        refusal(StatusCode::SERVICE_UNAVAILABLE, "the vendor is being moved")
    } else if key.and_then(|key| key.strip_prefix("Bearer ")) != Some(KEY) {
        refusal(StatusCode::UNAUTHORIZED, "nobody here has that key")
    } else {
        next.run(request).await
    };
    tokio::time::sleep(delay).await;
    answer
}

async fn submit(State(vendor): State<FakeVendor>, Json(order): Json<Value>) -> Response {
    if text(&order["name"]).is_empty() {
        return refusal(StatusCode::BAD_REQUEST, "`name` is empty; say who is to be greeted");
    }
    let ordered = Job { order, step: 0, is_cancelled: false };
    let mut books = vendor.books();
    let known = |job: &Job| ordered.key().is_some() && job.key() == ordered.key();
    let number = books.jobs.iter().position(known).unwrap_or(books.jobs.len());
    if number == books.jobs.len() {
        books.jobs.push(ordered);
    }
    Json(books.jobs[number].view(number)).into_response()
}

/// Finds a job by the vendor's name for it.
fn find<'a>(books: &'a mut Books, id: &str) -> Option<(usize, &'a mut Job)> {
    let number = id.strip_prefix("job-")?.parse().ok()?;
    Some((number, books.jobs.get_mut(number)?))
}

fn unknown() -> Response {
    refusal(StatusCode::NOT_FOUND, "there is no such job")
}

async fn look(State(vendor): State<FakeVendor>, Path(id): Path<String>) -> Response {
    let mut books = vendor.books();
    let Some((number, job)) = find(&mut books, &id) else { return unknown() };
    let view = job.view(number);
    job.step += 1;
    Json(view).into_response()
}

async fn cancel(State(vendor): State<FakeVendor>, Path(id): Path<String>) -> Response {
    let mut books = vendor.books();
    let Some((_, job)) = find(&mut books, &id) else { return unknown() };
    if matches!(job.state(), "DONE" | "CANCELLED") {
        return refusal(StatusCode::CONFLICT, "the job has ended");
    }
    job.is_cancelled = true;
    StatusCode::NO_CONTENT.into_response()
}

/// What the checks ask the vendor about, and have it do.
impl Vendor for FakeVendor {
    async fn jobs(&self) -> Vec<VendorJob> {
        let books = self.books();
        let seen = |(number, job): (usize, &Job)| {
            let state = match job.state() {
                "CANCELLED" => VendorState::Cancelled,
                "DONE" => VendorState::Succeeded,
                _ => VendorState::Live,
            };
            let seen = VendorJob::new(format!("job-{number}"), state);
            match job.key() {
                Some(key) => seen.key(key),
                None => seen,
            }
        };
        books.jobs.iter().enumerate().map(seen).collect()
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
