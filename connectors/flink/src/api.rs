//! The REST API of a Flink session, as far as a job needs it. The connector calls it; what an answer means for a
//! task is not decided here.

use std::path::Path;
use std::time::Duration;

use connector_core::prelude::*;
use connector_http::{BaseUrl, HttpClient, Method, Reach, Reading, Refusal, Request, Submission};
use serde_json::{Map, Value};

use crate::states::{Checkpoints, Exceptions, Job, Parts, root_cause};

/// How long running a jar may take: its `main` runs before Flink answers.
const RUN_FOR: Duration = Duration::from_secs(120);
/// The largest jar, in bytes: it is sent from memory.
const MOST_JAR: u64 = 256 * 1024 * 1024;
/// The largest log of a machine that is read, in bytes. Flink gives it in one piece.
const MOST_LOG: usize = 64 * 1024 * 1024;
/// What is between the parts of an upload, in no jar by chance.
const BOUNDARY: &str = "flyte-3f9ac1e07d5b4826aa51c90e7b64d2f8";
const UPLOAD: &str = "multipart/form-data; boundary=flyte-3f9ac1e07d5b4826aa51c90e7b64d2f8";

/// A session, and who calls it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) base: &'a BaseUrl,
    pub(crate) job_id: &'a str,
    pub(crate) token: Option<&'a Secret>,
}

#[derive(Deserialize)]
struct Status {
    status: String,
}

/// What Flink calls an operation that goes on beside a job.
#[derive(Deserialize)]
struct Operation {
    status: Step,
    #[serde(default)]
    operation: Option<Outcome>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Outcome {
    failure_cause: Option<Cause>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Cause {
    stack_trace: String,
}

#[derive(Deserialize)]
struct Step {
    id: String,
}

/// How far a stop with a savepoint is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Nobody has asked for one.
    Unknown,
    Goes,
    /// The savepoint is written, and the job ends.
    Saved,
    /// There is no savepoint, and the job goes on; with what Flink says. It calls that completed as well.
    Failed(String),
}

#[derive(Deserialize)]
struct Uploaded {
    filename: String,
}

/// The API.
#[derive(Debug)]
pub(crate) struct Api {
    http: HttpClient,
    runs: HttpClient,
    /// For answers that may be large.
    logs: HttpClient,
}

impl Api {
    /// # Errors
    /// [`ErrorKind::Permanent`]: there can be no client.
    pub(crate) fn new() -> Result<Self> {
        let flink = || {
            let http = HttpClient::builder("Flink").dialect(read_refusal);
            let http = http.shunning(Reach::is_guarded);
            http.user_agent(concat!("flyte-connector/", env!("CARGO_PKG_VERSION")))
        };
        let patient = || flink().attempt_timeout(RUN_FOR);
        let logs = patient().max_answer_bytes(MOST_LOG).build()?;
        Ok(Self { http: flink().build()?, runs: patient().build()?, logs })
    }

    /// Uploads a jar, and gives the id that it has in the session.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: the file is not there or too large.
    pub(crate) async fn upload(&self, place: Place<'_>, file: &Path) -> Result<String> {
        let what = "`custom.jar` cannot be read from the operator's folder";
        let size = tokio::fs::metadata(file).await.or_invalid_task(what)?.len();
        if size > MOST_JAR {
            return Err(ConnectorError::invalid_task(format!(
                "`custom.jar` has {size} bytes, and a jar of more than {MOST_JAR} is not uploaded from here: \
                 upload it once, and give its `jar_id`"
            )));
        }
        let jar = tokio::fs::read(file).await.or_invalid_task(what)?;
        let mut body = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"jarfile\"; filename=\"{}.jar\"\r\n\
             Content-Type: application/x-java-archive\r\n\r\n",
            place.job_id
        )
        .into_bytes();
        body.extend_from_slice(&jar);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let request = self.runs.post(place.base.url(&["jars", "upload"])).body(UPLOAD, body);
        // Uploaded twice it is there twice, and the first one in nobody's way.
        let uploaded: Uploaded =
            by(place, request.repeatable().attempts(3))?.send().await?.json()?;
        let id = uploaded.filename.rsplit('/').next().unwrap_or_default();
        Ok(id.to_owned())
    }

