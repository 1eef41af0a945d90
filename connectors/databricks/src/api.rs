//! Databricks' Jobs API, as far as a run needs it: submit, get, output, cancel.
//! The connector calls it; what an answer means for a task is not decided here.

use connector_core::prelude::*;
use connector_http::{Answer, Endpoint, HttpClient, Reading, Refusal, Request, Submission, Url};
use serde_json::{Map, Value, json};

use crate::credentials::{Access, Bearer, Tokens};
use crate::run::{Output, Run};
use crate::states;
use crate::workspace::Workspace;

/// So many pages of tasks are read of one run: ten times as many as a run may have.
const MOST_PAGES: usize = 100;

/// The version of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// What the official connector speaks.
    V2_1,
    V2_2,
}

impl Version {
    /// Reads the operator's setting `api_version`: `2.1` (the default) or `2.2`.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: it says something else.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self> {
        match settings.get("api_version") {
            None | Some("2.1") => Ok(Self::V2_1),
            Some("2.2") => Ok(Self::V2_2),
            Some(other) => Err(ConnectorError::permanent(format!(
                "the setting `api_version` is `2.1` or `2.2`, not {other:?}"
            ))),
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::V2_1 => "2.1",
            Self::V2_2 => "2.2",
        }
    }
}

/// A run, and who asks about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) run_id: &'a str,
    pub(crate) access: &'a Access,
}

#[derive(Deserialize)]
struct Submitted {
    run_id: Value,
}

/// The API.
#[derive(Debug)]
pub(crate) struct Api {
    http: HttpClient,
    endpoint: Endpoint,
    version: Version,
    tokens: Tokens,
}

impl Api {
    /// # Errors
    /// [`ErrorKind::Permanent`]: there can be no client, or a setting cannot be read.
    pub(crate) fn at(endpoint: Endpoint, settings: &Settings) -> Result<Self> {
        let http = HttpClient::builder("Databricks").dialect(read_refusal);
        let http =
            http.user_agent(concat!("flyte-connector/", env!("CARGO_PKG_VERSION"))).build()?;
        let tokens = Tokens::new(endpoint.clone(), settings)?;
        Ok(Self { http, endpoint, version: Version::from_settings(settings)?, tokens })
    }

    /// Where calls go that are meant for that workspace, if it is known which.
    pub(crate) fn address(&self, workspace: Option<&Workspace>) -> Option<String> {
        let named = workspace.and_then(|workspace| workspace.url(&[]).ok());
        self.endpoint.fixed().cloned().or(named).map(|url| url.to_string())
    }

    /// Submits a run, or finds the one that has its idempotency token already.
    pub(crate) async fn submit(
        &self,
        workspace: &Workspace,
        body: &Map<String, Value>,
        access: &Access,
    ) -> Result<String> {
        let url = self.url(workspace, "submit")?;
        let submission = Submission::new();
        let submitted = submission.settle(|_tried| async {
            // The token makes it one run.
            let request = || Ok(self.http.post(url.clone()).json(body)?.submitting(&submission));
            let answer = self.call(workspace, access, request).await?;
            let run_id = answer.json().ok().and_then(|Submitted { run_id }| id(&run_id));
            run_id.ok_or_else(|| {
                submission.may_be_there();
                ConnectorError::transient("Databricks' answer to a submission has no `run_id`")
            })
        });
        submitted.await
    }

    /// The run, with the first hundred of its tasks where it has more.
    pub(crate) async fn get(&self, place: Place<'_>, call: &CallContext) -> Result<Run> {
        self.page(place, None, call).await
    }

    /// Reads on until the run has all of its tasks.
    pub(crate) async fn all_tasks(
        &self,
        mut run: Run,
        place: Place<'_>,
        call: &CallContext,
    ) -> Result<Run> {
        for _ in 0..MOST_PAGES {
            let Some(token) = run.next_page() else { break };
            let page = self.page(place, Some(token), call).await?;
            run.add(page);
        }
        Ok(run)
    }

    async fn page(&self, place: Place<'_>, token: Option<&str>, call: &CallContext) -> Result<Run> {
        let mut url = self.about(place, "get")?;
        if let Some(token) = token {
            url.query_pairs_mut().append_pair("page_token", token);
        }
        let request = || Ok(self.http.get(url.clone()).within(call));
        self.call(place.workspace, place.access, request).await?.json()
    }

    /// What a run of one task left behind.
    pub(crate) async fn output(&self, place: Place<'_>, call: &CallContext) -> Result<Output> {
        let url = self.about(place, "get-output")?;
        let request = || Ok(self.http.get(url.clone()).attempts(2).within(call));
        self.call(place.workspace, place.access, request).await?.json()
    }

    pub(crate) async fn cancel(&self, place: Place<'_>, call: &CallContext) -> Result<()> {
        let url = self.url(place.workspace, "cancel")?;
        let body = json!({"run_id": place.run_id});
        // Cancelled twice is cancelled.
        let request = || Ok(self.http.post(url.clone()).json(&body)?.repeatable().within(call));
        self.call(place.workspace, place.access, request).await?.done()
    }

    /// Makes a call with a token, and once more with another one if that was refused.
    async fn call(
        &self,
        workspace: &Workspace,
        access: &Access,
        request: impl Fn() -> Result<Request>,
    ) -> Result<Answer> {
        let mut refused: Option<Bearer> = None;
        loop {
            let bearer = self.tokens.bearer(access, workspace, refused.as_ref()).await?;
            match bearer.of(request()?, workspace)?.send().await {
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

    fn url(&self, workspace: &Workspace, call: &str) -> Result<Url> {
        workspace
            .url(&["api", self.version.as_str(), "jobs", "runs", call])
            .map(|url| self.endpoint.of(url))
    }

    fn about(&self, place: Place<'_>, call: &str) -> Result<Url> {
        let mut url = self.url(place.workspace, call)?;
        url.query_pairs_mut().append_pair("run_id", place.run_id);
        Ok(url)
    }
}

/// An id as text: Databricks' are numbers, and longer than others' languages can hold.
pub(crate) fn id(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

/// How Databricks says no: `{"error_code", "message"}`, where the code may be a number.
fn read_refusal(refusal: &Refusal<'_>) -> Reading {
    let code = refusal.body.get("error_code").or_else(|| refusal.body.get("error")).and_then(id);
    let message = refusal.body.get("message").and_then(Value::as_str);
    let kind = states::refusal(
        refusal.status.as_u16(),
        code.as_deref().unwrap_or_default(),
        message.unwrap_or_default(),
    );
    Reading { code, message: message.map(str::to_owned), kind, ..Reading::default() }
}
