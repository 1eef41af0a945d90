//! Webhooks for Flyte: a task as one HTTP request.
//!
//! Task type `webhook`, version 0: tasks that flytekit's `WebhookTask` wrote run here unchanged. Name the
//! crate in a server and it is served:
//!
//! ```ignore
//! connector_service::main!(connector_webhook);
//! ```
//!
//! Whoever writes a task says where the service calls, so no credential of the operator is ever attached, and
//! addresses at which clouds hand out credentials are not called. The operator may name the only hosts that
//! are: `CONNECTOR__WEBHOOK__ALLOWED_HOSTS`.
// Facts about the official connector are those of flytekit 1.16.31.

mod config;
mod exchange;
mod placeholders;
mod python_text;

use std::time::Duration;

use connector_core::prelude::*;
use connector_http::{Answer, HttpClient, Reach};
use serde_json::{Value, json};

pub use crate::config::WebhookTask;
use crate::exchange::Exchange;

/// The largest answer read, in bytes: with it the outputs are no larger than callers take.
const MOST_BYTES: usize = 1024 * 1024;
/// How much of an answer that is no success stands in the message, in letters.
const EXCERPT: usize = 1_000;
/// A request may take no longer, whatever its task says.
const LONGEST: Duration = Duration::from_secs(3_600);
/// The caller gets its answer that long before it hangs up.
const MARGIN: Duration = Duration::from_millis(200);

/// What a task gives back.
#[derive(Debug, TaskOutputs)]
pub struct Answered {
    /// An object with `status_code` and `response_data`, and with `input_data` and `url` where the task
    /// shows them.
    pub info: Value,
}

/// The connector.
#[connector(task_type = "webhook", name = "Webhook Connector", config = WebhookTask,
            outputs = Answered, init = Webhook::new, sync)]
#[derive(Debug)]
pub struct Webhook {
    http: HttpClient,
    reach: Reach,
}

impl Webhook {
    /// A connector with those settings of the operator.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: the setting `allowed_hosts` has an entry that is no host.
    pub fn new(settings: &Settings) -> Result<Self> {
        let http = HttpClient::builder("the webhook")
            .user_agent(concat!("flyte-connector/", env!("CARGO_PKG_VERSION")))
            .attempt_timeout(LONGEST)
            .max_answer_bytes(MOST_BYTES)
            .shunning(Reach::is_guarded);
        Ok(Self { http: http.build()?, reach: Reach::from_settings(settings)? })
    }
}

impl SyncConnector for Webhook {
    async fn run(&self, task: CreateTask<Self>) -> Result<Resource<Answered>> {
        let exchange = Exchange::of(&task.config, &task.inputs)?;
        self.reach.check("the webhook", exchange.url())?;
        let span = span(task.config.timeout_sec, task.context.call.remaining())?;
        let request = exchange.request(&self.http)?.any_status().for_at_most(span);
        let answer = request.send().await.map_err(of_the_attempt)?;
        let text = String::from_utf8_lossy(answer.body());
        if answer.status().as_u16() != 200 {
            return Ok(Resource::failed(refusal(&answer, &text)));
        }
        let mut info = json!({"status_code": 200, "response_data": text});
        if let Some(info) = info.as_object_mut() {
            if task.config.show_data {
                info.insert("input_data".to_owned(), exchange.data().clone());
            }
            if task.config.show_url {
                info.insert("url".to_owned(), exchange.shown_url().into());
            }
        }
        Ok(Resource::succeeded(Answered { info }).message("the webhook answered 200 OK"))
    }
}

/// How long a request may take: what its task says, and no longer than the caller waits.
fn span(timeout_sec: f64, remaining: Option<Duration>) -> Result<Duration> {
    let wished = Duration::try_from_secs_f64(timeout_sec).ok().filter(|span| !span.is_zero());
    let wished = wished.ok_or_else(|| {
        ConnectorError::invalid_task(format!(
            "`custom.timeout_sec` is {timeout_sec}; it must be more than 0 seconds"
        ))
    })?;
    let left = remaining.map_or(LONGEST, |left| left.saturating_sub(MARGIN.min(left / 10)));
    Ok(wished.min(LONGEST).min(left))
}

/// A request that brought no answer may have arrived, so the server must not make it again by itself: whether
/// it is tried again is what the task's `retries` say.
fn of_the_attempt(error: ConnectorError) -> ConnectorError {
    match error.kind() {
        ErrorKind::Transient { .. } => {
            ConnectorError::retryable(error.message().to_owned()).with_source(error)
        }
        _ => error,
    }
}

fn refusal(answer: &Answer, text: &str) -> String {
    let status = answer.status();
    let mut said = format!("the webhook answered {status}");
    if status.is_redirection() {
        said.push_str(" (redirects are not followed: give the address that it leads to)");
    }
    let text = text.trim();
    if !text.is_empty() {
        said.push_str(": ");
        said.extend(text.chars().take(EXCERPT));
        if text.chars().nth(EXCERPT).is_some() {
            said.push_str(&format!(" ... (of {} bytes)", text.len()));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LONGEST, MARGIN, span};

    #[test]
    fn the_shorter_of_the_tasks_time_and_the_callers_counts() {
        let second = Duration::from_secs(1);
        assert_eq!(span(2.5, None).unwrap(), second * 5 / 2);
        assert_eq!(span(10.0, Some(10 * second)).unwrap(), 10 * second - MARGIN);
        assert_eq!(span(10.0, Some(second)).unwrap(), second * 9 / 10);
        assert_eq!(span(1e9, None).unwrap(), LONGEST);
        for none in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(span(none, None).unwrap_err().message().contains("timeout_sec"), "{none}");
        }
    }
}
