//! Spark as a fake: submission server, the master's list and a worker's logs on one port, its drivers in memory,
//! everything it was asked written down. Shapes are those that Spark 4.3.0 answered with; `tests/engines` asks the real
//! one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use connector_testing::{Vendor, VendorJob, VendorPort, VendorState};
use serde_json::{Value, json};

/// The token of the fake.
pub(crate) const TOKEN: &str = "the-token-of-flyte";
const WORKER: &str = "worker-20261128095036-127.0.0.1-34535";

/// What all who hold it share.
#[derive(Debug, Clone)]
pub(crate) struct FakeSpark(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    port: VendorPort,
    books: Mutex<Books>,
}

/// What becomes of the answer to a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The driver is there, and nobody hears of it.
    Answer,
    /// It never arrived.
    Request,
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) drivers: Vec<Driver>,
    /// Every call, such as `POST /v1/submissions/create`.
    pub(crate) asked: Vec<String>,
    /// The bodies of submissions.
    pub(crate) bodies: Vec<Value>,
    /// Answers that are given before anybody looks, to the submission server's calls.
    pub(crate) refusals: Vec<(u16, Value)>,
    /// What becomes of the next submissions.
    pub(crate) lost: Vec<Lost>,
    /// Whether drivers find no worker.
    pub(crate) is_full: bool,
    /// What every driver is told to be, over what it is.
    pub(crate) told: Option<&'static str>,
    /// The exception that goes with it.
    pub(crate) exception: Option<&'static str>,
    /// What every driver wrote.
    pub(crate) stdout: Vec<u8>,
    /// What every driver wrote behind its command line.
    pub(crate) stderr: String,
    /// Where its worker says that its pages are, if not here.
    pub(crate) worker_page: Option<String>,
    is_out: bool,
    delay: Duration,
}

#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) id: String,
    pub(crate) key: String,
    class: String,
    time_limit: Option<String>,
    polls: usize,
    pub(crate) has_worker: bool,
    pub(crate) state: Option<&'static str>,
    is_replacement: bool,
}

impl Driver {
    fn state(&self, told: Option<&'static str>) -> &'static str {
        match (self.state.or(told), self.has_worker, self.polls) {
            (Some(state), ..) => state,
            (None, false, _) => "SUBMITTED",
            (None, true, 0 | 1) => "RUNNING",
            (None, true, _) => "FINISHED",
        }
    }

    fn is_final(&self, told: Option<&'static str>) -> bool {
        matches!(self.state(told), "FINISHED" | "FAILED" | "KILLED" | "ERROR")
    }
}

impl Books {
    fn log(&self, driver: &str, stream: &str) -> Vec<u8> {
        let Some(driver) = self.drivers.iter().find(|it| it.id == driver) else {
            return Vec::new();
        };
        match stream {
            "stdout" => self.stdout.clone(),
            _ => {
                let mut property = format!("\"-Dspark.flyte.attempt={}\"", driver.key);
                if let Some(limit) = &driver.time_limit {
                    property.push_str(&format!(" \"-Dspark.flyte.time_limit={limit}\""));
                }
                let rule = "=".repeat(40);
                let (class, stderr) = (&driver.class, &self.stderr);
                let text =
                    format!("Launch Command: \"java\" {property} \"{class}\"\n{rule}\n\n{stderr}");
                text.into_bytes()
            }
        }
    }
}

impl FakeSpark {
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
            .route("/v1/submissions/create", post(create))
            .route("/v1/submissions/status/{id}", get(status))
            .route("/v1/submissions/kill/{id}", post(kill))
            .route("/json/", get(list))
            .route("/log/", get(log))
            .layer(from_fn_with_state(self.clone(), at_the_gate))
            .with_state(self.clone());
        let serve = |listener| async move { axum::serve(listener, routes).await };
        self.0.port.open(serve).unwrap();
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.books().asked)
    }
}

fn answer(action: &str, mut body: Value) -> Response {
    body["action"] = action.into();
    body["serverSparkVersion"] = "4.3.0".into();
    Json(body).into_response()
}

