//! OpenAI for Flyte: a task as one question to a chat model, or as a batch of requests.
//!
//! Task types `chatgpt` and `openai-batch`, version 0: tasks that `flytekitplugins-openai` wrote run here
//! unchanged. Name the crate in a server and both are served:
//!
//! ```ignore
//! connector_service::main!(connector_openai);
//! ```
//!
//! The operator lends the secret `flyte_openai_api_key`, which an installation of Flyte 1 has already, and
//! allows it for `api.openai.com`. `OPENAI_BASE_URL` has calls go to another place.
// Facts about the official connectors are those of flytekitplugins-openai 1.16.31; about the API, those of
// OpenAI's client for Python, 3.57.0.

mod api;
mod batch;
mod chat;

pub use crate::api::Access;
pub use crate::batch::{Batch, BatchJob, BatchTask, Done, Requests};
pub use crate::chat::{Answered, ChatGpt, ChatTask, Question};
