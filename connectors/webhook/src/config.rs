//! What flytekit's `WebhookTask` serialises.

use std::collections::BTreeMap;
use std::fmt;

use connector_core::prelude::*;
use serde_json::Value;

/// The settings of one task. In `url`, in `headers` and in `data` the text `{inputs.NAME}` stands for an
/// input.
#[derive(TaskConfig)]
pub struct WebhookTask {
    /// Where the request goes.
    pub(crate) url: String,
    /// `POST` or `GET`.
    #[config(default = "POST".to_owned())]
    pub(crate) method: String,
    /// Headers of the request.
    pub(crate) headers: Option<BTreeMap<String, Value>>,
    /// The JSON body of a POST, the query of a GET.
    pub(crate) data: Option<Value>,
    /// Whether the outputs have the data that was sent.
    #[config(default)]
    pub(crate) show_data: bool,
    /// Whether the outputs have the URL that was called.
    #[config(default)]
    pub(crate) show_url: bool,
    /// How long the request may take, in seconds.
    #[config(default = 10.0)]
    pub(crate) timeout_sec: f64,
}

impl fmt::Debug for WebhookTask {
    // URL, headers and data may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookTask").field("method", &self.method).finish_non_exhaustive()
    }
}
