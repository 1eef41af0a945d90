//! BigQuery's REST API, as far as a query job needs it: insert, get, cancel.
//! The connector calls it; what an answer means for a task is not decided here.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connector_core::prelude::*;
use connector_http::{
    Answer, Endpoint, HeaderName, HttpClient, Reading, Refusal, Request, Submission, Url,
};
use serde_json::{Map, Value, json};

use crate::credentials::Tokens;
use crate::states;

/// The host that tasks are sent to, unless the operator names another.
const HOST: &str = "bigquery.googleapis.com";
/// How long the job of a key that is taken may be out of sight.
const APPEARS_WITHIN: Duration = Duration::from_secs(20);

/// Where a job is found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) project: &'a str,
    pub(crate) job_id: &'a str,
    pub(crate) location: Option<&'a str>,
    pub(crate) user_agent: &'a str,
}

/// A job, as the API tells of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Job {
    pub(crate) job_reference: JobReference,
    #[serde(default)]
    pub(crate) status: Status,
    #[serde(default)]
    pub(crate) configuration: Value,
    #[serde(default)]
    pub(crate) statistics: Value,
}

impl Job {
    /// Whether somebody has cancelled it.
    pub(crate) fn is_stopped(&self) -> bool {
        self.status.error_result.as_ref().is_some_and(|problem| problem.reason == "stopped")
    }

    /// A moment of `statistics`, which has them as milliseconds in text.
    pub(crate) fn moment(&self, pointer: &str) -> Option<SystemTime> {
        moment(self.statistics.pointer(pointer)?)
    }
}

/// A moment in milliseconds since 1970, as text or as a number.
pub(crate) fn moment(value: &Value) -> Option<SystemTime> {
    let milliseconds = whole(value)?;
    UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds))
}

/// A count, which the API sends as text where it may be large.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// A page of jobs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Jobs {
    #[serde(default)]
    pub(crate) jobs: Vec<Job>,
    #[serde(default)]
    pub(crate) next_page_token: Option<String>,
}

/// The name of a job.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobReference {
    #[serde(default)]
    pub(crate) job_id: String,
    #[serde(default)]
    pub(crate) location: Option<String>,
}

/// Where it stands.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Status {
    pub(crate) state: String,
    pub(crate) error_result: Option<Problem>,
    pub(crate) errors: Vec<Problem>,
}

/// One thing that went wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    pub(crate) reason: String,
    pub(crate) location: String,
    pub(crate) message: String,
}

/// The API.
#[derive(Debug)]
pub(crate) struct Api {
    http: HttpClient,
    endpoint: Endpoint,
    /// What all of its paths are below.
    below: Url,
    tokens: Tokens,
}

impl Api {
    /// # Errors
    /// [`ErrorKind::Permanent`]: there can be no client.
    pub(crate) fn at(endpoint: Endpoint) -> Result<Self> {
        let http = HttpClient::builder("BigQuery").dialect(read_refusal).build()?;
        let tokens =
            Tokens::new(HttpClient::builder("Google's sign-in").dialect(read_sign_in).build()?);
        let below = Url::parse(&format!("https://{HOST}/bigquery/v2")).or_permanent("no URL")?;
        Ok(Self { http, below: endpoint.of(below), endpoint, tokens })
    }

    /// Where calls go, unless a task names another host.
    pub(crate) fn address(&self) -> String {
        match self.endpoint.fixed() {
            Some(instead) => instead.to_string(),
            None => format!("https://{HOST}/"),
        }
    }

    /// Inserts the job, or finds the one that has its id already.
    pub(crate) async fn insert(
        &self,
        place: Place<'_>,
        query: &Map<String, Value>,
        key: Option<&Secret>,
    ) -> Result<Job> {
        let mut reference = json!({"projectId": place.project, "jobId": place.job_id});
        if let (Some(reference), Some(location)) = (reference.as_object_mut(), place.location) {
            reference.insert("location".to_owned(), location.into());
        }
        let body = json!({"jobReference": reference, "configuration": {"query": query}});
        let url = self.url(&["projects", place.project, "jobs"], &[])?;
        let submission = Submission::new();
        let inserted = submission.settle(|_tried| async {
            // The id makes it one job.
            let request = || Ok(self.http.post(url.clone()).json(&body)?.submitting(&submission));
            let answer = self.call(place, key, request).await?;
            answer.json().inspect_err(|_| submission.may_be_there())
        });
        match inserted.await {
            Err(error) if is_taken(&error) => self.taken(place, &error, key).await,
            inserted => inserted,
        }
    }

