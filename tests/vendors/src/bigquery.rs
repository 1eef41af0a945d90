//! A fake BigQuery: jobs with states that a test sets, found where Google's are found, refused as Google's
//! are refused, and the token endpoint of a service account.
//! Facts are those of BigQuery's REST reference, v2.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::fake::{Answer, Call, Vendor};

/// The access token that everybody gets.
pub const TOKEN: &str = "ya29.the-token-of-the-fake-bigquery";
/// Opens nothing: it was made for tests.
const PRIVATE_KEY: &str =
    include_str!("../../../connectors/bigquery/tests/jobs/made-for-tests.pem");
/// Whose key it is.
const ACCOUNT: &str = "flyte@p.iam.gserviceaccount.com";
/// Where the vendor runs jobs that say no location.
const CHOSEN: &str = "europe-west3";

/// The vendor.
#[derive(Debug, Default)]
pub struct BigQuery {
    /// Every job, the oldest first.
    pub jobs: Vec<Job>,
    /// What the next calls get, whatever they ask for. Signing in is no such call.
    pub next: VecDeque<Answer>,
    /// How long every call waits for its answer.
    pub delay: Duration,
    /// What those get who ask for a token, in place of one.
    pub no_token: Option<fn(&Call) -> Answer>,
    /// After so many looks a job is done; `None` leaves that to [`BigQuery::newest_is`].
    pub looks: Option<u32>,
}

/// A job.
#[derive(Debug)]
pub struct Job {
    /// `jobReference`.
    pub reference: Value,
    /// As it was inserted; `destinationTable` is added.
    pub configuration: Value,
    /// `status`.
    pub status: Value,
    /// `statistics`.
    pub statistics: Value,
    /// How often somebody has looked at it.
    pub looks: u32,
}

impl Job {
    fn view(&self) -> Value {
        json!({
            "kind": "bigquery#job", "jobReference": self.reference, "status": self.status,
            "configuration": self.configuration, "statistics": self.statistics,
        })
    }

    fn is(&self, id: &str, location: Option<&str>) -> bool {
        let own = self.reference["location"].as_str().unwrap_or_default();
        // Without a location only the two multi-regions are looked at.
        self.reference["jobId"] == id
            && location.map_or_else(|| matches!(own, "US" | "EU"), |asked| asked == own)
    }
}

impl BigQuery {
    /// The JSON of a service account's key that is exchanged at `url`.
    #[must_use]
    pub fn key_file(url: &str) -> String {
        json!({
            "type": "service_account", "project_id": "p", "private_key_id": "k1",
            "private_key": PRIVATE_KEY, "client_email": ACCOUNT,
            "client_id": "1", "token_uri": format!("{url}/token"),
        })
        .to_string()
    }

    /// The refusal that BigQuery gives for that reason.
    #[must_use]
    pub fn refusal(status: u16, reason: &str, message: &str) -> Answer {
        let errors = json!([{"domain": "global", "reason": reason, "message": message}]);
        let error = json!({"code": status, "message": message, "errors": errors});
        Answer::Json(status, json!({"error": error}))
    }

    /// The newest job is in that state from now on.
    pub fn newest_is(&mut self, status: Value) {
        if let Some(job) = self.jobs.last_mut() {
            job.status = status;
        }
    }

    fn answer_at_once(&mut self, call: &Call) -> Answer {
        if let Some(answer) = signed_in(call) {
            return self.no_token.map_or(answer, |refuse| refuse(call));
        }
        if let Some(answer) = self.next.pop_front() {
            return answer;
        }
        if !is_admitted(call.header("authorization")) {
            return Self::refusal(401, "authError", "Invalid Credentials");
        }
        match (call.method.as_str(), call.parts().as_slice()) {
            ("POST", ["bigquery", "v2", "projects", project, "jobs"]) => {
                self.insert(project, &call.json())
            }
            ("GET", ["bigquery", "v2", "projects", _, "jobs", id]) => self.of_job(call, id, false),
            ("POST", ["bigquery", "v2", "projects", _, "jobs", id, "cancel"]) => {
                self.of_job(call, id, true)
            }
            _ => Self::refusal(404, "notFound", "Not Found"),
        }
    }

