//! slurmrestd's API, version v0.0.38, as far as a job needs it. The connector calls it; what an answer means for a task
//! is not decided here.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use connector_core::prelude::*;
use connector_http::{
    BaseUrl, HeaderName, HttpClient, Method, Reach, Reading, Refusal, Request, Submission, Url,
};
use serde_json::{Value, json};

use super::credentials::Token;
use super::jobs::{Jobs, Record, first};
use crate::cluster::unknown;

/// The version of the API that is spoken: the newest of Slurm 22.05.
const VERSION: &str = "v0.0.38";
const USER: HeaderName = HeaderName::from_static("x-slurm-user-name");
const TOKEN: HeaderName = HeaderName::from_static("x-slurm-user-token");
/// The daemon cannot be asked for one name, so it lists all jobs that the controller knows: 3 kB each.
const MOST_JOBS: usize = 256 * 1024 * 1024;
/// Where the controller does not answer, the daemon says so after 9 to 18 s (22.05.8).
const ATTEMPT: Duration = Duration::from_secs(30);
const LIST: Duration = Duration::from_secs(120);
/// A refusal that comes sooner comes from the controller, which has been reached then.
const AT_ONCE: Duration = Duration::from_secs(3);

/// "Invalid job id specified".
const NO_SUCH_JOB: i64 = 2017;
/// "Requested node configuration is not available": the daemon gives no id, and the controller keeps the job as FAILED.
const NO_SUCH_NODE: i64 = 2014;
/// "Failure during parsing": of any field, with no word of which.
const UNREAD: i64 = 9001;
/// "Unspecified error": of a token that is not taken, and of a controller that does not answer.
const UNSPECIFIED: i64 = -1;
/// "Unable to contact slurm controller (connect failure)".
const UNREACHED: i64 = 1800;
/// "Zero Bytes were transmitted or received": how a submission is told that a token is not taken.
const CLOSED: i64 = 5005;

/// A daemon, and who calls it.
pub(crate) struct Place<'a> {
    pub(crate) base: &'a BaseUrl,
    pub(crate) token: Token<'a>,
}

impl Place<'_> {
    fn url(&self, path: &[&str]) -> Url {
        self.base.url(&[&["slurm", VERSION], path].concat())
    }

    fn signed(&self, request: Request) -> Result<Request> {
        let Token { text, user } = &self.token;
        request.hiding(text).header(USER, user)?.header(TOKEN, text)
    }
}

/// The API.
#[derive(Debug)]
pub(crate) struct Api {
    http: HttpClient,
    /// For the list of all jobs.
    lists: HttpClient,
}

#[derive(Deserialize)]
struct Submitted {
    job_id: Option<u64>,
}

impl Api {
    /// # Errors
    /// [`ErrorKind::Permanent`]: there can be no client.
    pub(crate) fn new() -> Result<Self> {
        let client = || {
            let client = HttpClient::builder("slurmrestd").dialect(read_refusal);
            let client = client.shunning(Reach::is_guarded);
            client.user_agent(concat!("flyte-connector/", env!("CARGO_PKG_VERSION")))
        };
        let lists = client().max_answer_bytes(MOST_JOBS).attempt_timeout(LIST).build()?;
        Ok(Self { http: client().attempt_timeout(ATTEMPT).build()?, lists })
    }

    /// Submits the job, unless the user has one of that name, and gives its id. Slurm takes a name twice, so the job is
    /// looked for before each attempt.
    ///
    /// # Errors
    /// What Slurm's refusal means. [`ErrorKind::Unauthenticated`]: it seems not to take the token.
    pub(crate) async fn submit(
        &self,
        place: &Place<'_>,
        name: &str,
        (script, job): (&str, &Value),
        waits_for: &BTreeSet<&str>,
    ) -> Result<u64> {
        let submission = Submission::new();
        let body = json!({"script": script, "job": job});
        let refused_at_once = AtomicBool::new(false);
        let submitted = submission.settle(|_tried| async {
            let began = Instant::now();
            let looked = self.find(place, name).await;
            let at_once = looked.as_ref().is_err_and(is_vague) && began.elapsed() < AT_ONCE;
            refused_at_once.store(at_once, Ordering::Relaxed);
            if let Some(job_id) = looked? {
                return Ok(job_id);
            }
            self.knows(place, waits_for).await?;
            let request = self.http.post(place.url(&["job", "submit"])).json(&body)?;
            let answer = place.signed(request.submitting(&submission))?.send().await;
            if answer.as_ref().is_err_and(may_be_taken) {
                submission.may_be_there();
            }
            let answer = answer?;
            // With an id it is accepted, whatever stands in `errors` beside it, such as that it has to wait.
            let Submitted { job_id } = answer.json()?;
            job_id.ok_or_else(|| {
                submission.may_be_there();
                ConnectorError::transient("slurmrestd does not say the id of the job")
            })
        });
        submitted.await.map_err(|error| {
            match refused_at_once.into_inner() && matches!(error.kind(), ErrorKind::Transient { .. }) {
                true => ConnectorError::unauthenticated(format!(
                    "{error}. It said so at once, and again and again, which it does of a token that Slurm does not \
                     take: made with another key, or cut off"
                ))
                .with_source(error),
                false => error,
            }
        })
    }