    /// The job whose id is taken: ours, from an earlier create of the same attempt.
    async fn taken(
        &self,
        place: Place<'_>,
        error: &ConnectorError,
        key: Option<&Secret>,
    ) -> Result<Job> {
        // The refusal names the job with its location: `Already Exists: Job project:EU.id`.
        let said = error.message().split(&format!("{}:", place.project)).nth(1);
        let told = said.and_then(|said| said.split_once('.')).map(|(location, _)| location);
        let told = told.filter(|it| it.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
        let place = Place { location: place.location.or(told), ..place };
        let url = self.url(&["projects", place.project, "jobs", place.job_id], &located(place))?;
        let until = tokio::time::Instant::now() + APPEARS_WITHIN;
        let submission = Submission::new();
        // It is there, and whoever gives up now leaves it to nobody.
        submission.may_be_there();
        submission
            .settle(|_tried| async {
                let found = self.call(place, key, || Ok(self.http.get(url.clone()))).await;
                match found {
                    Err(error) if error.kind() == ErrorKind::NotFound => {
                        Err(unseen(&error, tokio::time::Instant::now() >= until))
                    }
                    found => found?.json(),
                }
            })
            .await
    }

    pub(crate) async fn get(
        &self,
        place: Place<'_>,
        key: Option<&Secret>,
        call: &CallContext,
    ) -> Result<Job> {
        let url = self.url(&["projects", place.project, "jobs", place.job_id], &located(place))?;
        self.call(place, key, || Ok(self.http.get(url.clone()).within(call))).await?.json()
    }

    /// One page of the jobs that a script has started, the newest first.
    pub(crate) async fn children(
        &self,
        place: Place<'_>,
        (page, most): (&str, usize),
        key: Option<&Secret>,
        call: &CallContext,
    ) -> Result<Jobs> {
        let most = most.to_string();
        let mut query =
            vec![("parentJobId", place.job_id), ("projection", "full"), ("maxResults", &most)];
        if !page.is_empty() {
            query.push(("pageToken", page));
        }
        let url = self.url(&["projects", place.project, "jobs"], &query)?;
        self.call(place, key, || Ok(self.http.get(url.clone()).within(call))).await?.json()
    }

    pub(crate) async fn cancel(
        &self,
        place: Place<'_>,
        key: Option<&Secret>,
        call: &CallContext,
    ) -> Result<()> {
        let path = ["projects", place.project, "jobs", place.job_id, "cancel"];
        let url = self.url(&path, &located(place))?;
        // Cancelled twice is cancelled.
        let request = || Ok(self.http.post(url.clone()).repeatable().within(call));
        self.call(place, key, request).await?.done()
    }

    /// Makes a call with a token, and once more with another one if that was refused.
    async fn call(
        &self,
        place: Place<'_>,
        key: Option<&Secret>,
        request: impl Fn() -> Result<Request>,
    ) -> Result<Answer> {
        let mut renewed = false;
        loop {
            let token = self.tokens.token(key, HOST).await?;
            let asked = request()?
                .authorization_for(HOST, "Bearer", &token)?
                .header(HeaderName::from_static("user-agent"), place.user_agent)?
                .header(HeaderName::from_static("x-goog-api-client"), place.user_agent)?;
            match asked.send().await {
                Err(error) if error.kind() == ErrorKind::Unauthenticated && !renewed => {
                    renewed = true;
                    self.tokens.refused(key, HOST, &token).await;
                }
                answered => return answered,
            }
        }
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url> {
        let mut url = self.below.clone();
        url.path_segments_mut().map_err(|()| ConnectorError::permanent("no path"))?.extend(path);
        url.query_pairs_mut().extend_pairs(query).append_pair("prettyPrint", "false");
        Ok(url)
    }
}

/// What says which job it is, beside its id.
fn located(place: Place<'_>) -> Vec<(&'static str, &str)> {
    let location = place.location.map(|location| ("location", location));
    std::iter::once(("projection", "full")).chain(location).collect()
}

/// The job of an id that is taken is not to be seen, yet or at all.
fn unseen(error: &ConnectorError, at_all: bool) -> ConnectorError {
    let text = format!("the job's id is taken and no job has it: {error}");
    match at_all {
        true => ConnectorError::retryable(text),
        false => ConnectorError::transient(text),
    }
}

fn is_taken(error: &ConnectorError) -> bool {
    error.message().contains("409 Conflict (duplicate)")
}

/// How BigQuery says no: `{"error": {"message", "errors": [{"reason"}]}}`.
fn read_refusal(refusal: &Refusal<'_>) -> Reading {
    let text = |pointer: &str| refusal.body.pointer(pointer).and_then(Value::as_str);
    let reason = text("/error/errors/0/reason").or_else(|| text("/error/status"));
    Reading {
        code: reason.map(str::to_owned),
        message: text("/error/message").map(str::to_owned),
        kind: states::refusal(refusal.status.as_u16(), reason.unwrap_or_default()),
        ..Reading::default()
    }
}

/// How the token endpoint says no: `{"error", "error_description"}`, or as every API of Google's does.
fn read_sign_in(refusal: &Refusal<'_>) -> Reading {
    let text = |name: &str| refusal.body.get(name)?.as_str().map(str::to_owned);
    match text("error") {
        Some(code) => {
            Reading { code: Some(code), message: text("error_description"), ..Reading::default() }
        }
        None => read_refusal(refusal),
    }
}
