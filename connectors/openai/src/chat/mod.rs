//! Task type `chatgpt`: one question to a chat model, asked while Flyte waits.

mod completion;
mod config;

use std::time::Duration;

use connector_core::prelude::*;

use crate::api::{Access, Account, Api};
pub use config::{ChatTask, Question};

/// How long a question may take, as in the official connector.
const LONGEST: Duration = Duration::from_secs(10);
/// The caller gets its answer that long before it hangs up.
const MARGIN: Duration = Duration::from_millis(200);

/// What a task gives back.
#[derive(Debug, TaskOutputs)]
pub struct Answered {
    /// The model's answer.
    pub o0: String,
}

/// The connector.
#[connector(task_type = "chatgpt", name = "ChatGPT Connector", config = ChatTask, inputs = Question,
            outputs = Answered, connection = Access, init = ChatGpt::new, sync)]
#[derive(Debug)]
pub struct ChatGpt {
    api: Api,
}

impl ChatGpt {
    /// A connector that asks where the variable `OPENAI_BASE_URL` says, or else OpenAI.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: the variable holds no URL.
    pub fn new(_settings: &Settings) -> Result<Self> {
        Ok(Self { api: Api::of_environment()? })
    }

    /// A connector that asks below this URL, such as `https://api.openai.com/v1`, which is the default.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: it is no `http` or `https` URL.
    pub fn at(base: Option<&str>) -> Result<Self> {
        Ok(Self { api: Api::at(base)? })
    }
}

impl SyncConnector for ChatGpt {
    async fn run(&self, task: CreateTask<Self>) -> Result<Resource<Answered>> {
        let body = task.config.request(&task.inputs.message)?;
        let left = task.context.call.remaining();
        let left = left.map_or(LONGEST, |left| left.saturating_sub(MARGIN.min(left / 10)));
        let access = &task.context.connection;
        let account = Account { access, organization: task.config.organization() };
        let completion = completion::ask(&self.api, &body, account, left.min(LONGEST)).await?;
        Ok(match completion.answer() {
            Ok(o0) => Resource::succeeded(Answered { o0 }).message(completion.summary()),
            Err(why) => Resource::failed(why),
        })
    }
}
