//! The calls of a query's life in Snowflake's session protocol: submit, look, cancel.
//! The connector makes them; what a status means for a task is not decided here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connector_core::prelude::*;
use connector_http::{
    Endpoint, HeaderName, HttpClient, Reading, Refusal, Request, Submission, Tried,
};
use serde_json::{Map, Value, json};

use crate::envelope::Envelope;
use crate::session::{Seat, Sessions, Tokens, USER_AGENT, asking, random_uuid};
use crate::states::{Standing, goes_on};

/// How long the history of queries is asked for an earlier one.
const LOOK_FOR: Duration = Duration::from_secs(60);
/// The code of a query that goes on by itself, which is what was asked for.
const GOES_ON: [&str; 2] = ["333333", "333334"];

/// The history has the queries of seven days, running ones too.
const OF_TAG: &str = "SELECT query_id, error_code FROM TABLE(information_schema.query_history_by_user(\
                      result_limit => 10000)) WHERE query_tag = ? ORDER BY start_time";
/// The error of a query that somebody has cancelled: 000604, which the history has as a number.
const CANCELLED: &str = "604";
const JSON: &str = "application/json";

/// What is submitted.
#[derive(Debug)]
pub(crate) struct Statement {
    /// The same whenever the same attempt is submitted again.
    pub(crate) request_id: String,
    pub(crate) sql: String,
    /// By number, from 1; empty if the statement has no placeholders.
    pub(crate) bindings: Map<String, Value>,
    /// Parameters for this statement alone.
    pub(crate) parameters: Map<String, Value>,
}

impl Statement {
    /// The tag by which its query is found again; the attempt's own.
    pub(crate) fn tag(&self) -> Option<&str> {
        self.parameters.get("QUERY_TAG").and_then(Value::as_str)
    }
}

/// What the attempts of one submission share.
#[derive(Debug)]
struct First {
    started: String,
    number: OnceLock<u64>,
    /// The session that the last of them was made in.
    login: AtomicU64,
}

/// The API.
#[derive(Debug)]
pub(crate) struct Api {
    http: HttpClient,
    sessions: Sessions,
}

impl Api {
    /// # Errors
    /// [`ErrorKind::Permanent`]: there can be no client.
    pub(crate) fn at(endpoint: Endpoint) -> Result<Self> {
        let http = HttpClient::builder("Snowflake")
            .user_agent(USER_AGENT)
            .dialect(read_refusal)
            .build()?;
        Ok(Self { http, sessions: Sessions::new(endpoint)? })
    }

    /// Where all calls go, if the operator set that.
    pub(crate) fn address(&self) -> Option<String> {
        self.sessions.address()
    }

    /// Submits a statement and tells the id of its query. What may have arrived is submitted again under
    /// the same request id, of which Snowflake makes one query in a session. If that session is gone
    /// meanwhile, the history of queries is asked first.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: Snowflake refuses the statement.
    pub(crate) async fn submit(&self, seat: Seat<'_>, what: &Statement) -> Result<String> {
        let submission = Submission::new();
        let (number, login) = (OnceLock::new(), AtomicU64::new(0));
        let first = &First { started: now_millis(), number, login };
        submission.settle(|tried| self.submit_once(seat, what, (&submission, tried), first)).await
    }

