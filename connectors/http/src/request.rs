//! One call to a vendor: what is sent, until when, how often, and what comes back.
//! Connectors build it through `HttpClient`; statuses are judged in `refusal`.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use connector_core::{CallContext, ConnectorError, ErrorKind, OrKind as _, Result, Secret};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use serde::Serialize;

use crate::answer::Answer;
use crate::client::HttpClient;
use crate::hidden::Hidden;
use crate::names::Shunned;
use crate::refusal;
use crate::submission::Submission;

/// The wait before the first repetition; later ones wait twice as long each.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A call to a vendor, not yet made.
#[must_use = "a request is made by `send`"]
pub struct Request {
    client: HttpClient,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
    /// What must not come back in an answer.
    hidden: Hidden,
    repeatable: bool,
    any_status: bool,
    attempts: u32,
    until: Option<Instant>,
    /// What is told of answers that were lost.
    submission: Option<Submission>,
}

impl fmt::Debug for Request {
    // URL, headers and body may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

impl HttpClient {
    /// A request that reads; it may be repeated.
    pub fn get(&self, url: Url) -> Request {
        Request::new(self.clone(), Method::GET, url).repeatable()
    }

    /// A request that changes something. It is repeated only where it cannot have arrived, unless it is
    /// made [repeatable](Request::repeatable).
    pub fn post(&self, url: Url) -> Request {
        Request::new(self.clone(), Method::POST, url)
    }

    /// A request by any method, repeated only where it cannot have arrived.
    pub fn request(&self, method: Method, url: Url) -> Request {
        Request::new(self.clone(), method, url)
    }
}

impl Request {
    fn new(client: HttpClient, method: Method, url: Url) -> Self {
        Self {
            client,
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
            hidden: Hidden::default(),
            repeatable: false,
            any_status: false,
            attempts: 1,
            until: None,
            submission: None,
        }
    }

    /// Sends a credential in the header `Authorization`, after the scheme. Without a scheme it stands
    /// there alone.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: the secret is the operator's and may not be sent to the host of this
    /// URL. [`ErrorKind::InvalidTask`]: it cannot stand in a header.
    pub fn authorization(self, scheme: &str, secret: &Secret) -> Result<Self> {
        let host = authority(&self.url);
        self.authorization_for(&host, scheme, secret)
    }

    /// Like [`Request::authorization`], for a call that the operator has sent to another
    /// [`Endpoint`](crate::Endpoint): the credential is checked against the host that the task names.
    ///
    /// # Errors
    /// As [`Request::authorization`].
    pub fn authorization_for(mut self, host: &str, scheme: &str, secret: &Secret) -> Result<Self> {
        let text = secret.expose_for(host)?;
        let value = format!("{scheme} {text}");
        let mut value = HeaderValue::from_str(value.trim_start()).map_err(|_| {
            ConnectorError::invalid_task(
                "the credential cannot stand in an HTTP header: it has line breaks or other control \
                 characters",
            )
        })?;
        value.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, value);
        Ok(self.hiding(text))
    }

    /// Sends a header.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTask`]: the value cannot stand in a header.
    pub fn header(mut self, name: HeaderName, value: &str) -> Result<Self> {
        let value = HeaderValue::from_str(value)
            .or_invalid_task(&format!("the header {name} cannot have this value"))?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Sends a JSON body.
    ///
    /// # Errors
    /// [`ErrorKind::Permanent`]: the value has no JSON form.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(body).or_permanent("a request has no JSON form")?;
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body = Some(body.into());
        Ok(self)
    }

