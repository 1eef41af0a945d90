//! What tests ask an engine itself, past this project's connectors.

use connector_core::{Result, Secret};
use connector_http::{HttpClient, Method, Url};
use serde_json::Value;

/// Status and body of an answer, which is null where it is not JSON.
///
/// # Errors
/// There is no answer.
///
/// # Panics
/// The address and the path are no URL.
pub async fn asked(
    address: &str,
    token: Option<&Secret>,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<(u16, Value)> {
    let url = Url::parse(&format!("{address}{path}")).expect("a URL");
    let mut request = HttpClient::builder("the engine").build()?.request(method, url).any_status();
    if let Some(body) = body {
        request = request.json(body)?;
    }
    if let Some(token) = token {
        request = request.authorization("Bearer", token)?;
    }
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or_default()))
}
