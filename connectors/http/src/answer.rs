//! A successful answer, read whole and without the credential that was sent.

use bytes::Bytes;
use connector_core::{ConnectorError, Result};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;

use crate::refusal::short;

/// How much of an answer that cannot be read is shown.
const EXCERPT: usize = 200;

/// A vendor's answer with a status of success.
#[derive(Debug, Clone)]
pub struct Answer {
    vendor: &'static str,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    pub(crate) const fn new(
        vendor: &'static str,
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
    ) -> Self {
        Self { vendor, status, headers, body }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::Transient`]: it is something else, such as the page of a proxy.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let vendor = self.vendor;
            let begin = String::from_utf8_lossy(&self.body);
            ConnectorError::transient(format!(
                "{vendor}'s answer cannot be read: {error}; it begins with {:?}",
                short(&begin, EXCERPT)
            ))
            .with_source(error)
        })
    }
}