    fn insert(&mut self, project: &str, asked: &Value) -> Answer {
        let asked_for = &asked["jobReference"];
        let id = asked_for["jobId"].as_str().unwrap_or_default();
        let location = asked_for["location"].as_str().unwrap_or(CHOSEN);
        if self.jobs.iter().any(|job| job.reference["jobId"] == id) {
            let text = format!("Already Exists: Job {project}:{location}.{id}");
            return Self::refusal(409, "duplicate", &text);
        }
        let mut configuration = asked["configuration"].clone();
        let statement = configuration["query"]["query"].as_str().unwrap_or_default().to_owned();
        let is_select = statement.trim_start().to_uppercase().starts_with("SELECT");
        if is_select && configuration["query"]["destinationTable"].is_null() {
            configuration["query"]["destinationTable"] =
                json!({"projectId": project, "datasetId": "_hidden", "tableId": "anon7"});
        }
        let job = Job {
            reference: json!({"projectId": project, "jobId": id, "location": location}),
            configuration,
            status: json!({"state": "PENDING"}),
            statistics: json!({"creationTime": now().to_string()}),
            looks: 0,
        };
        let view = job.view();
        self.jobs.push(job);
        view.into()
    }

    fn of_job(&mut self, call: &Call, id: &str, cancels: bool) -> Answer {
        let location = call.query.get("location").map(String::as_str);
        let Some(job) = self.jobs.iter_mut().find(|job| job.is(id, location)) else {
            return Self::refusal(404, "notFound", &format!("Not found: Job {id}"));
        };
        if !cancels {
            job.looks += 1;
            if self.looks.is_some_and(|looks| job.looks > looks) && job.status["state"] != "DONE" {
                job.status = json!({"state": "DONE"});
            }
            return job.view().into();
        }
        if job.status["state"] != "DONE" {
            let stopped = json!({"reason": "stopped", "message": "Job execution was cancelled"});
            job.status = json!({"state": "DONE", "errorResult": stopped, "errors": [stopped]});
        }
        json!({"kind": "bigquery#jobCancelResponse", "job": job.view()}).into()
    }
}

impl Vendor for BigQuery {
    fn answer(&mut self, call: &Call) -> Answer {
        let answer = self.answer_at_once(call);
        if self.delay.is_zero() { answer } else { Answer::Late(self.delay, answer.into()) }
    }

    fn told(&self, call: &Call) -> Option<Value> {
        if signed_in(call).is_some() {
            return None;
        }
        let names = ["authorization", "content-type", "user-agent", "x-goog-api-client"];
        let sent = names.into_iter().filter(|name| call.headers.contains_key(*name));
        let headers: Map<_, _> =
            sent.map(|name| (name.to_owned(), call.header(name).into())).collect();
        let mut body = call.json();
        // They are found by name; Python sends them in an order of the moment.
        if let Some(parameters) = body.pointer_mut("/configuration/query/queryParameters")
            && let Some(parameters) = parameters.as_array_mut()
        {
            parameters.sort_by_key(|parameter| parameter["name"].to_string());
        }
        Some(json!({
            "method": call.method, "path": call.path, "query": call.query, "headers": headers,
            "body": body,
        }))
    }

    fn job_of(&self, resource_meta: &Value) -> Option<String> {
        Some(resource_meta["job_id"].as_str()?.to_owned())
    }

    fn chosen(&self, call: &Call) -> Option<String> {
        Some(call.json().pointer("/jobReference/jobId")?.as_str()?.to_owned())
    }
}

/// Milliseconds since 1970.
fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}

/// What those get who ask for a token: an account's token endpoint, the metadata server of a machine, the
/// exchange of workload identity, and impersonation.
fn signed_in(call: &Call) -> Option<Answer> {
    const MACHINE: &str = "/computeMetadata/v1/instance/service-accounts/default/token";
    let token = match call.path.as_str() {
        "/token" | MACHINE => {
            json!({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})
        }
        "/exchange" => json!({
            "access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer",
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        }),
        path if path.ends_with(":generateAccessToken") => {
            json!({"accessToken": TOKEN, "expireTime": "2099-01-01T00:00:00Z"})
        }
        _ => return None,
    };
    Some(token.into())
}

/// The token, or a token that the account has signed for itself, which Google takes as well.
fn is_admitted(authorization: &str) -> bool {
    let Some(token) = authorization.strip_prefix("Bearer ") else { return false };
    let claims = token.split('.').nth(1).and_then(|claims| URL_SAFE_NO_PAD.decode(claims).ok());
    let claims: Option<Value> = claims.and_then(|claims| serde_json::from_slice(&claims).ok());
    token == TOKEN || claims.is_some_and(|claims| claims["iss"] == ACCOUNT)
}