async fn at_the_gate(
    State(fake): State<FakeSpark>,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let is_api = path.starts_with("/v1/");
    let token = headers.get("authorization").and_then(|key| key.to_str().ok());
    let is_known = token.is_none_or(|token| token == format!("Bearer {TOKEN}"));
    assert!(is_api || token.is_none(), "the token is for the submission server");
    let (refused, is_out, delay) = {
        let mut books = fake.books();
        books.asked.push(format!("{} {path}", request.method()));
        let refuses = is_api && !books.refusals.is_empty();
        (refuses.then(|| books.refusals.remove(0)), books.is_out, books.delay)
    };
    let answer = if is_out {
        (StatusCode::SERVICE_UNAVAILABLE, "try again").into_response()
    } else if let Some((status, body)) = refused {
        (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
    } else if !is_known {
        let wants_json = headers.get("accept").is_some_and(|it| it == "application/json");
        // As the server below Spark's filter does it.
        let body = json!({"message": "JWT Validate Fail", "status": "403"});
        let page = Html("<html><body><h2>HTTP ERROR 403 JWT Validate Fail</h2></body></html>");
        match wants_json {
            true => (StatusCode::FORBIDDEN, Json(body)).into_response(),
            false => (StatusCode::FORBIDDEN, page).into_response(),
        }
    } else {
        next.run(request).await
    };
    tokio::time::sleep(delay).await;
    answer
}

async fn create(State(fake): State<FakeSpark>, body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(asked["action"], "CreateSubmissionRequest");
    let mut books = fake.books();
    books.bodies.push(asked.clone());
    let lost = (!books.lost.is_empty()).then(|| books.lost.remove(0));
    let nothing = || (StatusCode::BAD_GATEWAY, "nobody heard the answer").into_response();
    if lost == Some(Lost::Request) {
        return nothing();
    }
    let id = format!("driver-20261128095244-{:04}", books.drivers.len());
    let key = asked["sparkProperties"]["spark.flyte.attempt"].as_str().unwrap().to_owned();
    let earlier = books.drivers.iter().filter(|driver| driver.key == key);
    let is_replacement =
        earlier.clone().count() > 0 && earlier.clone().all(|it| it.state == Some("KILLED"));
    let driver = Driver {
        id: id.clone(),
        key,
        class: asked["mainClass"].as_str().unwrap().to_owned(),
        time_limit: asked["sparkProperties"]["spark.flyte.time_limit"].as_str().map(str::to_owned),
        polls: 0,
        has_worker: !books.is_full,
        state: None,
        is_replacement,
    };
    books.drivers.push(driver);
    if lost == Some(Lost::Answer) {
        return nothing();
    }
    let message = format!("Driver successfully submitted as {id}");
    answer(
        "CreateSubmissionResponse",
        json!({"submissionId": id, "success": true, "message": message}),
    )
}

async fn status(State(fake): State<FakeSpark>, Path(id): Path<String>) -> Response {
    let mut books = fake.books();
    let (told, exception) = (books.told, books.exception);
    let Some(driver) = books.drivers.iter_mut().find(|it| it.id == id) else {
        return answer("SubmissionStatusResponse", json!({"submissionId": id, "success": false}));
    };
    let mut body = json!({"submissionId": id, "success": true, "driverState": driver.state(told)});
    if driver.has_worker {
        body["workerId"] = WORKER.into();
        driver.polls += 1;
    }
    if let Some(exception) = exception {
        body["message"] =
            format!("Exception from the cluster:\n{exception}\n\tjava.x(Y.java:1)").into();
    }
    answer("SubmissionStatusResponse", body)
}

async fn kill(State(fake): State<FakeSpark>, Path(id): Path<String>) -> Response {
    let mut books = fake.books();
    let told = books.told;
    let driver = books.drivers.iter_mut().find(|it| it.id == id && !it.is_final(told));
    let (success, message) = match driver {
        Some(driver) => {
            driver.state = Some("KILLED");
            (true, format!("Kill request for {id} submitted"))
        }
        None => (false, format!("Driver {id} has already finished or does not exist")),
    };
    let body = json!({"submissionId": id, "success": success, "message": message});
    answer("KillSubmissionResponse", body)
}

async fn list(State(fake): State<FakeSpark>) -> Response {
    let books = fake.books();
    let shown = |driver: &Driver| {
        let worker = if driver.has_worker { WORKER } else { "None" };
        json!({
            "id": driver.id, "starttime": "1795859564522", "state": driver.state(books.told), "cores": 1,
            "memory": 512, "worker": worker, "mainclass": driver.class,
        })
    };
    let (done, active): (Vec<&Driver>, Vec<&Driver>) =
        books.drivers.iter().partition(|driver| driver.is_final(books.told));
    let [done, active] = [done, active].map(|of| of.into_iter().map(shown).collect::<Vec<_>>());
    let page = books.worker_page.as_deref().unwrap_or(fake.url());
    Json(json!({
        "workers": [{"id": WORKER, "webuiaddress": page, "state": "ALIVE"}],
        "activedrivers": active, "completeddrivers": done, "status": "ALIVE",
    }))
    .into_response()
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    driver_id: String,
    log_type: String,
    offset: usize,
    byte_length: usize,
}

async fn log(State(fake): State<FakeSpark>, Query(part): Query<Part>) -> Response {
    let all = fake.books().log(&part.driver_id, &part.log_type);
    let begin = part.offset.min(all.len());
    let end = begin.saturating_add(part.byte_length.min(1024 * 1024)).min(all.len());
    let path = format!("/work/{}/{}", part.driver_id, part.log_type);
    let heading = format!("==== Bytes {begin}-{end} of {} of {path} ====\n", all.len());
    [heading.as_bytes(), &all[begin..end]].concat().into_response()
}

impl Vendor for FakeSpark {
    async fn jobs(&self) -> Vec<VendorJob> {
        let books = self.books();
        let job = |driver: &Driver| {
            let state = match driver.state(books.told) {
                "KILLED" => VendorState::Cancelled,
                "FINISHED" => VendorState::Succeeded,
                "FAILED" | "ERROR" => VendorState::Failed,
                _ => VendorState::Live,
            };
            VendorJob::new(&driver.id, state).key(&driver.key).is_replacement(driver.is_replacement)
        };
        books.drivers.iter().map(job).collect()
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