    /// Deletes a jar that was uploaded for a job; the job keeps what it needs of it.
    pub(crate) async fn forget(&self, place: Place<'_>, jar: &str) {
        let request = self.http.request(Method::DELETE, place.base.url(&["jars", jar]));
        let deleted = match by(place, request.repeatable().attempts(3)) {
            Ok(request) => request.send().await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = deleted {
            tracing::warn!(jar, "a jar is left in the session: {error}");
        }
    }

    /// Runs a jar as that job. Whoever calls looks at what has become of it: Flink refuses jobs that it began.
    ///
    /// # Errors
    /// What Flink's refusal means.
    pub(crate) async fn run(
        &self,
        place: Place<'_>,
        jar: &str,
        body: &Map<String, Value>,
    ) -> Result<()> {
        let url = place.base.url(&["jars", jar, "run"]);
        let submission = Submission::new();
        let ran = submission.settle(|_tried| async {
            // The job's id makes it one job.
            let request = self.runs.post(url.clone()).json(body)?.submitting(&submission);
            by(place, request)?.send().await?.done()
        });
        ran.await
    }

    /// The job's state, which is known before its details are.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]: there is no such job.
    pub(crate) async fn state(&self, place: Place<'_>, call: &CallContext) -> Result<String> {
        let request = self.http.get(place.base.url(&["jobs", place.job_id, "status"])).within(call);
        by(place, request)?.send().await?.json().map(|Status { status }| status)
    }

    /// The same, for a create, which goes on until that is known. `None` if there is no such job.
    pub(crate) async fn found(&self, place: Place<'_>) -> Result<Option<String>> {
        let url = place.base.url(&["jobs", place.job_id, "status"]);
        let request = self.http.get(url).attempts(8).for_at_most(RUN_FOR);
        match by(place, request)?.send().await {
            Ok(answer) => answer.json().map(|Status { status }| Some(status)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn job(&self, place: Place<'_>, call: &CallContext) -> Result<Job> {
        let request = self.http.get(place.base.url(&["jobs", place.job_id])).within(call);
        by(place, request)?.send().await?.json()
    }

    pub(crate) async fn exceptions(
        &self,
        place: Place<'_>,
        call: &CallContext,
    ) -> Result<Exceptions> {
        let url = place.base.url(&["jobs", place.job_id, "exceptions"]);
        by(place, self.http.get(url).within(call))?.send().await?.json()
    }

    /// Asks for the end of the job; Flink takes that of a job that has ended as well.
    pub(crate) async fn cancel(&self, place: Place<'_>) -> Result<()> {
        let mut url = place.base.url(&["jobs", place.job_id]);
        url.query_pairs_mut().append_pair("mode", "cancel");
        let request = self.http.request(Method::PATCH, url).repeatable().attempts(3);
        by(place, request.for_at_most(RUN_FOR))?.send().await?.done()
    }

    /// Asks for a savepoint in that folder, behind which the job ends. Asked again it is the same one, because the
    /// operation has the job's id.
    pub(crate) async fn stop(&self, place: Place<'_>, folder: &str) -> Result<()> {
        let url = place.base.url(&["jobs", place.job_id, "stop"]);
        let body = serde_json::json!({"targetDirectory": folder, "triggerId": place.job_id});
        let request = self.http.post(url).json(&body)?.repeatable().attempts(3);
        by(place, request.for_at_most(RUN_FOR))?.send().await?.done()
    }

    /// How far that stop is.
    pub(crate) async fn stopped(&self, place: Place<'_>, call: &CallContext) -> Result<Stop> {
        let url = place.base.url(&["jobs", place.job_id, "savepoints", place.job_id]);
        let answer = match by(place, self.http.get(url).within(call))?.send().await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Stop::Unknown),
            answer => answer?,
        };
        let Operation { status, operation } = answer.json()?;
        let cause = operation.unwrap_or_default().failure_cause;
        Ok(match (status.id.as_str(), cause) {
            ("COMPLETED", None) => Stop::Saved,
            ("COMPLETED", Some(cause)) => {
                Stop::Failed(root_cause(&cause.stack_trace).unwrap_or_default())
            }
            _ => Stop::Goes,
        })
    }

    /// The newest checkpoints of the job.
    pub(crate) async fn checkpoints(
        &self,
        place: Place<'_>,
        call: &CallContext,
    ) -> Result<Checkpoints> {
        let url = place.base.url(&["jobs", place.job_id, "checkpoints"]);
        by(place, self.http.get(url).within(call))?.send().await?.json()
    }

    /// The task managers that the parts of that operator are, or were, on.
    pub(crate) async fn machines(
        &self,
        place: Place<'_>,
        operator: &str,
        call: &CallContext,
    ) -> Result<Vec<String>> {
        let url = place.base.url(&["jobs", place.job_id, "vertices", operator]);
        let parts: Parts = by(place, self.http.get(url).within(call))?.send().await?.json()?;
        Ok(parts.machines())
    }

    /// The whole log so far of a task manager, or of the job manager.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]: the machine is gone, or writes none.
    pub(crate) async fn log(
        &self,
        place: Place<'_>,
        task_manager: Option<&str>,
        call: &CallContext,
    ) -> Result<String> {
        let url = match task_manager {
            Some(id) => place.base.url(&["taskmanagers", id, "log"]),
            None => place.base.url(&["jobmanager", "log"]),
        };
        let answer = by(place, self.logs.get(url).within(call))?.send().await?;
        Ok(String::from_utf8_lossy(answer.body()).into_owned())
    }
}

fn by(place: Place<'_>, request: Request) -> Result<Request> {
    match place.token {
        Some(token) => request.authorization("Bearer", token),
        None => Ok(request),
    }
}

/// How Flink says no: `{"errors": [text, …]}`, where a text is a trace of Java's.
fn read_refusal(refusal: &Refusal<'_>) -> Reading {
    let errors = refusal.body["errors"].as_array().into_iter().flatten();
    let texts: Vec<&str> = errors.filter_map(Value::as_str).collect();
    let has = |part: &str| texts.iter().any(|text| text.contains(part));
    let kind = if has("FlinkJobNotFoundException") {
        // A state is asked for with 500, everything else with 404.
        Some(ErrorKind::NotFound)
    } else if has("ProgramInvocationException: The program's entry point class")
        || has("NoSuchFileException")
        || has(".jar does not exist")
    {
        Some(ErrorKind::InvalidTask)
    } else {
        None
    };
    let message = texts.last().and_then(|text| root_cause(text));
    Reading { message, kind, ..Reading::default() }
}

/// Whether a job of that id was there before.
pub(crate) fn is_duplicate(error: &ConnectorError) -> bool {
    let text = error.message();
    text.contains("DuplicateApplicationSubmissionException")
        || text.contains("DuplicateJobSubmissionException")
}
