//! Sessions with Snowflake: one for everybody who is in the same place with the same credential.
//! `api` makes its calls in one, and says when one has run out or is gone. A session is never closed:
//! queries of others may run in it, and Snowflake ends it by itself.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use connector_core::prelude::*;
use connector_http::{Endpoint, HeaderName, HttpClient, Reading, Refusal, Request, Url};
use lru::LruCache;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::config::Place;
use crate::credentials::Credential;
use crate::envelope::Envelope;

/// What Snowflake sees as the program that calls.
pub(crate) const USER_AGENT: &str =
    concat!("flyte-connector-snowflake/", env!("CARGO_PKG_VERSION"));

/// The most sessions remembered; the one unused for longest goes first.
const MOST: NonZeroUsize = NonZeroUsize::new(256).unwrap();
/// How long a session is used where Snowflake does not say how long its master token is good.
const AGE: Duration = Duration::from_secs(4 * 3_600);
/// The longest it is used, whatever Snowflake says.
const OLDEST: Duration = Duration::from_secs(24 * 3_600);
/// How long a refused login is not tried again by polls: a user is locked after a few of them.
const REFUSED_FOR: Duration = Duration::from_secs(60);
/// How long one login may take, all in all.
const LOGIN_FOR: Duration = Duration::from_secs(20);

/// A place, and what opens it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seat<'a> {
    pub(crate) place: &'a Place,
    pub(crate) credential: &'a Credential,
    /// Whether a login that was refused a moment ago is tried again.
    pub(crate) insists: bool,
}

/// A session as calls need it.
#[derive(Debug)]
pub(crate) struct Tokens {
    session: Secret,
    master: Option<Secret>,
    /// What must not be seen in an answer.
    hidden: Arc<Vec<Secret>>,
    until: Instant,
    /// Calls of a session are numbered.
    calls: AtomicU64,
    /// Of the session and its renewals; another session is another number.
    pub(crate) login: u64,
}

#[derive(Debug, Default)]
struct Session {
    tokens: Option<Arc<Tokens>>,
    refused: Option<(Instant, String)>,
}

/// All sessions.
#[derive(Debug)]
pub(crate) struct Sessions {
    http: HttpClient,
    endpoint: Endpoint,
    /// By the digest of place and credential. A session's lock is held while it is made, so that many
    /// calls make it once.
    known: std::sync::Mutex<LruCache<[u8; 32], Arc<Mutex<Session>>>>,
}

impl Tokens {
    /// The number of the next call.
    pub(crate) fn next(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }

    /// Makes a request in this session.
    pub(crate) fn request(&self, request: Request) -> Result<Request> {
        let text = format!("Token=\"{}\"", self.session.expose()?);
        let request = request.authorization("Snowflake", &Secret::new(text))?;
        let tokens: Vec<Secret> =
            [Some(&self.session), self.master.as_ref()].into_iter().flatten().cloned().collect();
        hiding(hiding(request, &tokens)?, &self.hidden)
    }
}

/// Takes secrets out of the answer.
fn hiding(mut request: Request, secrets: &[Secret]) -> Result<Request> {
    for secret in secrets {
        request = request.hiding(secret.expose()?);
    }
    Ok(request)
}

impl Sessions {
    pub(crate) fn new(endpoint: Endpoint) -> Result<Self> {
        let http = HttpClient::builder("Snowflake's sign-in")
            .user_agent(USER_AGENT)
            .dialect(read_sign_in)
            .build()?;
        Ok(Self { http, endpoint, known: std::sync::Mutex::new(LruCache::new(MOST)) })
    }

    /// Where all calls go, if the operator set that; else each task names an account.
    pub(crate) fn address(&self) -> Option<String> {
        self.endpoint.fixed().map(ToString::to_string)
    }

    /// The URL of a call.
    pub(crate) fn url(&self, place: &Place, path: &str, query: &[(&str, &str)]) -> Result<Url> {
        let mut url = place.url()?;
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(self.endpoint.of(url))
    }

