//! Access tokens for BigQuery: of the service account that a task or the operator brings, or of the
//! machine (application default credentials) where nobody brings one.
//! `api` asks for a token before each call and says when one was refused.

use std::num::NonZeroUsize;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use connector_core::prelude::*;
use connector_http::{HttpClient, SigningKey, Url};
use google_cloud_auth::credentials::{AccessTokenCredentials, Builder};
use lru::LruCache;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, OnceCell};

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// Whom an assertion is for, whatever the key file calls the place where it is exchanged.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long an assertion is valid.
const VALID_FOR: Duration = Duration::from_secs(3_600);
/// A token is renewed that long before it runs out.
const MARGIN: Duration = Duration::from_secs(120);
/// The most accounts remembered; the one unused for longest goes first.
const MOST_ACCOUNTS: NonZeroUsize = NonZeroUsize::new(128).unwrap();

/// What a service account's key file holds, as far as it is used.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: String,
}

#[derive(Deserialize)]
struct Exchanged {
    access_token: String,
    #[serde(default)]
    expires_in: Option<f64>,
}

/// The tokens of all accounts.
#[derive(Debug)]
pub(crate) struct Tokens {
    http: HttpClient,
    /// By the digest of the key file: the file itself is not kept.
    accounts: std::sync::Mutex<LruCache<[u8; 32], Arc<Account>>>,
    machine: OnceCell<AccessTokenCredentials>,
}

/// The token of one account; its lock is held while it is renewed, so that many calls renew it once.
#[derive(Debug, Default)]
struct Account(Mutex<Option<Token>>);

#[derive(Debug, Clone)]
struct Token {
    secret: Secret,
    until: Instant,
}

impl Tokens {
    pub(crate) fn new(http: HttpClient) -> Self {
        let accounts = std::sync::Mutex::new(LruCache::new(MOST_ACCOUNTS));
        Self { http, accounts, machine: OnceCell::new() }
    }

    /// A token of that key file, or of the machine.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`]: the key is no good, or there is none; [`ErrorKind::Permanent`]:
    /// the operator's key may not be sent to `host`.
    pub(crate) async fn token(&self, key: Option<&Secret>, host: &str) -> Result<Secret> {
        let Some(key) = key else { return self.of_machine().await };
        let text = key.expose_for(host)?;
        let account = self.account(text);
        let mut kept = account.0.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| Instant::now() < token.until) {
            return Ok(token.secret.clone());
        }
        let token = self.exchange(key, text).await?;
        *kept = Some(token.clone());
        Ok(token.secret)
    }

    /// A token was refused: the next call gets another one.
    pub(crate) async fn refused(&self, key: Option<&Secret>, host: &str, token: &Secret) {
        let Some(Ok(text)) = key.map(|key| key.expose_for(host)) else { return };
        let account = self.account(text);
        let mut kept = account.0.lock().await;
        if kept.as_ref().is_some_and(|kept| kept.secret == *token) {
            *kept = None;
        }
    }

    fn account(&self, key: &str) -> Arc<Account> {
        let digest: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(accounts.get_or_insert(digest, Arc::default))
    }

    async fn exchange(&self, key: &Secret, text: &str) -> Result<Token> {
        let file: KeyFile = serde_json::from_str(text).map_err(|error| {
            ConnectorError::unauthenticated(format!(
                "`google_application_credentials` is no key file of a service account: it must be JSON \
                 with `client_email`, `private_key` and `token_uri` ({})",
                unread(&error)
            ))
        })?;
        let bad = |error: ConnectorError| {
            let message = format!("the service account cannot sign in: {error}");
            ConnectorError::unauthenticated(message).with_source(error)
        };
        let signing = SigningKey::from_pem(&file.private_key).map_err(bad)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let claims = json!({
            "iss": file.client_email, "scope": SCOPE, "aud": AUDIENCE,
            "iat": now.as_secs(), "exp": (now + VALID_FOR).as_secs(),
        });
        let assertion = signing.token(file.private_key_id.as_deref(), &claims)?;
        let url = Url::parse(&file.token_uri).map_err(|error| {
            ConnectorError::unauthenticated(format!(
                "`token_uri` of the key file is no URL: {error}"
            ))
        })?;
        // The operator's key signs in where the operator lets it.
        key.expose_for(url.host_str().unwrap_or_default())?;
        let form = format!("grant_type={}&assertion={assertion}", GRANT.replace(':', "%3A"));
        let request = self.http.post(url).body("application/x-www-form-urlencoded", form);
        let asked = request.hiding(&assertion).repeatable().attempts(3);
        let answer = asked.for_at_most(Duration::from_secs(20)).send().await;
        let answer = answer.map_err(|error| match error.kind() {
            ErrorKind::Transient { .. } => error,
            _ => bad(error),
        })?;
        let Exchanged { access_token, expires_in } = answer.json()?;
        let valid = expires_in.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let valid = valid.unwrap_or(VALID_FOR).min(VALID_FOR).saturating_sub(MARGIN);
        Ok(Token { secret: Secret::new(access_token), until: Instant::now() + valid })
    }

    async fn of_machine(&self) -> Result<Secret> {
        let none = |error: &dyn std::fmt::Display| {
            ConnectorError::unauthenticated(format!(
                "the task brings no `google_application_credentials`, the operator lends none, and the \
                 machine has none either: {error}"
            ))
        };
        let machine = self
            .machine
            .get_or_try_init(|| async {
                let builder = Builder::default().with_scopes([SCOPE]);
                builder.build_access_token_credentials().map_err(|error| none(&error))
            })
            .await?;
        let asked = tokio::time::timeout(Duration::from_secs(20), machine.access_token()).await;
        let token = asked.or_transient("the machine's credentials do not answer")?;
        Ok(Secret::new(token.map_err(|error| none(&error))?.token))
    }
}

/// What is wrong with a text that is no JSON, without a word of the text: it is a secret.
fn unread(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => "a member is missing or of another type".to_owned(),
        _ => format!("it is no JSON at line {}, column {}", error.line(), error.column()),
    }
}
