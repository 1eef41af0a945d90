//! A fake Databricks: runs whose state a test sets, the output of those that failed, refusals as Databricks
//! gives them.
//! Facts are those of the reference of the Jobs API, 2.1, and of the vendor's SDK for Python.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use crate::fake::{Answer, Call, Vendor};

/// The token that opens it.
pub const TOKEN: &str = "dapi-the-token-of-the-fake-databricks";
/// The first id is beyond what a float can hold.
const FIRST_RUN: u64 = 9_007_199_254_740_993;

/// The vendor.
#[derive(Debug, Default)]
pub struct Databricks {
    /// Every run, the oldest first.
    pub runs: Vec<Run>,
    /// How many there have been.
    made: u64,
    /// What the next calls get, whatever they ask for.
    pub next: VecDeque<Answer>,
}

/// A run.
#[derive(Debug)]
pub struct Run {
    id: u64,
    token: Option<String>,
    /// The members of its view that a test sets: `state`, `status`, `run_page_url`.
    pub told: Value,
    /// What `runs/get-output` says of it.
    pub output: Value,
}

impl Databricks {
    /// The refusal that Databricks gives with that code.
    #[must_use]
    pub fn refusal(status: u16, code: &str, message: &str) -> Answer {
        Answer::Json(status, json!({"error_code": code, "message": message}))
    }

    /// The newest run stands there from now on.
    pub fn newest_is(&mut self, told: Value) {
        if let Some(run) = self.runs.last_mut() {
            run.told = told;
        }
    }

    fn submit(&mut self, asked: &Value) -> Answer {
        let token = asked["idempotency_token"].as_str().map(str::to_owned);
        let known = self.runs.iter().find(|run| token.is_some() && run.token == token);
        if let Some(known) = known {
            return json!({"run_id": known.id}).into();
        }
        let has = |name: &str| !asked[name].is_null();
        let places = ["existing_cluster_id", "new_cluster", "tasks", "sql_task"];
        if !places.into_iter().any(has) {
            let text =
                "One of job_cluster_key, new_cluster, or existing_cluster_id must be specified.";
            return Self::refusal(400, "INVALID_PARAMETER_VALUE", text);
        }
        let id = FIRST_RUN + self.made;
        self.made += 1;
        let told = json!({"state": {"life_cycle_state": "PENDING", "state_message": ""}});
        self.runs.push(Run { id, token, told, output: json!({}) });
        json!({"run_id": id}).into()
    }

    fn of_run(&mut self, id: &str, call: &str) -> Answer {
        let Some(run) = self.runs.iter_mut().find(|run| run.id.to_string() == id) else {
            let text = format!("Run {id} does not exist.");
            return Self::refusal(400, "INVALID_PARAMETER_VALUE", &text);
        };
        match call {
            "get" => {
                let mut view = json!({"job_id": 11, "run_id": run.id});
                if let (Value::Object(view), Value::Object(told)) = (&mut view, &run.told) {
                    view.extend(told.clone());
                }
                view.into()
            }
            "get-output" => run.output.clone().into(),
            _ => {
                if run.told["state"]["life_cycle_state"] != "TERMINATED" {
                    let state = json!({
                        "life_cycle_state": "TERMINATED", "result_state": "CANCELED",
                        "state_message": "Run cancelled.",
                    });
                    run.told = json!({"state": state});
                }
                json!({}).into()
            }
        }
    }
}

impl Vendor for Databricks {
    fn answer(&mut self, call: &Call) -> Answer {
        if let Some(answer) = self.next.pop_front() {
            return answer;
        }
        if call.header("authorization") != format!("Bearer {TOKEN}") {
            let text = "Credential was not sent or was of an unsupported type for this API.";
            return Self::refusal(401, "UNAUTHENTICATED", text);
        }
        let asked = call.json();
        match (call.method.as_str(), call.parts().as_slice()) {
            ("POST", ["api", "2.1", "jobs", "runs", "submit"]) => self.submit(&asked),
            ("POST", ["api", "2.1", "jobs", "runs", "cancel"]) => {
                self.of_run(asked["run_id"].as_str().unwrap_or_default(), "cancel")
            }
            ("GET", ["api", "2.1", "jobs", "runs", what @ ("get" | "get-output")]) => {
                let id = call.query.get("run_id").cloned().unwrap_or_default();
                self.of_run(&id, what)
            }
            _ => Self::refusal(404, "ENDPOINT_NOT_FOUND", "No API found"),
        }
    }

    fn told(&self, call: &Call) -> Option<Value> {
        // Without a content its type says nothing.
        let names = ["authorization", "content-type"];
        let names = if call.body.is_empty() { &names[..1] } else { &names };
        let sent = names.iter().copied().filter(|name| call.headers.contains_key(*name));
        let headers: Map<_, _> =
            sent.map(|name| (name.to_owned(), call.header(name).into())).collect();
        Some(json!({
            "method": call.method, "path": call.path, "query": call.query, "headers": headers,
            "body": call.json(),
        }))
    }

    fn job_of(&self, resource_meta: &Value) -> Option<String> {
        Some(resource_meta["run_id"].as_str()?.to_owned())
    }

    fn chosen(&self, _call: &Call) -> Option<String> {
        None
    }
}