    /// The session of that seat, made if there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`]: Snowflake does not let the user in; [`ErrorKind::Permanent`]: the
    /// operator's credential is not for that host.
    pub(crate) async fn tokens(&self, seat: Seat<'_>) -> Result<Arc<Tokens>> {
        let session = self.session(seat)?;
        let mut session = session.lock().await;
        if let Some(tokens) = session.tokens.as_ref().filter(|it| Instant::now() < it.until) {
            return Ok(Arc::clone(tokens));
        }
        if let Some((at, why)) = &session.refused
            && !seat.insists
            && at.elapsed() < REFUSED_FOR
        {
            return Err(ConnectorError::unauthenticated(why.clone()));
        }
        session.tokens = None;
        match self.login(seat).await {
            Ok(tokens) => {
                let tokens = Arc::new(tokens);
                *session = Session { tokens: Some(Arc::clone(&tokens)), refused: None };
                Ok(tokens)
            }
            Err(error) => {
                if error.kind() == ErrorKind::Unauthenticated {
                    session.refused = Some((Instant::now(), error.message().to_owned()));
                }
                Err(error)
            }
        }
    }

    /// A session has run out: its master token gets another token for it, or else it is made anew.
    pub(crate) async fn renew(&self, seat: Seat<'_>, old: &Arc<Tokens>) -> Result<()> {
        let session = self.session(seat)?;
        let mut session = session.lock().await;
        // Many calls see the same end; one of them renews it.
        if session.tokens.as_ref().is_some_and(|tokens| Arc::ptr_eq(tokens, old)) {
            session.tokens = self.renewed(seat, old).await?.map(Arc::new);
        }
        Ok(())
    }

    /// A session is gone: the next call makes another one.
    pub(crate) async fn forget(&self, seat: Seat<'_>, old: &Arc<Tokens>) -> Result<()> {
        let session = self.session(seat)?;
        let mut session = session.lock().await;
        if session.tokens.as_ref().is_some_and(|tokens| Arc::ptr_eq(tokens, old)) {
            session.tokens = None;
        }
        Ok(())
    }

