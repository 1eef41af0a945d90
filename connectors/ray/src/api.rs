//! Ray's Jobs API: submit, ask, stop, log.
//! The connector calls it; what a record means for a task is said in `states`.

use std::time::{Duration, Instant};

use connector_core::prelude::*;
use connector_http::{HttpClient, Method, Reach, Reading, Refusal, Request, Submission, Url};
use serde_json::{Map, Value};

use crate::code::Code;
use crate::config::Access;

/// The largest log that is read, in bytes of JSON. Ray gives a log in one piece.
const MOST_LOG: usize = 64 * 1024 * 1024;
/// How long one answer may take: a log of 30 MB took 2 s on a quiet machine.
const ATTEMPT: Duration = Duration::from_secs(30);

/// A cluster, and who calls it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) cluster: &'a Url,
    pub(crate) access: &'a Access,
}

/// What Ray keeps of a job.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    pub(crate) status: String,
    pub(crate) message: Option<String>,
    pub(crate) error_type: Option<String>,
    pub(crate) driver_exit_code: Option<i64>,
    entrypoint: Option<String>,
    /// The id that Ray itself gives, once the command has connected to the cluster.
    pub(crate) job_id: Option<String>,
    /// In milliseconds since 1970: of the submission, so that waiting counts as well.
    pub(crate) start_time: Option<u64>,
    pub(crate) end_time: Option<u64>,
}

impl Record {
    pub(crate) fn is_final(&self) -> bool {
        matches!(self.status.as_str(), "SUCCEEDED" | "FAILED" | "STOPPED")
    }

    /// What Ray writes into the log before the command's own lines.
    pub(crate) fn heading(&self, submission_id: &str) -> String {
        let entrypoint = self.entrypoint.as_deref().unwrap_or_default();
        format!("Running entrypoint for job {submission_id}: {entrypoint}\n")
    }
}

/// The log, which is one text.
#[derive(Deserialize)]
struct Log {
    logs: Option<String>,
}

/// The API.
#[derive(Debug)]
pub(crate) struct Api {
    http: HttpClient,
    /// For answers that may be large.
    logs: HttpClient,
}

impl Api {
    /// # Errors
    /// [`ErrorKind::Permanent`]: there can be no client.
    pub(crate) fn new() -> Result<Self> {
        let client = || {
            let client = HttpClient::builder("Ray").dialect(read_refusal).attempt_timeout(ATTEMPT);
            let client = client.shunning(Reach::is_guarded);
            client.user_agent(concat!("flyte-connector/", env!("CARGO_PKG_VERSION")))
        };
        let (http, logs) = (client().build()?, client().max_answer_bytes(MOST_LOG).build()?);
        Ok(Self { http, logs })
    }

    /// Brings an archive into the cluster, unless it is there; one of its name has the same content.
    ///
    /// # Errors
    /// What Ray's refusal means.
    pub(crate) async fn upload(&self, place: Place<'_>, code: &Code) -> Result<()> {
        let url = url(place.cluster, &["api", "packages", "gcs", &code.package])?;
        // The question also has Ray keep it until the job is there.
        match authorized(self.http.get(url.clone()), place)?.send().await {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(for_good(error)),
        }
        let request = self.http.request(Method::PUT, url);
        let request = request.body("application/zip", code.archive.clone()).repeatable();
        authorized(request, place)?.send().await.map(drop).map_err(for_good)
    }

    /// Submits the job, or finds the one that has its id already.
    ///
    /// # Errors
    /// What Ray's refusal means. [`ErrorKind::Permanent`]: the id is that of another command.
    pub(crate) async fn submit(
        &self,
        place: Place<'_>,
        submission_id: &str,
        body: &Map<String, Value>,
    ) -> Result<()> {
        let url = url(place.cluster, &["api", "jobs", ""])?;
        let submission = Submission::new();
        submission
            .settle(|_tried| async {
                let request = self.http.post(url.clone()).json(body)?.submitting(&submission);
                let Err(refused) = authorized(request, place)?.send().await else { return Ok(()) };
                // "Already exists" is a 500 among others: whether it is there, the record says.
                match self.record(place, submission_id, None).await {
                    Ok(record) => is_ours(&record, submission_id, body),
                    Err(_) => Err(for_good(refused)),
                }
            })
            .await
    }

    /// What Ray keeps of the job.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]: nothing.
    pub(crate) async fn record(
        &self,
        place: Place<'_>,
        submission_id: &str,
        until: Option<Instant>,
    ) -> Result<Record> {
        let url = url(place.cluster, &["api", "jobs", submission_id])?;
        authorized(within(self.http.get(url), until), place)?.send().await?.json()
    }