    /// Sends a body of any kind.
    pub fn body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = Some(body.into());
        self
    }

    /// Sends a form.
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        // A query is written like a form.
        let mut url = self.url.clone();
        url.query_pairs_mut().clear().extend_pairs(pairs);
        let form = url.query().unwrap_or_default().to_owned();
        self.body("application/x-www-form-urlencoded", form)
    }

    /// A text of this request that must not be seen in an answer: it is replaced by `***`. The
    /// credential of [`Request::authorization`] is among them already.
    pub fn hiding(mut self, text: &str) -> Self {
        self.hidden.add(self.client.inner.forms.of(text));
        self
    }

    /// Says that the vendor does the same however often it gets this request: it carries a key, or it
    /// changes nothing.
    pub const fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Takes every whole answer as one, whatever its status and whoever wrote it: for a caller that judges
    /// answers itself.
    pub const fn any_status(mut self) -> Self {
        self.any_status = true;
        self
    }

    /// How often the request is sent at the most, while that can help. Default 1: polls and deletes are
    /// repeated by the server, creates are not.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Gives up when the caller does.
    pub const fn within(mut self, call: &CallContext) -> Self {
        self.until = call.deadline;
        self
    }

    /// Gives up when the caller does, if there is one.
    pub const fn within_any(self, call: Option<&CallContext>) -> Self {
        match call {
            Some(call) => self.within(call),
            None => self,
        }
    }

    /// Gives up after that time, whoever waits.
    pub fn for_at_most(mut self, span: Duration) -> Self {
        self.until = Instant::now().checked_add(span);
        self
    }

    /// Is an attempt of that create, which the vendor knows again by the key in it: the submission learns
    /// whether the vendor may have got it, and repeats it.
    pub fn submitting(mut self, submission: &Submission) -> Self {
        self.submission = Some(submission.clone());
        self
    }

    /// Makes the call.
    ///
    /// # Errors
    /// [`ErrorKind::Transient`] where the vendor cannot be reached, is too slow or cut its answer off;
    /// otherwise what its refusal means.
    ///
    /// # Cancel safety
    /// Dropping the future ends the call; the vendor may have got it.
    pub async fn send(self) -> Result<Answer> {
        let mut wait = FIRST_WAIT;
        let mut attempt = 1;
        loop {
            let failed = match self.attempt().await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let Failed { error, may_repeat, .. } = failed;
            if !may_repeat || attempt >= self.attempts {
                return Err(error);
            }
            let ErrorKind::Transient { retry_after } = error.kind() else { return Err(error) };
            // Somewhere between half and all of it, so that many do not come back at once.
            let pause = retry_after.unwrap_or_else(|| wait.mul_f64(0.5 + fastrand::f64() / 2.0));
            if self.remaining().is_some_and(|remaining| pause >= remaining) {
                return Err(error);
            }
            tracing::debug!(vendor = self.client.inner.vendor, attempt, "asked again: {error}");
            tokio::time::sleep(pause).await;
            wait = (wait * 2).min(LONGEST_WAIT);
            attempt += 1;
        }
    }

    fn remaining(&self) -> Option<Duration> {
        self.until.map(|until| until.saturating_duration_since(Instant::now()))
    }

    async fn attempt(&self) -> Result<Answer, Failed> {
        let answered = self.attempt_once().await;
        if let Some(submission) = &self.submission {
            let (status, in_doubt) = match &answered {
                // What it is called would stand in the answer.
                Ok(answer) => (answer.status().as_u16(), !answer.is_json()),
                Err(failed) => (failed.status, failed.in_doubt),
            };
            submission.answered(status);
            if in_doubt {
                submission.may_be_there();
            }
        }
        answered
    }

    async fn attempt_once(&self) -> Result<Answer, Failed> {
        let inner = &self.client.inner;
        let most = self.remaining().map_or(inner.attempt, |left| left.min(inner.attempt));
        let http = inner.http().map_err(|error| Failed {
            error: self.no_client(error),
            may_repeat: false,
            in_doubt: false,
            status: 0,
        })?;
        let mut request = http
            .request(self.method.clone(), self.url.clone())
            .headers(self.headers.clone())
            .timeout(most);
        if let Some(body) = &self.body {
            request = request.body(body.clone());
        }
        let failed = |error: reqwest::Error| {
            // What was never connected has not arrived.
            let never_arrived = error.is_connect();
            let may_repeat = self.repeatable || never_arrived;
            let (error, in_doubt) = (self.unreached(error, most), !never_arrived);
            Failed { error, may_repeat, in_doubt, status: 0 }
        };
        let mut response = request.send().await.map_err(failed)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > inner.most_bytes {
                let error = self.too_large();
                let status = status.as_u16();
                return Err(Failed { error, may_repeat: false, in_doubt: false, status });
            }
        }
        let body = self.hidden.clean_body(body.freeze());
        if self.any_status {
            return Ok(Answer::new(inner.vendor, status, headers, body));
        }
        if status.is_success() && refusal::is_page(&headers, &body) {
            // A sign-in or a proxy's apology, whatever its status: the vendor has not done it.
            let text = format!(
                "an HTML page came instead of {}'s answer; a proxy may stand in between",
                inner.vendor
            );
            let error = ConnectorError::transient(text);
            let (may_repeat, status) = (self.repeatable, status.as_u16());
            return Err(Failed { error, may_repeat, in_doubt: true, status });
        }
        if status.is_success() {
            return Ok(Answer::new(inner.vendor, status, headers, body));
        }
        let answer = (status, &headers, &body[..]);
        let error = refusal::error(inner.vendor, inner.dialect, answer, &self.hidden);
        let turned_away = status == StatusCode::TOO_MANY_REQUESTS;
        // Of these a proxy, or a vendor in trouble, does not know what has become of the request.
        // With the last two Cloudflare says that a vendor behind it broke off, or took too long.
        let in_doubt = matches!(status.as_u16(), 500 | 502 | 504 | 520 | 524);
        let may_repeat = self.repeatable || turned_away;
        Err(Failed { error, may_repeat, in_doubt, status: status.as_u16() })
    }

    fn unreached(&self, error: reqwest::Error, most: Duration) -> ConnectorError {
        let (vendor, host) = (self.client.inner.vendor, authority(&self.url));
        // The URL may hold a secret.
        let error = error.without_url();
        if error.is_timeout() && !error.is_connect() {
            // What was left of a limit, to the millisecond.
            let most = (most + Duration::from_micros(500)).as_millis();
            let most = Duration::from_millis(u64::try_from(most).unwrap_or(u64::MAX));
            let text = format!("{vendor} ({host}) did not answer within {most:?}");
            return ConnectorError::transient(text).with_source(error);
        }
        let what =
            if error.is_connect() { "cannot be reached" } else { "broke the connection off" };
        let cause = root_cause(&error);
        let text = format!("{vendor} ({host}) {what}: {cause}");
        let kind = match cause.is::<Shunned>() {
            true => ErrorKind::Permanent,
            false => ErrorKind::Transient { retry_after: None },
        };
        ConnectorError::new(kind, self.hidden.clean(&text).unwrap_or(text)).with_source(error)
    }

    fn no_client(&self, error: reqwest::Error) -> ConnectorError {
        let vendor = self.client.inner.vendor;
        ConnectorError::transient(format!(
            "{vendor} cannot be called, as no HTTP client can be made: {}; see that the system's certificates \
             (or those of SSL_CERT_FILE) are there and can be read, and that the proxy variables hold URLs",
            root_cause(&error)
        ))
        .with_source(error)
    }

    fn too_large(&self) -> ConnectorError {
        let inner = &self.client.inner;
        ConnectorError::permanent(format!(
            "{}'s answer is larger than the {} bytes that are read of it",
            inner.vendor, inner.most_bytes
        ))
    }
}

/// An attempt that brought no success.
struct Failed {
    error: ConnectorError,
    may_repeat: bool,
    /// Whether the vendor may have got the request all the same.
    in_doubt: bool,
    /// 0 if there was no answer.
    status: u16,
}

/// Host and port of a URL, as a secret's hosts are written.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The end of a chain of causes: reqwest's own text says only what it tried.
fn root_cause<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> &'a (dyn std::error::Error + 'static) {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause
}
