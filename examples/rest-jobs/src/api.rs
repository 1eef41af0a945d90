//! The farm's API: its four calls, what they carry, and what its refusals mean to Flyte.
//! The connector calls it; no phase, task or output may come in here.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connector_core::prelude::*;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url, redirect};

/// How long a question about a job may take. Orders have no limit of their own, see `submit`.
const PATIENCE: Duration = Duration::from_secs(20);

/// An order for a job.
#[derive(Debug, Serialize)]
pub(crate) struct Order<'a> {
    pub(crate) idempotency_key: Option<&'a str>,
    pub(crate) scene: &'a str,
    pub(crate) frames: &'a [i64],
    pub(crate) fps: u32,
    pub(crate) preset: Option<&'a str>,
}

/// A job as the farm tells of it.
#[derive(Debug, Deserialize)]
pub(crate) struct JobView {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) message: Option<String>,
    pub(crate) result: Option<JobResult>,
}

/// What a finished job made.
#[derive(Debug, Deserialize)]
pub(crate) struct JobResult {
    pub(crate) video: String,
    pub(crate) seconds: f64,
}

/// A page of a job's log.
#[derive(Debug, Deserialize)]
pub(crate) struct LogView {
    pub(crate) lines: Vec<Line>,
    pub(crate) next: Option<String>,
}

/// One line of a log.
#[derive(Debug, Deserialize)]
pub(crate) struct Line {
    unix_ms: u64,
    pub(crate) text: String,
}

impl Line {
    pub(crate) fn at(&self) -> SystemTime {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.unix_ms)).unwrap_or(UNIX_EPOCH)
    }
}

/// What the farm says when it refuses.
#[derive(Debug, Deserialize)]
struct Refusal {
    error: String,
}

/// One client for the life of the connector.
pub(crate) fn client() -> Result<Client> {
    // Whoever came first has chosen the provider of cryptography for the process.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder()
        .connect_timeout(Duration::from_secs(5))
        // A key must not follow a redirect to another host.
        .redirect(redirect::Policy::none())
        .build()
        .or_permanent("no HTTP client")
}

/// The farm, as somebody with that key sees it.
#[derive(Debug)]
pub(crate) struct Account<'a> {
    http: &'a Client,
    url: Url,
    key: &'a str,
}

impl<'a> Account<'a> {
    /// The key is opened here, for the host of this URL and no other.
    pub(crate) fn at(http: &'a Client, url: &str, key: &'a Secret) -> Result<Self> {
        let url = Url::parse(url).or_invalid_task("the farm's `url` is none")?;
        let host = url.host_str().ok_or_else(|| {
            ConnectorError::invalid_task(format!("the farm's `url` {url} has no host"))
        })?;
        let key = key.expose_for(host)?;
        Ok(Self { http, url, key })
    }

    /// Orders a job, or finds the one that was ordered with the same key.
    ///
    /// There is no timeout: the job of an order that was given up would go on, and nobody would know
    /// of it. The server waits on, and cancels the job if nobody wants it any more.
    pub(crate) async fn submit(&self, order: &Order<'_>) -> Result<JobView> {
        read(self.request(Method::POST, &[])?.json(order)).await
    }

    pub(crate) async fn job(&self, id: &str) -> Result<JobView> {
        read(self.request(Method::GET, &[id])?.timeout(PATIENCE)).await
    }

    /// Cancels a job. One that has ended, or is not known, needs no cancelling.
    pub(crate) async fn cancel(&self, id: &str) -> Result<()> {
        let request = self.request(Method::POST, &[id, "cancel"])?.timeout(PATIENCE);
        let answer = send(request).await?;
        match answer.status() {
            StatusCode::NOT_FOUND | StatusCode::CONFLICT => Ok(()),
            _ => accepted(answer).await.map(drop),
        }
    }

    pub(crate) async fn logs(&self, id: &str, page: &str) -> Result<LogView> {
        let request = self.request(Method::GET, &[id, "logs"])?.timeout(PATIENCE);
        read(request.query(&[("page", page)])).await
    }

    /// A request below `/v1/jobs`; what comes from elsewhere is escaped.
    fn request(&self, method: Method, below: &[&str]) -> Result<RequestBuilder> {
        let mut url = self.url.clone();
        url.path_segments_mut()
            .map_err(|()| ConnectorError::invalid_task("the farm's `url` has no path"))?
            .pop_if_empty()
            .extend(["v1", "jobs"])
            .extend(below);
        Ok(self.http.request(method, url).bearer_auth(self.key))
    }
}

async fn send(request: RequestBuilder) -> Result<Response> {
    request.send().await.or_transient("the farm does not answer")
}

async fn read<T: serde::de::DeserializeOwned>(request: RequestBuilder) -> Result<T> {
    let answer = accepted(send(request).await?).await?;
    answer.json().await.or_transient("the farm's answer cannot be read")
}

/// The answer, or what a refusal means: the one table of the farm's statuses.
async fn accepted(answer: Response) -> Result<Response> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let wait = answer.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    let retry_after = wait.map(Duration::from_secs);
    let why = answer.json::<Refusal>().await.map(|refusal| refusal.error);
    let why = why.unwrap_or_else(|_| "it does not say why".to_owned());
    let kind = match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => ErrorKind::InvalidTask,
        StatusCode::UNAUTHORIZED => ErrorKind::Unauthenticated,
        StatusCode::NOT_FOUND => ErrorKind::NotFound,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            ErrorKind::Transient { retry_after }
        }
        status if status.is_server_error() => ErrorKind::Transient { retry_after },
        _ => ErrorKind::Permanent,
    };
    Err(ConnectorError::new(kind, format!("the farm answers {status}: {why}")))
}