    async fn submit_once(
        &self,
        seat: Seat<'_>,
        what: &Statement,
        (submission, tried): (&Submission, Tried),
        first: &First,
    ) -> Result<String> {
        let login = self.sessions.tokens(seat).await?.login;
        if tried.in_doubt
            && first.login.load(Ordering::Relaxed) != login
            && let Some(tag) = what.tag()
            && let Some(query_id) = self.tagged(seat, tag).await?
        {
            return Ok(query_id);
        }
        first.login.store(login, Ordering::Relaxed);
        let mut query = vec![("requestId", what.request_id.clone())];
        if tried.times > 0 {
            query.push(("clientStartTime", first.started.clone()));
            query.push(("retryCount", tried.times.to_string()));
            query.push(("retryReason", tried.status.to_string()));
        }
        let query: Vec<(&str, &str)> =
            query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let url = self.sessions.url(seat.place, "/queries/v1/query-request", &query)?;
        let envelope = self
            .call(seat, |tokens| {
                if tried.in_doubt && tokens.login != login {
                    return Err(ConnectorError::transient("the session is another one now"));
                }
                let mut body = json!({
                    "sqlText": what.sql, "asyncExec": true,
                    // What is repeated keeps its number.
                    "sequenceId": first.number.get_or_init(|| tokens.next()),
                    "querySubmissionTime": now_millis().parse::<u64>().unwrap_or_default(),
                    "parameters": what.parameters,
                });
                if let Some(body) = body.as_object_mut().filter(|_| !what.bindings.is_empty()) {
                    body.insert("bindings".to_owned(), what.bindings.clone().into());
                }
                let request = self.http.post(url.clone()).json(&body)?;
                asking(request.submitting(submission), "application/snowflake")
            })
            .await?;
        if envelope.success || GOES_ON.contains(&envelope.code.as_str()) {
            return query_id(&envelope).inspect_err(|_| submission.may_be_there());
        }
        Err(ConnectorError::permanent(format!(
            "Snowflake refuses the statement: {}",
            envelope.told()
        )))
    }

