//! Access tokens for BigQuery: of the service account that a task or the operator brings, or of the
//! machine (application default credentials) where nobody brings one.
//! `api` asks for a token before each call and says when one was refused.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connector_core::prelude::*;
use connector_http::{AccessToken, HttpClient, SigningKey, TokenCache, Url};
use serde_json::json;

use crate::machine::{Machine, SCOPE};

/// Whom an assertion is for, whatever the key file calls the place where it is exchanged.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long an assertion is valid.
const VALID_FOR: Duration = Duration::from_secs(3_600);

/// What a service account's key file holds, as far as it is used.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: String,
}

/// The tokens of all accounts.
#[derive(Debug)]
pub(crate) struct Tokens {
    http: HttpClient,
    accounts: TokenCache,
    machine: Machine,
}

impl Tokens {
    pub(crate) fn new(http: HttpClient) -> Self {
        Self { http, accounts: TokenCache::default(), machine: Machine::default() }
    }

    /// A token of that key file, or of the machine.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`]: the key is no good, or there is none; [`ErrorKind::Permanent`]:
    /// the operator's key may not be sent to `host`.
    pub(crate) async fn token(&self, key: Option<&Secret>, host: &str) -> Result<Secret> {
        let Some(key) = key else { return self.machine.token().await };
        let text = key.expose_for(host)?;
        self.accounts.token(&[text], self.exchange(key, text)).await
    }

    /// A token was refused: the next call gets another one.
    pub(crate) async fn refused(&self, key: Option<&Secret>, host: &str, token: &Secret) {
        let Some(Ok(text)) = key.map(|key| key.expose_for(host)) else { return };
        self.accounts.refused(&[text], token).await;
    }

    async fn exchange(&self, key: &Secret, text: &str) -> Result<AccessToken> {
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
        answer.secret_json()
    }
}

/// What is wrong with a text that is no JSON, without a word of the text: it is a secret.
fn unread(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => "a member is missing or of another type".to_owned(),
        _ => format!("it is no JSON at line {}, column {}", error.line(), error.column()),
    }
}
