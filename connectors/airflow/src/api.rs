//! Airflow's REST API, version 2, as far as a run needs it. The connector calls it; what an answer means for a
//! task is not decided here.

use std::time::Duration;

use connector_core::prelude::*;
use connector_http::{
    Answer, BaseUrl, HttpClient, Method, Reach, Reading, Refusal, Request, Submission, Url,
};
use serde_json::{Map, Value, json};

use crate::credentials::{Access, Bearer, Tokens};
use crate::logs::Entry;
use crate::states::{Run, TaskInstance};

/// Tasks of a run are read in pages of so many, which is the most that Airflow gives by default.
const PAGE: usize = 100;
/// So many pages are read of one run.
const MOST_PAGES: usize = 50;
/// The largest log read, in bytes: Airflow gives the log of a try whole.
const MOST_LOG: usize = 64 * 1024 * 1024;
/// How long that may take. 40 MB took half a minute (3.3.2, on two busy cores).
const LOG_FOR: Duration = Duration::from_secs(120);

/// A run, and who asks about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) base: &'a BaseUrl,
    pub(crate) dag_id: &'a str,
    pub(crate) run_id: &'a str,
    pub(crate) access: &'a Access,
}

impl Place<'_> {
    /// A URL of the DAG, or of something below it.
    fn of_dag(self, path: &[&str]) -> Url {
        self.base.url(&[&["api", "v2", "dags", self.dag_id], path].concat())
    }

    /// A URL of the run, or of something below it.
    fn of_run(self, path: &[&str]) -> Url {
        self.of_dag(&[&["dagRuns", self.run_id], path].concat())
    }
}

#[derive(Deserialize)]
struct Dag {
    is_paused: bool,
}

#[derive(Deserialize)]
struct TaskInstances {
    task_instances: Vec<TaskInstance>,
    #[serde(default)]
    total_entries: Option<usize>,
}

#[derive(Deserialize)]
struct Log {
    content: Vec<Entry>,
}

/// The API.
#[derive(Debug)]
pub(crate) struct Api {
    http: HttpClient,
    logs: HttpClient,
    tokens: Tokens,
}

impl Api {
    /// # Errors
    /// [`ErrorKind::Permanent`]: there can be no client.
    pub(crate) fn new() -> Result<Self> {
        let airflow = || {
            let http = HttpClient::builder("Airflow").dialect(read_refusal);
            let http = http.shunning(Reach::is_guarded);
            http.user_agent(concat!("flyte-connector/", env!("CARGO_PKG_VERSION")))
        };
        let sign_in = HttpClient::builder("Airflow's sign-in").dialect(read_refusal);
        let sign_in = sign_in.shunning(Reach::is_guarded).build()?;
        let logs = airflow().max_answer_bytes(MOST_LOG).attempt_timeout(LOG_FOR).build()?;
        Ok(Self { http: airflow().build()?, logs, tokens: Tokens::new(sign_in) })
    }

    /// Starts the run, or finds the one that has its id already.
    ///
    /// # Errors
    /// What Airflow's refusal means.
    pub(crate) async fn start(
        &self,
        place: Place<'_>,
        conf: &Map<String, Value>,
        note: Option<&str>,
    ) -> Result<()> {
        // A date in the future would have the run wait for it, in a state called running.
        let mut body = json!({"dag_run_id": place.run_id, "logical_date": null, "conf": conf});
        if let (Some(body), Some(note)) = (body.as_object_mut(), note) {
            body.insert("note".to_owned(), note.into());
        }
        let url = place.of_dag(&["dagRuns"]);
        let submission = Submission::new();
        let started = submission.settle(|_tried| async {
            // The id makes it one run.
            let request = || Ok(self.http.post(url.clone()).json(&body)?.submitting(&submission));
            self.call(place, request).await?.done()
        });
        match started.await {
            Err(error) if is_taken(&error) => self.taken(place, error).await,
            started => started,
        }
    }

