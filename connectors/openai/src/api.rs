//! OpenAI's API: where it is, whose key is sent, and what its refusals mean.
//! The connectors in `chat` and `batch` build their calls of it.

use connector_core::prelude::*;
use connector_http::{HeaderName, HttpClient, Reading, Refusal, Request, Url};

/// Below what calls go, and the host that the key must be allowed for wherever they go.
const BASE: &str = "https://api.openai.com/v1";
const ORGANIZATION: HeaderName = HeaderName::from_static("openai-organization");

/// The key.
#[derive(Debug, TaskConnection)]
pub struct Access {
    /// A key of OpenAI's API.
    #[secret]
    pub(crate) flyte_openai_api_key: Secret,
}

/// Who calls: a key, and the organization that is charged if it is not that of the key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account<'a> {
    pub(crate) access: &'a Access,
    pub(crate) organization: Option<&'a str>,
}

/// The API.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) http: HttpClient,
    base: Url,
}

impl Api {
    /// Where the variable `OPENAI_BASE_URL` says, or else OpenAI.
    ///
    /// # Errors
    /// As [`Api::at`].
    pub(crate) fn of_environment() -> Result<Self> {
        let base = std::env::var("OPENAI_BASE_URL").ok();
        Self::at(base.as_deref().map(str::trim).filter(|base| !base.is_empty()))
    }

    /// # Errors
    /// [`ErrorKind::Permanent`]: it is no `http` or `https` URL.
    pub(crate) fn at(base: Option<&str>) -> Result<Self> {
        let base = Url::parse(base.unwrap_or(BASE)).ok();
        let base = base.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let base = base.ok_or_else(|| {
            ConnectorError::permanent("OPENAI_BASE_URL is no URL; write it as `https://HOST/v1`")
        })?;
        let http = HttpClient::builder("OpenAI")
            .dialect(read_refusal)
            .user_agent(concat!("flyte-connector/", env!("CARGO_PKG_VERSION")));
        Ok(Self { http: http.build()?, base })
    }

    /// Where calls go, as `doctor` tries it, if it was named. OpenAI itself is not tried: this is linked into
    /// binaries whose users never call it, and whose egress policy may refuse it.
    pub(crate) fn address(&self) -> Option<String> {
        (self.base.as_str() != BASE).then(|| self.base.to_string())
    }

    /// The URL of a call; what comes from elsewhere is escaped.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: the base has no path.
    pub(crate) fn url(&self, below: &[&str]) -> Result<Url> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| ConnectorError::permanent("OPENAI_BASE_URL has no path"))?
            .pop_if_empty()
            .extend(below);
        Ok(url)
    }

    /// The request with the account's key in it.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: the operator has not allowed the key for OpenAI.
    pub(crate) fn signed(request: Request, account: Account<'_>) -> Result<Request> {
        let key = &account.access.flyte_openai_api_key;
        let request = request.authorization_for(BASE, "Bearer", key)?;
        match account.organization.filter(|name| !name.is_empty()) {
            Some(organization) => request.header(ORGANIZATION, organization),
            None => Ok(request),
        }
    }
}

/// A key that is no good is none when Flyte calls again.
pub(crate) fn for_good(error: ConnectorError) -> ConnectorError {
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