    /// The oldest query of the last days that has this tag, of this user, and that nobody has cancelled;
    /// `None` if there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Transient`]: it could not be learnt, which the caller can repeat.
    pub(crate) async fn tagged(&self, seat: Seat<'_>, tag: &str) -> Result<Option<String>> {
        let request_id = random_uuid();
        let query = [("requestId", request_id.as_str())];
        let url = self.sessions.url(seat.place, "/queries/v1/query-request", &query)?;
        let asked = self.call(seat, |tokens| {
            let body = json!({
                "sqlText": OF_TAG, "bindings": {"1": {"type": "TEXT", "value": tag}},
                "asyncExec": false, "sequenceId": tokens.next(),
                "querySubmissionTime": now_millis().parse::<u64>().unwrap_or_default(),
                "parameters": {"PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "JSON"},
            });
            // It changes nothing.
            let request = self.http.post(url.clone()).json(&body)?.repeatable().attempts(3);
            asking(request.for_at_most(LOOK_FOR), "application/snowflake")
        });
        let envelope = asked.await?;
        match envelope.data.get("rowset").and_then(Value::as_array) {
            Some(rows) if envelope.success => {
                let mut found = rows.iter().filter(|row| !row.get(1).is_some_and(is_cancelled));
                let id = found.next().and_then(|row| row.get(0)?.as_str());
                Ok(id.filter(|id| is_query_id(id)).map(str::to_owned))
            }
            _ => Err(ConnectorError::transient(format!(
                "Snowflake does not say whether the query is there already: {}",
                envelope.told()
            ))),
        }
    }

    /// What Snowflake knows of a query; `None` if nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Transient`] or [`ErrorKind::Unauthenticated`]: it could not be learnt. No other
    /// kind: a call that failed is no query that did.
    pub(crate) async fn status(
        &self,
        seat: Seat<'_>,
        query_id: &str,
        call: &CallContext,
    ) -> Result<Option<Value>> {
        let url = self.sessions.url(seat.place, &format!("/monitoring/queries/{query_id}"), &[])?;
        let asked = self.call(seat, |_| {
            let request = self.http.get(url.clone()).within(call);
            // Drivers say it of requests without a body, too.
            let request = request.header(HeaderName::from_static("content-type"), JSON)?;
            asking(request, JSON)
        });
        let envelope = match asked.await {
            Ok(envelope) => envelope,
            Err(error) => {
                return match error.kind() {
                    ErrorKind::NotFound => Ok(None),
                    ErrorKind::Transient { .. } | ErrorKind::Unauthenticated => Err(error),
                    _ => {
                        let message = error.message().to_owned();
                        Err(ConnectorError::transient(message).with_source(error))
                    }
                };
            }
        };
        match envelope.data.get("queries").and_then(Value::as_array) {
            Some(queries) => Ok(queries.first().cloned()),
            None => Err(ConnectorError::transient(format!(
                "Snowflake does not say where the query stands: {}",
                envelope.told()
            ))),
        }
    }

    /// Cancels a query. A refusal counts only if the query still goes on.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: this user may not cancel it.
    pub(crate) async fn cancel(
        &self,
        seat: Seat<'_>,
        query_id: &str,
        call: &CallContext,
    ) -> Result<()> {
        let request_id = random_uuid();
        let query = [("requestId", request_id.as_str())];
        let url = self.sessions.url(seat.place, "/queries/v1/query-request", &query)?;
        let asked = self.call(seat, |tokens| {
            let body = json!({
                "sqlText": format!("SELECT SYSTEM$CANCEL_QUERY('{query_id}')"), "asyncExec": false,
                "sequenceId": tokens.next(), "parameters": {},
                "querySubmissionTime": now_millis().parse::<u64>().unwrap_or_default(),
            });
            // Cancelled twice is cancelled.
            let request = self.http.post(url.clone()).json(&body)?.repeatable().within(call);
            asking(request, "application/snowflake")
        });
        let envelope = asked.await?;
        if envelope.success || GOES_ON.contains(&envelope.code.as_str()) {
            return Ok(());
        }
        let refusal = format!("Snowflake does not cancel the query: {}", envelope.told());
        let seen = self.status(seat, query_id, call).await?;
        let status = seen.as_ref().and_then(|query| query.get("status")?.as_str());
        match status {
            Some(status) if goes_on(status) => Err(ConnectorError::permanent(refusal)),
            _ => {
                tracing::debug!("{refusal}");
                Ok(())
            }
        }
    }

    /// Makes a call in the seat's session. One that has run out is renewed, one that is gone is made
    /// anew, once each.
    async fn call(
        &self,
        seat: Seat<'_>,
        request: impl Fn(&Tokens) -> Result<Request>,
    ) -> Result<Envelope> {
        let mut mended = 0;
        loop {
            let tokens: Arc<Tokens> = self.sessions.tokens(seat).await?;
            let (standing, answer) = match tokens.request(request(&tokens)?)?.send().await {
                Ok(answer) => {
                    let envelope: Envelope = answer.json()?;
                    (Standing::of(&envelope.code), Ok(envelope))
                }
                Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                    (Standing::Gone, Err(error))
                }
                Err(error) => return Err(error),
            };
            match standing {
                Standing::Good => return answer,
                _ if mended == 2 => {
                    let why = answer.map_or_else(|error| error.to_string(), |it| it.told());
                    return Err(ConnectorError::transient(format!(
                        "Snowflake ends every session at once: {why}"
                    )));
                }
                Standing::Expired => self.sessions.renew(seat, &tokens).await?,
                Standing::Gone => self.sessions.forget(seat, &tokens).await?,
            }
            mended += 1;
        }
    }
}

fn query_id(envelope: &Envelope) -> Result<String> {
    let id = envelope.data.get("queryId").and_then(Value::as_str).unwrap_or_default();
    if is_query_id(id) {
        return Ok(id.to_owned());
    }
    // There may be a query, and the next answer under the same request id names it.
    Err(ConnectorError::transient("Snowflake took the statement and names no query"))
}

/// Whether an error code of the history, a number or a text, is that of a cancelled query.
fn is_cancelled(code: &Value) -> bool {
    let code = code.as_str().map_or_else(|| code.to_string(), str::to_owned);
    code.trim_start_matches('0') == CANCELLED
}

/// Whether a text can be a query's id. It becomes part of a path and of a statement.
pub(crate) fn is_query_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn now_millis() -> String {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis().to_string()
}

/// How Snowflake says no by a status.
fn read_refusal(refusal: &Refusal<'_>) -> Reading {
    let Envelope { code, message, .. } = Envelope::read(refusal.body);
    Reading {
        code: Some(code).filter(|code| !code.is_empty()),
        message: Some(message).filter(|message| !message.is_empty()),
        ..Reading::default()
    }
}
