//! Airflow as a fake: real HTTP on a port, its refusals and its runs in memory, everything it was asked written
//! down. Shapes are those that Airflow 3.3.2 answered with; `tests/engines` asks the real one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use connector_testing::{Vendor, VendorJob, VendorPort, VendorState};
use serde_json::{Value, json};

/// The user of the fake.
pub(crate) const USER: (&str, &str) = ("flyte", "the-password-of-flyte");
/// The DAG of the fake.
pub(crate) const DAG: &str = "nightly/load";

/// What all who hold it share.
#[derive(Debug, Clone)]
pub(crate) struct FakeAirflow(Arc<Inner>);

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
    pub(crate) is_paused: bool,
    /// Answers that are given before anybody looks: status and body.
    pub(crate) refusals: Vec<(u16, Value)>,
    /// What every run is told to be, over what it is.
    pub(crate) told: Value,
    /// The tasks of every run, in place of one that goes with it.
    pub(crate) tasks: Option<Value>,
    /// The tries of every task, with the last.
    pub(crate) tries: Value,
    /// The log of every try, in place of one that tells of the end.
    pub(crate) log: Option<Value>,
    /// So often the log of a cancelled run is read before it tells that the process is gone.
    pub(crate) works_on: usize,
    /// Tokens that were signed in for and are good still.
    pub(crate) tokens: Vec<String>,
    sign_ins: usize,
    is_out: bool,
    delay: Duration,
}

#[derive(Debug)]
pub(crate) struct Run {
    id: String,
    polls: usize,
    state: Option<String>,
    pub(crate) note: Value,
}

impl Run {
    fn state(&self) -> &str {
        match (&self.state, self.polls) {
            (Some(state), _) => state,
            (None, 0) => "queued",
            (None, 1) => "running",
            (None, _) => "success",
        }
    }

    fn view(&self, told: &Value) -> Value {
        let state = self.state();
        let has_begun = self.polls > 0;
        let is_done = matches!(state, "success" | "failed");
        let mut view = json!({
            "dag_id": DAG, "dag_run_id": self.id, "state": state, "note": self.note, "run_type": "manual",
            "start_date": has_begun.then_some("2026-11-28T06:00:00.000000Z"),
            "end_date": is_done.then_some("2026-11-28T06:00:07.500000Z"),
        });
        if let (Some(view), Some(told)) = (view.as_object_mut(), told.as_object()) {
            view.extend(told.clone());
        }
        view
    }
}

impl FakeAirflow {
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
            .route("/auth/token", post(sign_in))
            .route("/api/v2/dags/{dag}", get(dag).patch(set_dag))
            .route("/api/v2/dags/{dag}/dagRuns", post(start))
            .route("/api/v2/dags/{dag}/dagRuns/{run}", get(look).patch(set))
            .route("/api/v2/dags/{dag}/dagRuns/{run}/taskInstances", get(tasks))
            .route("/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/logs/{attempt}", get(log))
            .route("/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/tries", get(tries))
            .layer(from_fn_with_state(self.clone(), at_the_gate))
            .with_state(self.clone());
        let serve = |listener| async move { axum::serve(listener, routes).await };
        self.0.port.open(serve).unwrap();
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was asked since the last time, sign-ins left out.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        let mut asked = std::mem::take(&mut self.books().asked);
        asked.retain(|asked| asked.call != "POST /auth/token");
        asked
    }

    /// The calls of those.
    pub(crate) fn calls(&self) -> Vec<String> {
        let short = |call: String| call.replace("/api/v2/dags/nightly%2Fload", "DAG");
        self.asked().into_iter().map(|asked| short(asked.call)).collect()
    }
}

fn refuse(status: u16, detail: impl Into<Value>) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, Json(json!({"detail": detail.into()}))).into_response()
}

