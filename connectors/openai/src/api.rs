//! OpenAI's chat completions, as far as one question needs them.

use std::time::Duration;

use connector_core::prelude::*;
use connector_http::{HeaderName, HttpClient, Reading, Refusal, Url};
use serde_json::{Map, Value};

use crate::config::Access;

/// Below what calls go, and the host that the key must be allowed for wherever they go.
const BASE: &str = "https://api.openai.com/v1";
/// How often a question is asked that OpenAI could not answer, as its own client does.
const ATTEMPTS: u32 = 3;
const ORGANIZATION: HeaderName = HeaderName::from_static("openai-organization");

/// The API.
#[derive(Debug)]
pub(crate) struct Api {
    http: HttpClient,
    url: Url,
}

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

impl Api {
    /// # Errors
    /// [`ErrorKind::Permanent`]: it is no `http` or `https` URL.
    pub(crate) fn at(base: Option<&str>) -> Result<Self> {
        let base = base.unwrap_or(BASE).trim_end_matches('/');
        let url = Url::parse(&format!("{base}/chat/completions")).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let url = url.ok_or_else(|| {
            ConnectorError::permanent("OPENAI_BASE_URL is no URL; write it as `https://HOST/v1`")
        })?;
        let http = HttpClient::builder("OpenAI")
            .dialect(read_refusal)
            .user_agent(concat!("flyte-connector/", env!("CARGO_PKG_VERSION")));
        Ok(Self { http: http.build()?, url })
    }

    /// Asks, within that time.
    ///
    /// # Errors
    /// What OpenAI's refusal means; [`ErrorKind::Permanent`] where the key is no good.
    pub(crate) async fn ask(
        &self,
        body: &Map<String, Value>,
        organization: Option<&str>,
        access: &Access,
        within: Duration,
    ) -> Result<Completion> {
        let key = &access.flyte_openai_api_key;
        let request = self.http.post(self.url.clone()).json(body)?;
        let mut request = request.authorization_for(BASE, "Bearer", key)?;
        if let Some(organization) = organization {
            request = request.header(ORGANIZATION, organization)?;
        }
        let answer = request.repeatable().attempts(ATTEMPTS).for_at_most(within).send().await;
        answer.map_err(for_good)?.json()
    }
}

/// A key that is no good is none when Flyte calls again.
fn for_good(error: ConnectorError) -> ConnectorError {
    match error.kind() {
        ErrorKind::Unauthenticated => {
            ConnectorError::permanent(error.message().to_owned()).with_source(error)
        }
        _ => error,
    }
}

fn read_refusal(refusal: &Refusal<'_>) -> Reading {
    let error = &refusal.body["error"];
    let text = |name: &str| error[name].as_str().map(str::to_owned);
    let code = text("code").or_else(|| text("type"));
    // Waiting does not pay the bill.
    let is_broke = code.as_deref() == Some("insufficient_quota");
    let kind = is_broke.then_some(ErrorKind::Permanent);
    Reading { code, message: text("message"), kind, ..Reading::default() }
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
