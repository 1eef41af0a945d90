//! The call of a chat completion, and what its answer means.

use std::time::Duration;

use connector_core::prelude::*;
use serde_json::{Map, Value};

use crate::api::{Account, Api, for_good};

/// How often a question is asked that OpenAI could not answer, as its own client does.
const ATTEMPTS: u32 = 3;

/// An answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Completion {
    #[serde(default)]
    model: String,
    choices: Vec<Choice>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Message {
    content: Option<String>,
    refusal: Option<String>,
}

/// Asks, within that time.
///
/// # Errors
/// What OpenAI's refusal means; [`ErrorKind::Permanent`] where the key is no good.
pub(crate) async fn ask(
    api: &Api,
    body: &Map<String, Value>,
    account: Account<'_>,
    within: Duration,
) -> Result<Completion> {
    let request = api.http.post(api.url(&["chat", "completions"])?).json(body)?;
    let request = Api::signed(request, account)?;
    let answer = request.repeatable().attempts(ATTEMPTS).for_at_most(within).send().await;
    answer.map_err(for_good)?.json()
}

impl Completion {
    /// The text of the first choice, or why there is none.
    pub(crate) fn answer(&self) -> Result<String, String> {
        let Some(Choice { message, finish_reason }) = self.choices.first() else {
            return Err("OpenAI's answer has no choices".to_owned());
        };
        if let Some(content) = &message.content {
            return Ok(content.clone());
        }
        let why =
            message.refusal.as_deref().or(finish_reason.as_deref()).unwrap_or("no reason is given");
        Err(format!("the model gave no answer: {why}"))
    }

    /// What is told about it.
    pub(crate) fn summary(&self) -> String {
        let reason = self.choices.first().and_then(|choice| choice.finish_reason.as_deref());
        format!("{} answered ({})", self.model, reason.unwrap_or("no reason to stop is given"))
    }
}
