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

    pub(crate) fn is_json(&self) -> bool {
        serde_json::from_slice::<serde::de::IgnoredAny>(&self.body).is_ok()
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

    /// That it is the vendor who answered, where nothing of the answer is needed: as to a cancel. A page that says
    /// HTML is no answer anyway; a proxy that wants somebody to sign in may also say so in plain text.
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::Transient`]: it is neither JSON nor empty.
    pub fn done(&self) -> Result<()> {
        if self.body.is_empty() {
            return Ok(());
        }
        self.json::<serde::de::IgnoredAny>().map(|_ignored| ())
    }

    /// The body as JSON, of an answer that is itself a secret, as that of a token endpoint is: no error
    /// shows anything of it.
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::Transient`]: it is something else.
    pub fn secret_json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Data => "a member is missing or of another type",
                _ => "it is no JSON",
            };
            let (vendor, line, column) = (self.vendor, error.line(), error.column());
            ConnectorError::transient(format!(
                "{vendor}'s answer cannot be read: {what} (line {line}, column {column})"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use connector_core::ErrorKind;
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;

    use super::Answer;
    use crate::AccessToken;

    #[test]
    fn what_a_proxy_says_is_no_answer() {
        let answered = |body: &'static str| {
            Answer::new(
                "Acme",
                StatusCode::OK,
                HeaderMap::new(),
                Bytes::from_static(body.as_bytes()),
            )
        };
        for body in ["", "{}", r#"{"kind": "job"}"#, "null"] {
            answered(body).done().unwrap();
        }
        let error = answered("Sign in at https://portal.example first").done().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transient { retry_after: None });
        assert!(error.message().contains("it begins with"), "{error}");
    }

    #[test]
    fn a_token_that_cannot_be_read_is_not_shown() {
        for body in [
            r#"{"access_token": "hunter2hunter2"#,
            r#"{"access_token": ["hunter2hunter2"]}"#,
            r#"{"access_token": "x", "expires_in": "hunter2hunter2"}"#,
            "hunter2hunter2",
        ] {
            let body = Bytes::from_static(body.as_bytes());
            let answer = Answer::new("Acme", StatusCode::OK, HeaderMap::new(), body);
            let error = answer.secret_json::<AccessToken>().unwrap_err();
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            assert!(error.message().starts_with("Acme's answer cannot be read: "), "{error}");
        }
    }
}
