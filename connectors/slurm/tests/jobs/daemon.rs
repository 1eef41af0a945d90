//! slurmrestd in front of the Slurm in `cluster`. Shapes are those that slurmrestd 22.05.8 answered with; `tests/engines`
//! asks the real one.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use connector_testing::VendorPort;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Job, USER};

/// A token that says of itself that it is Ann's.
pub(crate) const TOKEN: &str = "e30.eyJzdW4iOiJhbm4ifQ.c2lnbmVk";

#[derive(Debug, Clone)]
pub(crate) struct Daemon {
    cluster: Cluster,
    port: Arc<VendorPort>,
}

impl Daemon {
    /// One with a port of its own, on which nobody serves yet.
    pub(crate) fn of(cluster: &Cluster) -> Self {
        let port = Arc::new(VendorPort::bind("127.0.0.1:0").unwrap());
        Self { cluster: cluster.clone(), port }
    }

    pub(crate) fn url(&self) -> &str {
        self.port.url()
    }

    /// Serves on the current runtime, with its clock, unless it does already.
    pub(crate) fn open(&self) {
        let routes = Router::new()
            .route("/slurm/v0.0.38/job/submit", post(submit))
            .route("/slurm/v0.0.38/jobs", get(list))
            .route("/slurm/v0.0.38/job/{id}", get(look).delete(cancel))
            .layer(from_fn_with_state(self.cluster.clone(), at_the_gate))
            .with_state(self.cluster.clone());
        let serve = |listener| async move { axum::serve(listener, routes).await };
        self.port.open(serve).unwrap();
    }
}

fn refused(number: i64, error: &str, description: &str) -> Response {
    let told = json!({"error_number": number, "error": error, "description": description});
    let body = json!({"meta": {"Slurm": {"release": "22.05.8"}}, "errors": [told], "jobs": []});
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}

fn answered(mut body: Value) -> Response {
    body["meta"] = json!({"Slurm": {"release": "22.05.8"}});
    body["errors"] = json!([]);
    Json(body).into_response()
}

async fn at_the_gate(
    State(cluster): State<Cluster>,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response {
    let brings = |name: &str, value: &str| headers.get(name).is_some_and(|it| it == value);
    let is_known = brings("x-slurm-user-name", USER) && brings("x-slurm-user-token", TOKEN);
    let path = request.uri().path().trim_start_matches("/slurm/v0.0.38").to_owned();
    let (is_out, delay) = {
        let mut books = cluster.books();
        books.asked.push(format!("{} {path}", request.method()));
        (books.is_out, books.delay)
    };
    // It tells neither from the other.
    let answer = match is_known && !is_out {
        true => next.run(request).await,
        false => refused(-1, "Unspecified error", "Unable to find JobId"),
    };
    tokio::time::sleep(delay).await;
    answer
}

fn record(job: &Job) -> Value {
    json!({
        "job_id": job.id, "array_job_id": 0, "name": job.name, "user_name": USER, "job_state": job.state(),
        "state_reason": "None", "exit_code": 0, "nodes": "n1", "partition": "debug", "restart_cnt": 0,
    })
}

async fn submit(State(cluster): State<Cluster>, Json(asked): Json<Value>) -> Response {
    assert!(asked["script"].as_str().unwrap().starts_with("#!"), "{asked}");
    let id = cluster.books().submit(asked["job"]["name"].as_str().unwrap());
    answered(json!({"job_id": id, "step_id": "BATCH", "job_submit_user_msg": ""}))
}

async fn list(State(cluster): State<Cluster>) -> Response {
    let jobs: Vec<Value> = cluster.books().jobs.iter().map(record).collect();
    answered(json!({ "jobs": jobs }))
}

fn unknown() -> Response {
    refused(2017, "Invalid job id specified", "Unable to find JobId")
}

async fn look(State(cluster): State<Cluster>, Path(id): Path<String>) -> Response {
    let told = cluster.books().look(&id).map(record);
    told.map_or_else(unknown, |job| answered(json!({ "jobs": [job] })))
}

async fn cancel(State(cluster): State<Cluster>, Path(id): Path<String>) -> Response {
    if cluster.books().cancel(&id) { answered(json!({})) } else { unknown() }
}