async fn at_the_gate(
    State(fake): State<FakeAirflow>,
    uri: Uri,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response {
    let call = format!("{} {uri}", request.method());
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let token = headers.get("authorization").and_then(|key| key.to_str().ok());
    let token = token.and_then(|key| key.strip_prefix("Bearer ")).map(str::to_owned);
    let (refused, is_out, is_known, delay) = {
        let mut books = fake.books();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        books.asked.push(Asked { call, body });
        let is_known = token.as_ref().is_some_and(|token| books.tokens.contains(token));
        let signs_in = uri.path() == "/auth/token";
        let refuses = is_known && !signs_in && !books.refusals.is_empty();
        let refused = refuses.then(|| books.refusals.remove(0));
        let is_known = is_known || signs_in;
        (refused, books.is_out, is_known, books.delay)
    };
    let answer = if is_out {
        refuse(503, "try again")
    } else if let Some((status, detail)) = refused {
        refuse(status, detail)
    } else if token.is_none() && !is_known {
        refuse(401, "Not authenticated")
    } else if !is_known {
        refuse(403, "Invalid JWT token")
    } else {
        next.run(Request::from_parts(parts, body.into())).await
    };
    tokio::time::sleep(delay).await;
    answer
}

async fn sign_in(State(fake): State<FakeAirflow>, Json(asked): Json<Value>) -> Response {
    if (asked["username"].as_str(), asked["password"].as_str()) != (Some(USER.0), Some(USER.1)) {
        // As much as a vendor can quote.
        return refuse(401, format!("Invalid credentials: {}", asked["password"]));
    }
    let mut books = fake.books();
    books.sign_ins += 1;
    let token = format!("signed-in-{}", books.sign_ins);
    books.tokens.push(token.clone());
    (StatusCode::CREATED, Json(json!({"access_token": token}))).into_response()
}

async fn dag(State(fake): State<FakeAirflow>, Path(dag): Path<String>) -> Response {
    if dag != DAG {
        return refuse(404, format!("Dag with dag_id: '{dag}' not found"));
    }
    Json(json!({"dag_id": dag, "is_paused": fake.books().is_paused})).into_response()
}

async fn set_dag(
    State(fake): State<FakeAirflow>,
    Path(dag): Path<String>,
    Json(asked): Json<Value>,
) -> Response {
    if dag != DAG {
        return refuse(404, format!("Dag with dag_id: '{dag}' not found"));
    }
    fake.books().is_paused = asked["is_paused"].as_bool().unwrap();
    Json(json!({"dag_id": dag})).into_response()
}

async fn start(
    State(fake): State<FakeAirflow>,
    Path(dag): Path<String>,
    Json(asked): Json<Value>,
) -> Response {
    if dag != DAG {
        return refuse(404, format!("Dag with dag_id: '{dag}' not found"));
    }
    let id = asked["dag_run_id"].as_str().unwrap().to_owned();
    let legal = |c: char| c.is_ascii_alphanumeric() || "_.~:+-".contains(c);
    assert!(id.chars().all(legal) && id.len() <= 250, "{id}");
    assert!(asked.as_object().unwrap().get("logical_date") == Some(&Value::Null), "{asked}");
    let mut books = fake.books();
    if books.runs.iter().any(|run| run.id == id) {
        let reason = json!({
            "reason": "Unique constraint violation", "statement": "hidden", "orig_error": "hidden",
            "message": "Serious error when handling your request.",
        });
        return refuse(409, reason);
    }
    let run = Run { id, polls: 0, state: None, note: asked["note"].clone() };
    let view = run.view(&Value::Null);
    books.runs.push(run);
    Json(view).into_response()
}

fn find<'a>(books: &'a mut Books, (dag, id): &(String, String)) -> Option<&'a mut Run> {
    books.runs.iter_mut().find(|run| dag == DAG && run.id == *id)
}

fn unknown((dag, id): &(String, String)) -> Response {
    refuse(404, format!("The DagRun with dag_id: `{dag}` and run_id: `{id}` was not found"))
}

async fn look(State(fake): State<FakeAirflow>, Path(which): Path<(String, String)>) -> Response {
    let mut books = fake.books();
    let told = books.told.clone();
    let Some(run) = find(&mut books, &which) else { return unknown(&which) };
    let view = run.view(&told);
    run.polls += 1;
    Json(view).into_response()
}

async fn set(
    State(fake): State<FakeAirflow>,
    Path(which): Path<(String, String)>,
    Json(asked): Json<Value>,
) -> Response {
    let mut books = fake.books();
    let Some(run) = find(&mut books, &which) else { return unknown(&which) };
    run.state = asked["state"].as_str().map(str::to_owned);
    run.note = asked["note"].clone();
    Json(run.view(&Value::Null)).into_response()
}

#[derive(serde::Deserialize)]
struct Page {
    limit: usize,
    offset: usize,
}

async fn tasks(
    State(fake): State<FakeAirflow>,
    Path(which): Path<(String, String)>,
    Query(page): Query<Page>,
) -> Response {
    let mut books = fake.books();
    let told = books.tasks.clone();
    let Some(run) = find(&mut books, &which) else { return unknown(&which) };
    let state = run.state();
    let own = json!([{
        "task_id": "work", "map_index": -1, "try_number": 1, "pid": 7, "duration": 7.5,
        "state": if state == "queued" { "none" } else { state },
        "start_date": "2026-11-28T06:00:00.100000Z", "end_date": "2026-11-28T06:00:07.502000Z",
    }]);
    let all = told.unwrap_or(own);
    let all = all.as_array().unwrap();
    let shown: Vec<&Value> = all.iter().skip(page.offset).take(page.limit.min(100)).collect();
    Json(json!({"task_instances": shown, "total_entries": all.len()})).into_response()
}

async fn tries(State(fake): State<FakeAirflow>) -> Response {
    let tries = fake.books().tries.clone();
    Json(json!({"task_instances": tries, "total_entries": 2})).into_response()
}

#[derive(serde::Deserialize)]
struct Part {
    map_index: i64,
}

async fn log(
    State(fake): State<FakeAirflow>,
    Path((_, _, task, attempt)): Path<(String, String, String, u32)>,
    Query(part): Query<Part>,
) -> Response {
    let mut books = fake.books();
    if let Some(log) = &books.log {
        return Json(json!({"content": log, "continuation_token": null})).into_response();
    }
    let head = format!("{task} {} {attempt}", part.map_index);
    let mut log = vec![json!({"event": head, "level": "info", "logger": "task.stdout"})];
    match books.works_on.checked_sub(1) {
        Some(left) => books.works_on = left,
        None => log.push(json!({"event": "Task killed!", "level": "error", "logger": "task"})),
    }
    Json(json!({"content": log, "continuation_token": null})).into_response()
}

impl Vendor for FakeAirflow {
    async fn jobs(&self) -> Vec<VendorJob> {
        let books = self.books();
        let job = |run: &Run| {
            let state = match run.state() {
                "failed" => VendorState::Cancelled,
                "success" => VendorState::Succeeded,
                _ => VendorState::Live,
            };
            VendorJob::new(run.id.clone(), state).key(&run.id)
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
