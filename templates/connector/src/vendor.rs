//! The vendor's API: its three calls, and what its refusals mean to Flyte.
//! The connector calls it; no phase, task or output comes in here.

use std::time::Duration;

use connector_core::prelude::*;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::de::DeserializeOwned;

/// How long a question about a job may take. Orders have no limit of their own, see `submit`.
const PATIENCE: Duration = Duration::from_secs(20);

/// A job as the vendor tells of it; `R` is what a finished one made.
#[derive(Debug, Deserialize)]
pub(crate) struct JobView<R> {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) message: Option<String>,
    pub(crate) result: Option<R>,
}

/// What the vendor says when it refuses.
#[derive(Debug, Deserialize)]
struct Refusal {
    error: String,
}

/// Where the vendor is, and one client for all calls, so that they share connections.
#[derive(Debug)]
pub(crate) struct Vendor {
    http: Client,
    url: Url,
}

impl Vendor {
    pub(crate) fn at(url: &str) -> Result<Self> {
        let url = Url::parse(url).or_permanent("the vendor's `url` is none")?;
        // Whoever came first has chosen the provider of cryptography for the process.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = Client::builder()
            .connect_timeout(Duration::from_secs(5))
            // A key must not follow a redirect to another host.
            .redirect(redirect::Policy::none())
            .build()
            .or_permanent("no HTTP client")?;
        Ok(Self { http, url })
    }

    /// Orders a job, or finds the one that was ordered with the same key.
    ///
    /// There is no timeout: the job of an order that was given up would go on, and nobody would know
    /// of it. The server waits on, and cancels the job if nobody wants it any more.
    pub(crate) async fn submit<R: DeserializeOwned>(
        &self,
        key: &Secret,
        order: &impl Serialize,
    ) -> Result<JobView<R>> {
        read(self.request(key, Method::POST, None)?.json(order)).await
    }

    pub(crate) async fn job<R: DeserializeOwned>(
        &self,
        key: &Secret,
        id: &str,
    ) -> Result<JobView<R>> {
        read(self.request(key, Method::GET, Some(id))?.timeout(PATIENCE)).await
    }

    /// Cancels a job. One that has ended may be refused, which is no error either.
    pub(crate) async fn cancel(&self, key: &Secret, id: &str) -> Result<()> {
        let request = self.request(key, Method::DELETE, Some(id))?.timeout(PATIENCE);
        let answer = send(request).await?;
        match answer.status() {
            StatusCode::CONFLICT => Ok(()),
            _ => accepted(answer).await.map(drop),
        }
    }

    /// A request at `/v1/jobs`, or for one of them; what comes from elsewhere is escaped.
    fn request(&self, key: &Secret, method: Method, id: Option<&str>) -> Result<RequestBuilder> {
        let mut url = self.url.clone();
        url.path_segments_mut()
            .map_err(|()| ConnectorError::permanent("the vendor's `url` has no path"))?
            .pop_if_empty()
            .extend(["v1", "jobs"])
            .extend(id);
        // The key is opened for the host that it goes to, and for no other.
        let host = url.host_str().unwrap_or_default().to_owned();
        Ok(self.http.request(method, url).bearer_auth(key.expose_for(&host)?))
    }
}

async fn send(request: RequestBuilder) -> Result<Response> {
    request.send().await.or_transient("the vendor does not answer")
}

async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T> {
    let answer = accepted(send(request).await?).await?;
    answer.json().await.or_transient("the vendor's answer cannot be read")
}

/// The answer, or what a refusal means: the one table of the vendor's statuses.
async fn accepted(answer: Response) -> Result<Response> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    // In seconds; the server waits as long before it asks again. A date is not read.
    let wait = answer.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    let retry_after = wait.map(Duration::from_secs);
    let why = answer.json::<Refusal>().await.map(|refusal| refusal.error);
    let why = why.unwrap_or_else(|_| "it does not say why".to_owned());
    let kind = match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => ErrorKind::InvalidTask,
        StatusCode::UNAUTHORIZED => ErrorKind::Unauthenticated,
        StatusCode::NOT_FOUND | StatusCode::GONE => ErrorKind::NotFound,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            ErrorKind::Transient { retry_after }
        }
        status if status.is_server_error() => ErrorKind::Transient { retry_after },
        _ => ErrorKind::Permanent,
    };
    Err(ConnectorError::new(kind, format!("the vendor answers {status}: {why}")))
}
