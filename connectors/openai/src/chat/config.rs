//! What `ChatGPTTask` serialises.

use connector_core::prelude::*;
use serde_json::{Map, Value, json};

/// The settings of one task.
#[derive(Debug, TaskConfig)]
pub struct ChatTask {
    /// The request of OpenAI's chat completions, such as `{"model": "…", "temperature": 0.7}`. Its messages
    /// are replaced by the question.
    chatgpt_config: Value,
    /// The organization that is charged, if it is not that of the key.
    openai_organization: Option<String>,
}

/// The input of one task.
#[derive(Debug, TaskInputs)]
pub struct Question {
    /// What the model is asked.
    pub message: String,
}

impl ChatTask {
    /// The body of the request.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: there is no model in it, or it asks for a stream.
    pub(crate) fn request(&self, message: &str) -> Result<Map<String, Value>> {
        let invalid = |text: &str| Err(ConnectorError::invalid_task(text));
        let Value::Object(request) = &self.chatgpt_config else {
            return invalid("`custom.chatgpt_config` must be an object");
        };
        if !request.get("model").is_some_and(Value::is_string) {
            return invalid("`custom.chatgpt_config` names no `model`");
        }
        if request.get("stream").is_some_and(|stream| stream != false) {
            return invalid(
                "`custom.chatgpt_config.stream` cannot be: a task gives one whole answer",
            );
        }
        let mut request = request.clone();
        request.insert("messages".to_owned(), json!([{"role": "user", "content": message}]));
        Ok(request)
    }

    pub(crate) fn organization(&self) -> Option<&str> {
        self.openai_organization.as_deref()
    }
}
