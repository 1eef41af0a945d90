//! The HTTP client that connectors share. A vendor's connector says which call it makes and what the
//! vendor's refusals mean; everything else that can go wrong on the way is handled here, once:
//!
//! - connect and read time-outs, a bounded pool, bounded answers;
//! - repetition, only of what is safe to repeat, honouring `Retry-After`; a create that the vendor may
//!   have taken is [asked about until that is known](Submission);
//! - a credential is checked against its hosts *before* a connection is made, follows no redirect, and
//!   is taken out of whatever the vendor answers;
//! - errors with the vendor's name, status, code, request id and a short excerpt, of a fitting
//!   [kind](connector_core::ErrorKind). A proxy's page becomes one sentence.
//!
//! ```no_run
//! use connector_core::prelude::*;
//! use connector_http::{HttpClient, Url};
//!
//! # async fn example(key: &Secret, call: &CallContext) -> Result<()> {
//! let http = HttpClient::builder("Render Farm").build()?;
//! let url = Url::parse("https://farm.example.com/v1/jobs/7").or_invalid_task("`url` is none")?;
//! let answer = http.get(url).authorization("Bearer", key)?.within(call).send().await?;
//! let job: std::collections::BTreeMap<String, String> = answer.json()?;
//! # Ok(())
//! # }
//! ```
// Connectors call it. No vendor may come in here, and nothing of Flyte but error kinds and secrets.

mod answer;
mod archive;
mod aside;
mod base;
mod client;
mod endpoint;
mod hidden;
mod jwt;
mod names;
mod reach;
mod refusal;
mod request;
mod retry_after;
mod submission;
mod tokens;

pub use answer::Answer;
pub use archive::carried_archive;
pub use aside::aside;
pub use base::BaseUrl;
pub use client::{HttpClient, HttpClientBuilder};
pub use endpoint::Endpoint;
pub use jwt::SigningKey;
pub use reach::Reach;
pub use refusal::{Dialect, Reading, Refusal};
pub use request::Request;
pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Method, Url};
pub use submission::{Submission, Tried};
pub use tokens::{AccessToken, TokenCache};
