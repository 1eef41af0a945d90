//! Snowflake as a fake: the session protocol over real HTTP on a port, with sessions that run out and
//! close, statements that are run once per session and request id, and everything it was asked written
//! down.

use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use connector_testing::{Vendor, VendorJob, VendorPort, VendorState};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::{self, Stream};
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "correct \"horse\" battery";
pub(crate) const OAUTH: &str = "an-oauth-token-of-the-fake";

/// What all who hold it share.
#[derive(Debug, Clone)]
pub(crate) struct FakeSnowflake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    port: VendorPort,
    books: Mutex<Books>,
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Asked {
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn is_login(&self) -> bool {
        self.path == "/session/v1/login-request"
    }
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) queries: Vec<Query>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) asked: Vec<Asked>,
    /// Answers to all but logins that are given before anybody looks: status and body.
    pub(crate) refusals: Vec<(u16, String)>,
    /// Answers to logins, in place of a session.
    pub(crate) no_entry: Vec<(u16, String)>,
    /// What is told of every query, in place of its own course.
    pub(crate) told: Option<Value>,
    /// So many of the newest queries are not in the history yet.
    pub(crate) history_lags: usize,
    /// The answer to a cancel.
    pub(crate) no_cancel: Option<Value>,
    pub(crate) gzip: bool,
    /// The next answer is cut off after the work is done.
    pub(crate) cut: bool,
    is_out: bool,
    delay: Duration,
}

#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) id: String,
    pub(crate) request_id: String,
    /// Of the session and its renewals.
    login: usize,
    pub(crate) body: Value,
    polls: usize,
    pub(crate) is_cancelled: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) token: String,
    pub(crate) master: String,
    /// 390112 until it is renewed.
    pub(crate) has_expired: bool,
    /// 390111 for ever.
    pub(crate) is_closed: bool,
    /// The master token is no good, either.
    pub(crate) master_expired: bool,
    /// The login that it goes back to.
    login: usize,
}

impl Query {
    fn view(&self, told: Option<&Value>) -> Value {
        let status = match (self.is_cancelled, self.polls) {
            (true, _) => "ABORTED",
            (false, 0) => "QUEUED",
            (false, 1) => "RUNNING",
            (false, _) => "SUCCESS",
        };
        let mut view = json!({
            "id": self.id, "status": status, "warehouseName": "WH", "totalDuration": 1234,
            "stats": {"scanBytes": 1_048_576, "producedRows": 42},
        });
        if self.is_cancelled {
            view["errorCode"] = "000604".into();
            view["errorMessage"] = "SQL execution canceled".into();
        }
        told.cloned().unwrap_or(view)
    }
}

impl FakeSnowflake {
    /// A fake with a port of its own, on which nobody serves yet.
    pub(crate) fn new() -> Self {
        let port = VendorPort::bind("127.0.0.1:0").unwrap();
        Self(Arc::new(Inner { port, books: Mutex::default() }))
    }

    pub(crate) fn url(&self) -> &str {
        self.0.port.url()
    }

    pub(crate) fn port(&self) -> &str {
        self.url().rsplit(':').next().unwrap()
    }

    /// Serves on the current runtime, with its clock, unless it does already.
    pub(crate) fn open(&self) {
        let routes = Router::new().fallback(at_the_gate).with_state(self.clone());
        let serve = |listener| async move { axum::serve(listener, routes).await };
        self.0.port.open(serve).unwrap();
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.books().asked)
    }

    /// The same without logins.
    pub(crate) fn asked_inside(&self) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| !asked.is_login()).collect()
    }
}

pub(crate) fn refusal(code: &str, message: &str) -> (u16, String) {
    (200, no(code, message).to_string())
}

fn no(code: &str, message: &str) -> Value {
    json!({"success": false, "code": code, "message": message, "data": {"sqlState": "42000"}})
}

fn yes(data: &Value) -> Value {
    json!({"success": true, "code": null, "message": null, "data": data})
}

async fn at_the_gate(
    State(fake): State<FakeSnowflake>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).unwrap().0;
    let asked = Asked {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query,
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    let (answer, gzip, delay, cut) = {
        let mut books = fake.books();
        books.asked.push(asked.clone());
        let cut = !asked.is_login() && std::mem::take(&mut books.cut);
        // What is cut off has been done.
        let refusals = if cut { std::mem::take(&mut books.refusals) } else { Vec::new() };
        let answer = books.answer(&asked);
        books.refusals.extend(refusals);
        (answer, books.gzip, books.delay, cut)
    };
    tokio::time::sleep(delay).await;
    let (status, text) = answer;
    let status = StatusCode::from_u16(status).unwrap();
    let kind = if text.starts_with('<') { "text/html" } else { "application/snowflake" };
    if cut {
        // A length that does not come: the connection breaks.
        let broken = axum::body::Body::from_stream(cut_off());
        return (status, [(header::CONTENT_LENGTH, "1000000")], broken).into_response();
    }
    if gzip {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        let body = encoder.finish().unwrap();
        let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_ENCODING, "gzip")];
        return (status, headers, body).into_response();
    }
    (status, [(header::CONTENT_TYPE, kind)], text).into_response()
}

fn cut_off() -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
    stream::once(async { Err(std::io::Error::other("cut off")) })
}

