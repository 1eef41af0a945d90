//! The calls of a query's life in Snowflake's session protocol: submit, look, cancel.
//! The connector makes them; what a status means for a task is not decided here.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connector_core::prelude::*;
use connector_http::{Endpoint, HeaderName, HttpClient, Reading, Refusal, Request};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::envelope::Envelope;
use crate::session::{Seat, Sessions, Tokens, USER_AGENT, asking, random_uuid};
use crate::states::{Standing, goes_on};

/// How long a statement is tried to be submitted: its caller may have gone, and its query would be
/// nobody's.
const SUBMIT_FOR: Duration = Duration::from_secs(60);
const MOST_ATTEMPTS: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The code of a query that goes on by itself, which is what was asked for.
const GOES_ON: [&str; 2] = ["333333", "333334"];

/// The history has the queries of seven days, running ones too.
const OF_TAG: &str = "SELECT query_id FROM TABLE(information_schema.query_history_by_user(result_limit => \
                      10000)) WHERE query_tag = ? ORDER BY start_time LIMIT 1";
const JSON: &str = "application/json";

/// What is submitted.
#[derive(Debug)]
pub(crate) struct Submission {
    /// The same whenever the same attempt is submitted again.
    pub(crate) request_id: String,
    pub(crate) sql: String,
    /// By number, from 1; empty if the statement has no placeholders.
    pub(crate) bindings: Map<String, Value>,
    /// Parameters for this statement alone.
    pub(crate) parameters: Map<String, Value>,
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

    /// Submits a statement and tells the id of its query. What may not have arrived is submitted again
    /// under the same request id, of which Snowflake makes one query.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: Snowflake refuses the statement.
    pub(crate) async fn submit(&self, seat: Seat<'_>, what: &Submission) -> Result<String> {
        let (began, started) = (Instant::now(), now_millis());
        let number = OnceLock::new();
        let mut wait = FIRST_WAIT;
        let mut again: Option<(u32, u16)> = None;
        loop {
            let error = match self.submit_once(seat, what, (&started, &number), again).await {
                Ok(envelope) => return query_id(&envelope),
                Err(error) => error,
            };
            let count = again.map_or(1, |(count, _)| count + 1);
            let ErrorKind::Transient { retry_after } = error.kind() else { return Err(error) };
            let pause = retry_after.unwrap_or_else(|| wait.mul_f64(0.5 + fastrand::f64() / 2.0));
            if count >= MOST_ATTEMPTS || began.elapsed() + pause >= SUBMIT_FOR {
                return Err(error);
            }
            tracing::debug!(request_id = what.request_id, count, "submitted again: {error}");
            tokio::time::sleep(pause).await;
            wait *= 2;
            again = Some((count, status_in(error.message())));
        }
    }

    async fn submit_once(
        &self,
        seat: Seat<'_>,
        what: &Submission,
        (started, number): (&str, &OnceLock<u64>),
        again: Option<(u32, u16)>,
    ) -> Result<Envelope> {
        let mut query = vec![("requestId", what.request_id.clone())];
        if let Some((count, reason)) = again {
            query.push(("clientStartTime", started.to_owned()));
            query.push(("retryCount", count.to_string()));
            query.push(("retryReason", reason.to_string()));
        }
        let query: Vec<(&str, &str)> =
            query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let url = self.sessions.url(seat.place, "/queries/v1/query-request", &query)?;
        let envelope = self
            .call(seat, |tokens| {
                let mut body = json!({
                    "sqlText": what.sql, "asyncExec": true,
                    // What is repeated keeps its number.
                    "sequenceId": number.get_or_init(|| tokens.next()),
                    "querySubmissionTime": now_millis().parse::<u64>().unwrap_or_default(),
                    "parameters": what.parameters,
                });
                if let Some(body) = body.as_object_mut().filter(|_| !what.bindings.is_empty()) {
                    body.insert("bindings".to_owned(), what.bindings.clone().into());
                }
                let request = self.http.post(url.clone()).json(&body)?;
                asking(request, "application/snowflake")
            })
            .await?;
        if envelope.success || GOES_ON.contains(&envelope.code.as_str()) {
            return Ok(envelope);
        }
        Err(ConnectorError::permanent(format!(
            "Snowflake refuses the statement: {}",
            envelope.told()
        )))
    }

    /// The oldest query of the last days that has this tag, of this user; `None` if there is none.
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
            asking(request.for_at_most(SUBMIT_FOR), "application/snowflake")
        });
        let envelope = asked.await?;
        match envelope.data.get("rowset").and_then(Value::as_array) {
            Some(rows) if envelope.success => {
                let id = rows.first().and_then(|row| row.get(0)?.as_str());
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
    // Whether there is a query, nobody knows.
    Err(ConnectorError::retryable("Snowflake took the statement and names no query"))
}

/// Whether a text can be a query's id. It becomes part of a path and of a statement.
pub(crate) fn is_query_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The HTTP status that an error tells of, for Snowflake's statistics; 0 if there was none.
fn status_in(told: &str) -> u16 {
    let status = told.split_once("answered ").and_then(|(_, rest)| rest.get(..3));
    status.and_then(|status| status.parse().ok()).unwrap_or(0)
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
