//! Where a vendor's calls go: to the host that the task names, or all of them to one that the operator set.
//! Connectors read it in `init`; tests and private gateways use it.

use connector_core::{ConnectorError, Result};
use reqwest::Url;

/// Where calls go.
#[derive(Debug, Clone, Default)]
pub struct Endpoint {
    instead: Option<Url>,
}

impl Endpoint {
    /// The endpoint in an environment variable such as `BIGQUERY_API_ENDPOINT`; without one, or with an
    /// empty one, calls go where tasks say.
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::Permanent`]: the variable holds no `http` or `https` URL.
    pub fn from_variable(name: &str) -> Result<Self> {
        match std::env::var(name) {
            Ok(text) if !text.trim().is_empty() => Self::at(name, text.trim()),
            _ => Ok(Self::default()),
        }
    }

    /// The endpoint at that URL; `name` is what told it, for the message if it is none.
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::Permanent`]: it is no `http` or `https` URL.
    pub fn at(name: &str, text: &str) -> Result<Self> {
        let instead = Url::parse(text)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
        match instead {
            Some(instead) => Ok(Self { instead: Some(instead) }),
            None => Err(ConnectorError::permanent(format!(
                "{name} is no URL; write it as `http://HOST:PORT` or `https://HOST`"
            ))),
        }
    }

    /// Where all calls go, if the operator set that.
    #[must_use]
    pub const fn fixed(&self) -> Option<&Url> {
        self.instead.as_ref()
    }

    /// The URL that a call for `url` goes to: its path and query, at the endpoint.
    #[must_use]
    pub fn of(&self, url: Url) -> Url {
        let Some(instead) = &self.instead else { return url };
        let mut there = instead.clone();
        let below = instead.path().trim_end_matches('/');
        there.set_path(&format!("{below}{}", url.path()));
        there.set_query(url.query());
        there
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::Endpoint;

    #[test]
    fn path_and_query_are_kept() {
        let url = || Url::parse("https://acme.example.com/api/2.1/jobs?run_id=7").unwrap();
        assert_eq!(Endpoint::default().of(url()), url());
        assert_eq!(Endpoint::default().fixed(), None);
        let there = Endpoint::at("X", "http://127.0.0.1:8001/below/").unwrap();
        assert_eq!(there.of(url()).as_str(), "http://127.0.0.1:8001/below/api/2.1/jobs?run_id=7");
    }

    #[test]
    fn what_is_no_url_is_named() {
        for text in ["127.0.0.1:8001", "ftp://a", "http://", "a b"] {
            let error = Endpoint::at("DATABRICKS_HOST_OVERRIDE", text).unwrap_err();
            assert!(error.message().contains("DATABRICKS_HOST_OVERRIDE"), "{error}");
        }
    }
}