    fn session(&self, seat: Seat<'_>) -> Result<Arc<Mutex<Session>>> {
        let Seat { place, credential, .. } = seat;
        let url = place.url()?;
        // Whoever may not send a credential there does not find its session either.
        let texts = credential.texts(&authority(&url))?;
        let kept = Value::Object(place.kept()).to_string();
        let Place { account, user, database, schema, warehouse, .. } = place;
        let parts = [account, user, database, schema, warehouse, &kept].into_iter();
        let parts = parts.map(String::as_str).chain([url.as_str()]).chain(texts);
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        let digest: [u8; 32] = digest.finalize().into();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(known.get_or_insert(digest, Arc::default)))
    }

    async fn login(&self, seat: Seat<'_>) -> Result<Tokens> {
        let Seat { place, credential, .. } = seat;
        let said = credential.said(place, &authority(&place.url()?))?;
        let request_id = random_uuid();
        let mut query = vec![
            ("request_id", request_id.as_str()),
            ("databaseName", &place.database),
            ("schemaName", &place.schema),
            ("warehouse", &place.warehouse),
        ];
        query.extend(place.kwarg("role").map(|role| ("roleName", role)));
        let url = self.url(place, "/session/v1/login-request", &query)?;
        let mut body = json!({
            "ACCOUNT_NAME": place.account_name(), "LOGIN_NAME": place.user,
            // The server takes its clients by name. This one speaks as the official connector's does.
            "CLIENT_APP_ID": "PythonConnector", "CLIENT_APP_VERSION": "4.8.1",
            "CLIENT_ENVIRONMENT": {"APPLICATION": USER_AGENT, "OS": std::env::consts::OS},
            "SESSION_PARAMETERS": place.session_parameters(),
        });
        if let Some(body) = body.as_object_mut() {
            body.extend(said.members.clone());
        }
        let request = self.http.post(url).json(&json!({"data": body}))?.repeatable().attempts(3);
        let request = asking(request, "application/snowflake")?.for_at_most(LOGIN_FOR);
        let refused = |told: &str| {
            ConnectorError::unauthenticated(format!(
                "Snowflake does not let the user {:?} of the account {:?} in: {told}",
                place.user, place.account
            ))
        };
        let answer = hiding(request, &said.hidden)?.send().await;
        let answer = answer.map_err(|error| match error.kind() {
            ErrorKind::Unauthenticated => refused(&format!(
                "{error}; is the account's name right, and may this network call it?"
            )),
            _ => error,
        })?;
        let envelope: Envelope = answer.secret_json()?;
        if !envelope.success {
            return Err(refused(&envelope.told()));
        }
        self.tokens_of(&envelope, "token", said.hidden.into()).ok_or_else(|| {
            refused("it wants a second factor, which nobody can give here; use a key pair")
        })
    }

    /// `None` if the master token is no good any more.
    async fn renewed(&self, seat: Seat<'_>, old: &Tokens) -> Result<Option<Tokens>> {
        let Some(master) = &old.master else { return Ok(None) };
        let request_id = random_uuid();
        let query = [("request_id", request_id.as_str())];
        let url = self.url(seat.place, "/session/token-request", &query)?;
        let body = json!({"oldSessionToken": old.session.expose()?, "requestType": "RENEW"});
        let request = self.http.post(url).json(&body)?.repeatable().attempts(3);
        let request = asking(request, "application/json")?.for_at_most(LOGIN_FOR);
        let as_master = Tokens {
            session: master.clone(),
            master: Some(old.session.clone()),
            hidden: Arc::clone(&old.hidden),
            until: old.until,
            calls: AtomicU64::new(0),
            login: old.login,
        };
        let answer = as_master.request(request)?.send().await;
        let envelope: Envelope = match answer {
            Ok(answer) => answer.secret_json()?,
            Err(error) if error.kind() == ErrorKind::Unauthenticated => return Ok(None),
            Err(error) => return Err(error),
        };
        if !envelope.success {
            tracing::debug!("a session is made anew: {}", envelope.told());
            return Ok(None);
        }
        let mut tokens = self.tokens_of(&envelope, "sessionToken", Arc::clone(&old.hidden));
        if let Some(tokens) = &mut tokens {
            tokens.master = tokens.master.take().or_else(|| old.master.clone());
            tokens.calls = AtomicU64::new(old.next());
            tokens.login = old.login;
        }
        Ok(tokens)
    }

    fn tokens_of(
        &self,
        envelope: &Envelope,
        name: &str,
        hidden: Arc<Vec<Secret>>,
    ) -> Option<Tokens> {
        let text = |name: &str| envelope.data.get(name)?.as_str().map(Secret::new);
        let seconds = envelope.data.get("masterValidityInSeconds").and_then(Value::as_f64);
        let valid = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let valid = valid.filter(|valid| !valid.is_zero()).unwrap_or(AGE).min(OLDEST);
        Some(Tokens {
            session: text(name)?,
            master: text("masterToken"),
            hidden,
            until: Instant::now() + valid,
            calls: AtomicU64::new(1),
            login: fastrand::u64(..),
        })
    }
}

/// Says what kind of answer is wanted.
pub(crate) fn asking(request: Request, accept: &str) -> Result<Request> {
    request.header(HeaderName::from_static("accept"), accept)
}

/// Host and port of a URL, as a secret's hosts are written.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// A UUID of version 4.
pub(crate) fn random_uuid() -> String {
    let bits = fastrand::u128(..);
    let bits = bits & !(0xf << 76) | (0x4 << 76);
    let bits = bits & !(0b11 << 62) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        bits >> 96,
        (bits >> 80) & 0xffff,
        (bits >> 64) & 0xffff,
        (bits >> 48) & 0xffff,
        bits & 0xffff_ffff_ffff
    )
}

/// The UUID of the same attempt's query of that number, for one whose earlier queries were cancelled.
pub(crate) fn numbered(uuid: &str, number: u8) -> String {
    let (head, last) = uuid.split_at_checked(uuid.len().saturating_sub(2)).unwrap_or((uuid, ""));
    format!("{head}{:02x}", u8::from_str_radix(last, 16).unwrap_or_default() ^ number)
}

/// How the door says no: by a status where the account is none or the network is not let in.
fn read_sign_in(refusal: &Refusal<'_>) -> Reading {
    let Envelope { code, message, .. } = Envelope::read(refusal.body);
    let shut = matches!(refusal.status.as_u16(), 400 | 401 | 403 | 404 | 405);
    Reading {
        code: Some(code).filter(|code| !code.is_empty()),
        message: Some(message).filter(|message| !message.is_empty()),
        kind: shut.then_some(ErrorKind::Unauthenticated),
        ..Reading::default()
    }
}