impl Books {
    fn answer(&mut self, asked: &Asked) -> (u16, String) {
        if self.is_out {
            return (503, "later".to_owned());
        }
        if asked.is_login() {
            if !self.no_entry.is_empty() {
                return self.no_entry.remove(0);
            }
            return (200, self.login(&asked.body["data"]).to_string());
        }
        if !self.refusals.is_empty() {
            return self.refusals.remove(0);
        }
        let token = asked.header("authorization");
        let token = token.strip_prefix("Snowflake Token=\"").and_then(|it| it.strip_suffix('"'));
        let token = token.unwrap_or_default().to_owned();
        if asked.path == "/session/token-request" {
            return (200, self.renew(&token, &asked.body).to_string());
        }
        let session = self.sessions.iter_mut().find(|session| session.token == token);
        let answer = match session {
            None => no("390104", "There is no such session"),
            Some(session) if session.is_closed => no("390111", "Session no longer exists"),
            Some(session) if session.has_expired => no("390112", "Session has expired"),
            Some(&mut Session { login, .. }) => match asked.path.as_str() {
                "/queries/v1/query-request" => self.run(asked, login),
                "/session" => {
                    self.sessions.iter_mut().for_each(|it| it.is_closed |= it.token == token);
                    yes(&Value::Null)
                }
                path => match path.strip_prefix("/monitoring/queries/") {
                    Some(id) => self.look(id),
                    None => return (404, String::new()),
                },
            },
        };
        (200, answer.to_string())
    }

    fn login(&mut self, data: &Value) -> Value {
        let token = data["TOKEN"].as_str().unwrap_or_default();
        let is_good = match data["AUTHENTICATOR"].as_str() {
            None => data["PASSWORD"] == PASSWORD,
            Some("OAUTH") => token == OAUTH,
            Some("SNOWFLAKE_JWT") => token.starts_with("ey") && token.split('.').count() == 3,
            Some(_) => false,
        };
        if !is_good {
            return no("390100", "Incorrect username or password was specified.");
        }
        self.admit("token", self.sessions.len())
    }

    fn admit(&mut self, name: &str, login: usize) -> Value {
        let number = self.sessions.len();
        let session = Session {
            token: format!("session-token-{number}"),
            master: format!("master-token-{number}"),
            has_expired: false,
            is_closed: false,
            master_expired: false,
            login,
        };
        let data = json!({
            name: session.token, "masterToken": session.master, "masterValidityInSeconds": 14_400,
        });
        self.sessions.push(session);
        yes(&data)
    }

    fn renew(&mut self, master: &str, body: &Value) -> Value {
        let old = self.sessions.iter().find(|session| session.master == master);
        match old {
            Some(session) if session.master_expired || session.is_closed => {
                no("390114", "Master token has expired")
            }
            Some(session) if body["oldSessionToken"] == session.token => {
                self.admit("sessionToken", session.login)
            }
            _ => no("390115", "Master token is invalid"),
        }
    }

    fn run(&mut self, asked: &Asked, login: usize) -> Value {
        let sql = asked.body["sqlText"].as_str().unwrap();
        if sql.contains("query_history_by_user") {
            let tag = &asked.body["bindings"]["1"]["value"];
            let known = self.queries.len().saturating_sub(self.history_lags);
            let of_tag = |it: &&Query| it.body["parameters"]["QUERY_TAG"] == *tag;
            let row = |it: &Query| json!([it.id, it.is_cancelled.then_some("604")]);
            let rows: Vec<_> = self.queries.iter().take(known).filter(of_tag).map(row).collect();
            return yes(&json!({"rowset": rows}));
        }
        if let Some(rest) = sql.strip_prefix("SELECT SYSTEM$CANCEL_QUERY('") {
            if let Some(no) = &self.no_cancel {
                return no.clone();
            }
            let id = rest.strip_suffix("')").unwrap();
            return match self.queries.iter_mut().find(|query| query.id == id) {
                None => no("000709", "Statement not found"),
                Some(query) => {
                    query.is_cancelled |= query.polls < 2;
                    yes(&json!({"rowset": [["query terminated."]]}))
                }
            };
        }
        let request_id = asked.query("requestId").unwrap().to_owned();
        // As the vendor's own driver tests it: the same id in another session is another query.
        let is_it = |query: &Query| query.request_id == request_id && query.login == login;
        if !self.queries.iter().any(is_it) {
            let id = format!("01b2c3d4-0000-1111-0000-{:012x}", self.queries.len());
            let (request_id, body) = (request_id.clone(), asked.body.clone());
            let query = Query { id, request_id, login, body, polls: 0, is_cancelled: false };
            self.queries.push(query);
        }
        let query = self.queries.iter().find(|query| is_it(query)).unwrap();
        let result = format!("/queries/{}/result", query.id);
        let mut answer = yes(&json!({"queryId": query.id, "getResultUrl": result}));
        (answer["code"], answer["success"]) = ("333334".into(), true.into());
        answer
    }

    fn look(&mut self, id: &str) -> Value {
        let told = self.told.clone();
        let Some(query) = self.queries.iter_mut().find(|query| query.id == id) else {
            return yes(&json!({"queries": []}));
        };
        let view = query.view(told.as_ref());
        query.polls += 1;
        yes(&json!({"queries": [view]}))
    }
}

impl Vendor for FakeSnowflake {
    async fn jobs(&self) -> Vec<VendorJob> {
        let books = self.books();
        let job = |query: &Query| {
            let state = match (query.is_cancelled, query.polls) {
                (true, _) => VendorState::Cancelled,
                (false, 0..=2) => VendorState::Live,
                (false, _) => VendorState::Succeeded,
            };
            VendorJob::new(&query.id, state).key(&query.request_id)
        };
        books.queries.iter().map(job).collect()
    }

    fn outage(&self, on: bool) -> bool {
        self.books().is_out = on;
        true
    }

    fn slow(&self, by: Duration) -> bool {
        self.books().delay = by;
        true
    }
}