    /// The job of that name, of this user: the oldest that was not cancelled.
    async fn find(&self, place: &Place<'_>, name: &str) -> Result<Option<u64>> {
        let request = self.lists.get(place.url(&["jobs"]));
        let Jobs { jobs } = place.signed(request)?.send().await?.json()?;
        Ok(first(&jobs, name, &place.token.user))
    }

    /// Makes sure that the controller knows the jobs that one is to wait for: what it does not know it leaves out.
    async fn knows(&self, place: &Place<'_>, ids: &BTreeSet<&str>) -> Result<()> {
        for id in ids {
            self.job(place, id, None).await.map_err(|error| match error.kind() {
                ErrorKind::NotFound => unknown(id, &place.base.authority()),
                _ => error,
            })?;
        }
        Ok(())
    }

    /// What Slurm keeps of the job: one record, or several of an array.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]: it keeps nothing.
    pub(crate) async fn job(
        &self,
        place: &Place<'_>,
        id: &str,
        call: Option<&CallContext>,
    ) -> Result<Vec<Record>> {
        let request = self.http.get(place.url(&["job", id])).within_any(call);
        let answer = place.signed(request)?.send().await?;
        answer.json().map(|Jobs { jobs }| jobs)
    }

    /// Ends the job: SIGKILL for what runs. One that has ended is as good, and so is one that nobody knows.
    ///
    /// # Errors
    /// What Slurm's refusal means.
    pub(crate) async fn cancel(
        &self,
        place: &Place<'_>,
        id: &str,
        call: &CallContext,
    ) -> Result<()> {
        let request = self.http.request(Method::DELETE, place.url(&["job", id])).repeatable();
        match place.signed(request.within(call))?.send().await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            answered => answered?.done(),
        }
    }
}

/// How slurmrestd says no: `{"errors": [{"error_number" or "error_code" or "errno", "error", "description"}]}`. Nearly
/// everything is a 500.
fn read_refusal(refusal: &Refusal<'_>) -> Reading {
    let errors = refusal.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let number = |error: &Value| {
        ["error_number", "error_code", "errno"].iter().find_map(|name| error[*name].as_i64())
    };
    let text = |error: &Value| {
        let [what, why] = ["description", "error"].map(|name| error[name].as_str());
        Some([what, why].into_iter().flatten().collect::<Vec<_>>().join(": "))
            .filter(|text| !text.is_empty())
    };
    // The first says most, the last is the number of the whole.
    let code = errors.iter().find_map(number);
    let kind = match code {
        Some(NO_SUCH_JOB) => Some(ErrorKind::NotFound),
        Some(2002) => Some(ErrorKind::Permanent),
        Some(2000..=2999) => Some(ErrorKind::InvalidTask),
        _ if refusal.status == 400 => Some(ErrorKind::InvalidTask),
        _ => None,
    };
    let mut message = errors.iter().filter_map(text).collect::<Vec<_>>().join("; ");
    if let Some(UNSPECIFIED | CLOSED) = code {
        message.push_str(
            " (it says this of a controller that does not answer, and of a token that Slurm does not take)",
        );
    }
    if code == Some(UNREAD) {
        message.push_str(
            " (it says this of any setting whose value it does not take, such as a `gres` that the cluster does not have)",
        );
    }
    let message = Some(message).filter(|text| !text.is_empty());
    Reading { code: code.map(|code| code.to_string()), message, kind, ..Reading::default() }
}

/// Whether the controller may have taken what it was sent.
fn may_be_taken(error: &ConnectorError) -> bool {
    let is_unreached = error.message().contains(&format!(" ({UNREACHED})"));
    matches!(error.kind(), ErrorKind::Transient { .. }) && !is_unreached
}

/// Whether it says that no node has what a job asks for.
pub(crate) fn has_no_such_node(error: &ConnectorError) -> bool {
    error.message().contains(&format!(" ({NO_SUCH_NODE})"))
}

/// Whether it may mean that the token is not taken.
fn is_vague(error: &ConnectorError) -> bool {
    let said = [UNSPECIFIED, CLOSED].map(|code| format!(" ({code})"));
    said.iter().any(|said| error.message().contains(said))
}
