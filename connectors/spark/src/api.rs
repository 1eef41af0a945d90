//! The REST submission server of a standalone master: submit, ask, kill. The connector calls it; what a state means
//! for a task is said in `states`.

use std::time::Duration;

use connector_core::prelude::*;
use connector_http::{
    BaseUrl, HeaderName, HttpClient, Reach, Reading, Refusal, Request, Submission,
};
use serde_json::{Value, json};

use crate::states::{Status, head};

/// How long a kill is tried, whoever waits.
const KILL_FOR: Duration = Duration::from_secs(20);

/// A master, and who calls it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Master<'a> {
    pub(crate) base: &'a BaseUrl,
    pub(crate) token: Option<&'a Secret>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Submitted {
    success: bool,
    submission_id: Option<String>,
    message: Option<String>,
}

/// The API.
#[derive(Debug)]
pub(crate) struct Api {
    http: HttpClient,
}

impl Api {
    /// # Errors
    /// [`ErrorKind::Permanent`]: there can be no client.
    pub(crate) fn new() -> Result<Self> {
        let http = HttpClient::builder("Spark").dialect(read_refusal).shunning(Reach::is_guarded);
        let http = http.user_agent(concat!("flyte-connector/", env!("CARGO_PKG_VERSION")));
        Ok(Self { http: http.build()? })
    }

    /// Submits a driver, once, and gives the id that the master has chosen for it.
    ///
    /// # Errors
    /// What the master's refusal means; [`ErrorKind::Transient`] also if it is not at work yet.
    pub(crate) async fn submit(
        &self,
        master: Master<'_>,
        body: &Value,
        submission: &Submission,
    ) -> Result<String> {
        let url = master.base.url(&["v1", "submissions", "create"]);
        let request = self.http.post(url).json(body)?.submitting(submission);
        let told: Submitted = by(master, request)?.send().await?.json()?;
        let said = told.message.unwrap_or_default();
        match told.submission_id {
            Some(id) if told.success => Ok(id),
            // Standby, or reading what the one before it has left: it has not taken the driver.
            _ => Err(ConnectorError::transient(format!(
                "Spark has not taken the driver: {}",
                head(&said)
            ))),
        }
    }

    /// What the master says of a driver.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`]: it knows no such driver. [`ErrorKind::Transient`]: it is not at work yet.
    pub(crate) async fn status(
        &self,
        master: Master<'_>,
        id: &str,
        call: &CallContext,
    ) -> Result<Status> {
        let url = master.base.url(&["v1", "submissions", "status", id]);
        let status: Status = by(master, self.http.get(url).within(call))?.send().await?.json()?;
        match (&status.driver_state, &status.message) {
            (Some(_), _) => Ok(status),
            (None, Some(said)) => {
                Err(ConnectorError::transient(format!("Spark does not say yet: {}", head(said))))
            }
            (None, None) => {
                let text = format!("the master of Spark knows no driver {id}");
                Err(ConnectorError::new(ErrorKind::NotFound, text))
            }
        }
    }

    /// Has the master kill a driver. That of one that has ended, or that it does not know, is taken, too.
    ///
    /// # Errors
    /// What the master's refusal means.
    pub(crate) async fn kill(&self, master: Master<'_>, id: &str) -> Result<()> {
        let url = master.base.url(&["v1", "submissions", "kill", id]);
        let request = self.http.post(url).json(&json!({}))?.repeatable().attempts(3);
        let told: Submitted = by(master, request.for_at_most(KILL_FOR))?.send().await?.json()?;
        let said = told.message.unwrap_or_default();
        match told.success || said.contains("already finished or does not exist") {
            true => Ok(()),
            false => Err(ConnectorError::transient(format!(
                "Spark has not taken the kill: {}",
                head(&said)
            ))),
        }
    }
}

fn by(master: Master<'_>, request: Request) -> Result<Request> {
    // Who is not asked for JSON writes refusals as pages, as a proxy does.
    let request = request.header(HeaderName::from_static("accept"), "application/json")?;
    match master.token {
        Some(token) => request.authorization("Bearer", token),
        None => Ok(request),
    }
}

/// How the submission server says no: `{"action": "ErrorResponse", "message"}`, with Java's frames behind it.
fn read_refusal(refusal: &Refusal<'_>) -> Reading {
    let message = refusal.body["message"].as_str().map(head);
    let kind = match refusal.status.as_u16() {
        400 => Some(ErrorKind::InvalidTask),
        // A filter in front of it: no token, or one that is none.
        403 => Some(ErrorKind::Unauthenticated),
        _ => None,
    };
    Reading { message, kind, ..Reading::default() }
}