    /// The id is taken: ours, from an earlier create of the same attempt, if there is such a run. Airflow says
    /// as much of other rules of its database, too.
    async fn taken(&self, place: Place<'_>, refused: ConnectorError) -> Result<()> {
        let submission = Submission::new();
        // It is there, and whoever gives up now leaves it to nobody.
        submission.may_be_there();
        let found = submission.settle(|_tried| async {
            let request = || Ok(self.http.get(place.of_run(&[])).submitting(&submission));
            self.call(place, request).await?.json::<Run>()
        });
        match found.await {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(refused),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn is_paused(&self, place: Place<'_>, call: &CallContext) -> Result<bool> {
        let request = || Ok(self.http.get(place.of_dag(&[])).within(call));
        self.call(place, request).await?.json().map(|dag: Dag| dag.is_paused)
    }

    pub(crate) async fn unpause(&self, place: Place<'_>) -> Result<()> {
        let request = || {
            let request = self.http.request(Method::PATCH, place.of_dag(&[]));
            Ok(request.json(&json!({"is_paused": false}))?.repeatable().attempts(3))
        };
        self.call(place, request).await?.done()
    }

    pub(crate) async fn run(&self, place: Place<'_>, call: &CallContext) -> Result<Run> {
        self.call(place, || Ok(self.http.get(place.of_run(&[])).within(call))).await?.json()
    }

    /// Has Airflow call the run failed, and every task in it that is not done. Their processes hear of it at
    /// their next heartbeat.
    pub(crate) async fn cancel(
        &self,
        place: Place<'_>,
        note: &str,
        call: &CallContext,
    ) -> Result<()> {
        let body = json!({"state": "failed", "note": note});
        let request = || {
            let request = self.http.request(Method::PATCH, place.of_run(&[]));
            // Cancelled twice is cancelled.
            Ok(request.json(&body)?.repeatable().within(call))
        };
        self.call(place, request).await?.done()
    }

    /// The tasks of the run, in the order they began; those that did not come last.
    pub(crate) async fn tasks(
        &self,
        place: Place<'_>,
        call: &CallContext,
    ) -> Result<Vec<TaskInstance>> {
        let mut tasks: Vec<TaskInstance> = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut url = place.of_run(&["taskInstances"]);
            let (limit, offset) = (PAGE.to_string(), tasks.len().to_string());
            url.query_pairs_mut().extend_pairs([
                ("limit", limit.as_str()),
                ("offset", offset.as_str()),
                ("order_by", "id"),
            ]);
            let request = || Ok(self.http.get(url.clone()).attempts(2).within(call));
            let page: TaskInstances = self.call(place, request).await?.json()?;
            let is_last = page.task_instances.is_empty();
            tasks.extend(page.task_instances);
            if is_last || page.total_entries.is_none_or(|all| tasks.len() >= all) {
                break;
            }
        }
        // Airflow's times are of one length and one zone, so that their texts are in order.
        tasks.sort_by_cached_key(|task| {
            let began = task.start_date.clone();
            (began.is_none(), began, task.task_id.clone(), task.map_index)
        });
        Ok(tasks)
    }

    /// The tries of a task before its last one.
    pub(crate) async fn earlier_tries(
        &self,
        place: Place<'_>,
        task: &TaskInstance,
        call: &CallContext,
    ) -> Result<Vec<TaskInstance>> {
        let index = task.map_index.to_string();
        let mut path = vec!["taskInstances", task.task_id.as_str()];
        if task.map_index >= 0 {
            path.push(&index);
        }
        path.push("tries");
        let request = || Ok(self.http.get(place.of_run(&path)).attempts(2).within(call));
        let told = self.call(place, request).await?.json::<TaskInstances>()?;
        let mut tries = told.task_instances;
        // That is the task as it is.
        tries.pop();
        Ok(tries)
    }

    /// What one try of a task wrote.
    pub(crate) async fn log(
        &self,
        place: Place<'_>,
        (task, attempt): (&TaskInstance, i64),
        call: &CallContext,
    ) -> Result<Vec<Entry>> {
        let attempt = attempt.to_string();
        let path = ["taskInstances", &task.task_id, "logs", &attempt];
        let mut url = place.of_run(&path);
        url.query_pairs_mut().append_pair("map_index", &task.map_index.to_string());
        let request = || Ok(self.logs.get(url.clone()).within(call));
        self.call(place, request).await?.json().map(|log: Log| log.content)
    }

    /// Makes a call with a token, and once more with another one if that was refused.
    async fn call(
        &self,
        place: Place<'_>,
        request: impl Fn() -> Result<Request>,
    ) -> Result<Answer> {
        let mut refused: Option<Bearer> = None;
        loop {
            let bearer = self.tokens.bearer(place.access, place.base).await?;
            match bearer.of(request()?)?.send().await {
                Err(error)
                    if error.kind() == ErrorKind::Unauthenticated
                        && bearer.is_renewable()
                        && refused.is_none() =>
                {
                    self.tokens.refused(&bearer).await;
                    refused = Some(bearer);
                }
                answered => return answered,
            }
        }
    }
}

/// How Airflow says no: `{"detail"}`, which is a text, an object with a `reason`, or a list of what does not fit.
fn read_refusal(refusal: &Refusal<'_>) -> Reading {
    let detail = &refusal.body["detail"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let message = match detail {
        Value::Array(items) => {
            let item = |item: &Value| {
                let place = item["loc"].as_array().and_then(|parts| parts.last()).and_then(text);
                let said = text(&item["msg"])?;
                Some(place.map_or_else(|| said.clone(), |place| format!("`{place}`: {said}")))
            };
            let items: Vec<String> = items.iter().filter_map(item).collect();
            Some(items.join("; ")).filter(|said| !said.is_empty())
        }
        detail => text(detail).or_else(|| text(&detail["message"])),
    };
    let kind = match (refusal.status.as_u16(), message.as_deref()) {
        // A token that is none, or of another Airflow, is 403; one that ran out 401 (3.3.2).
        (403, Some("Invalid JWT token")) => Some(ErrorKind::Unauthenticated),
        // A `conf` that the DAG's `params` do not allow, a DAG that does not load.
        (400 | 422, _) => Some(ErrorKind::InvalidTask),
        _ => None,
    };
    Reading { code: text(&detail["reason"]), message, kind, ..Reading::default() }
}

/// Whether a row of the database that should be one of its kind is there already.
fn is_taken(error: &ConnectorError) -> bool {
    error.message().starts_with("Airflow answered 409")
}