    /// Has Ray stop it: SIGTERM to the command and its children, SIGKILL 3 s later. Ray's answer says whether there is
    /// somebody to tell it to, not that it stops, so it is not given.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]: there is no such job.
    pub(crate) async fn stop(&self, place: Place<'_>, submission_id: &str) -> Result<()> {
        let url = url(place.cluster, &["api", "jobs", submission_id, "stop"])?;
        authorized(self.http.post(url).repeatable(), place)?.send().await?.done()
    }

    /// The whole log so far.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]: there is no such job.
    pub(crate) async fn log(
        &self,
        place: Place<'_>,
        submission_id: &str,
        until: Option<Instant>,
    ) -> Result<String> {
        let url = url(place.cluster, &["api", "jobs", submission_id, "logs"])?;
        let request = within(self.logs.get(url), until);
        let log: Log = authorized(request, place)?.send().await?.json()?;
        Ok(log.logs.unwrap_or_default())
    }
}

fn within(request: Request, until: Option<Instant>) -> Request {
    match until {
        Some(until) => request.for_at_most(until.saturating_duration_since(Instant::now())),
        None => request,
    }
}

fn authorized(request: Request, place: Place<'_>) -> Result<Request> {
    match &place.access.ray_token {
        Some(token) => request.authorization("Bearer", token),
        None => Ok(request),
    }
}

/// Whether the job that is there is this attempt's: the id comes from its key, so only its author can have made
/// another.
fn is_ours(record: &Record, submission_id: &str, body: &Map<String, Value>) -> Result<()> {
    let wanted = body.get("entrypoint").and_then(Value::as_str);
    if record.entrypoint.as_deref() == wanted {
        tracing::debug!(submission_id, status = record.status, "the job was there already");
        return Ok(());
    }
    Err(ConnectorError::permanent(format!(
        "there is a job {submission_id} in this cluster ({}), and it has another command; delete it, or run the task \
         anew",
        record.status
    )))
}

/// A token that is no good is none when Flyte calls again.
fn for_good(error: ConnectorError) -> ConnectorError {
    match error.kind() {
        ErrorKind::Unauthenticated => {
            ConnectorError::permanent(error.message().to_owned()).with_source(error)
        }
        _ => error,
    }
}

/// A URL of the cluster, which may be at home below a path.
pub(crate) fn url(cluster: &Url, path: &[&str]) -> Result<Url> {
    let mut url = cluster.clone();
    url.path_segments_mut()
        .map_err(|()| ConnectorError::permanent("the address takes no path"))?
        .pop_if_empty()
        .extend(path);
    Ok(url)
}

/// How Ray says no: in text, often with a traceback, of which the last line has the reason.
fn read_refusal(refusal: &Refusal<'_>) -> Reading {
    let mut lines = refusal.text.lines().map(str::trim);
    let said = lines.rfind(|line| line.len() > 1).unwrap_or_default();
    // What the head node passes on to the node that takes jobs, and the answer of that one.
    let refused_inside = refusal.text.contains("Request failed with status code 400");
    let kind = match refusal.status.as_u16() {
        400 | 422 => Some(ErrorKind::InvalidTask),
        500 if refused_inside => Some(ErrorKind::InvalidTask),
        403 => Some(ErrorKind::Unauthenticated),
        _ => None,
    };
    Reading { message: Some(said.to_owned()), kind, ..Reading::default() }
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;
    use connector_http::Url;
    use serde_json::json;

    use super::{Record, is_ours, url};

    #[test]
    fn a_cluster_below_a_path_keeps_it() {
        for (address, there) in [
            ("http://ray:8265", "http://ray:8265/api/jobs/a%2Fb"),
            ("https://a.example/one/", "https://a.example/one/api/jobs/a%2Fb"),
        ] {
            let cluster = Url::parse(address).unwrap();
            assert_eq!(url(&cluster, &["api", "jobs", "a/b"]).unwrap().as_str(), there);
        }
    }

    #[test]
    fn only_a_job_with_this_command_is_taken_over() {
        let serde_json::Value::Object(body) = json!({"entrypoint": "a"}) else { panic!() };
        let record = |entrypoint: &str| -> Record {
            serde_json::from_value(json!({"status": "RUNNING", "entrypoint": entrypoint})).unwrap()
        };
        is_ours(&record("a"), "flyte-1", &body).unwrap();
        let error = is_ours(&record("b"), "flyte-1", &body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Permanent);
        assert!(error.message().contains("flyte-1 in this cluster (RUNNING)"), "{error}");
    }
}
