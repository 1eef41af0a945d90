//! One client for the life of a connector: pool, time-outs, the vendor's name and dialect.
//! A connector's `init` builds it; `request` sends through it.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use connector_core::host::Beforehand;
use connector_core::{OrKind as _, Result};
use reqwest::header::HeaderValue;
use reqwest::redirect;

use crate::hidden::KnownForms;
use crate::names::Names;
use crate::refusal::{Dialect, Reading};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one attempt of a call may take, unless the call says otherwise.
const ATTEMPT: Duration = Duration::from_secs(30);
/// The largest answer read.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Connections kept for later calls, per host, and for how long. A vendor that speaks HTTP/2 gets one; of the others
/// answers come in bursts, and each connection that was not kept is opened and encrypted anew.
const IDLE: usize = 64;
const IDLE_FOR: Duration = Duration::from_secs(60);

/// A client for one vendor. Clones share one pool.
#[derive(Clone)]
pub struct HttpClient {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    http: OnceLock<reqwest::Client>,
    user_agent: HeaderValue,
    pub(crate) vendor: &'static str,
    pub(crate) dialect: Dialect,
    pub(crate) attempt: Duration,
    pub(crate) most_bytes: usize,
    shunned: Option<fn(IpAddr) -> bool>,
    /// What is hidden in answers.
    pub(crate) forms: KnownForms,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("vendor", &self.inner.vendor).finish_non_exhaustive()
    }
}

/// Builds an [`HttpClient`].
#[derive(Debug, Clone)]
pub struct HttpClientBuilder {
    vendor: &'static str,
    dialect: Dialect,
    attempt: Duration,
    most_bytes: usize,
    shunned: Option<fn(IpAddr) -> bool>,
    user_agent: Option<String>,
}

impl HttpClient {
    /// Starts building a client for that vendor, as error messages name it.
    #[must_use]
    pub fn builder(vendor: &'static str) -> HttpClientBuilder {
        HttpClientBuilder {
            vendor,
            dialect: |_| Reading::default(),
            attempt: ATTEMPT,
            most_bytes: MOST_BYTES,
            shunned: None,
            user_agent: None,
        }
    }
}

impl Inner {
    /// What sends. It is made by the first call: hundreds of certificates are not read for a vendor that nobody
    /// calls.
    pub(crate) fn http(&self) -> reqwest::Result<&reqwest::Client> {
        if let Some(made) = self.http.get() {
            return Ok(made);
        }
        choose_cryptography();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(IDLE)
            .pool_idle_timeout(IDLE_FOR)
            // A credential must not follow a redirect to another host.
            .redirect(redirect::Policy::none());
        let http = match self.user_agent.is_empty() {
            true => http,
            false => http.user_agent(self.user_agent.clone()),
        };
        let http = match self.shunned {
            Some(shunned) => http.dns_resolver(Names::new(shunned)),
            None => http,
        };
        let made = http.build()?;
        Ok(self.http.get_or_init(|| made))
    }
}

// This crate, and google-cloud-auth, ask reqwest for TLS without cryptography. All clients of a process
// share that, so that one of somebody else's would panic where nobody has chosen any.
inventory::submit!(Beforehand(choose_cryptography));

/// Chooses ring for the process, unless somebody has chosen already.
fn choose_cryptography() {
    drop(rustls::crypto::ring::default_provider().install_default());
}

impl HttpClientBuilder {
    /// How the vendor says no. By default only the status counts.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// How long one attempt of a call may take. Default 30 s.
    #[must_use]
    pub const fn attempt_timeout(mut self, attempt: Duration) -> Self {
        self.attempt = attempt;
        self
    }

    /// The largest answer read, in bytes. Default 8 MiB.
    #[must_use]
    pub const fn max_answer_bytes(mut self, most_bytes: usize) -> Self {
        self.most_bytes = most_bytes;
        self
    }

    /// Addresses that no name of a host may lead to, for calls to where a task says. An address that stands
    /// in the URL itself is not asked about, and a proxy finds addresses on its own.
    #[must_use]
    pub const fn shunning(mut self, shunned: fn(IpAddr) -> bool) -> Self {
        self.shunned = Some(shunned);
        self
    }

    /// What the vendor sees as the program that calls.
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// The client. It trusts the system's certificates (or those of `SSL_CERT_FILE`) and follows the
    /// proxy variables of the environment; both are read by its first call.
    ///
    /// # Errors
    /// [`connector_core::ErrorKind::Permanent`]: the user agent is no header.
    pub fn build(self) -> Result<HttpClient> {
        let Self { vendor, dialect, attempt, most_bytes, shunned, user_agent } = self;
        let user_agent = HeaderValue::try_from(user_agent.unwrap_or_default())
            .or_permanent("the user agent cannot be sent")?;
        Ok(HttpClient {
            inner: Arc::new(Inner {
                http: OnceLock::new(),
                user_agent,
                vendor,
                dialect,
                attempt,
                most_bytes,
                shunned,
                forms: KnownForms::default(),
            }),
        })
    }
}
