//! A fake Snowflake: the session protocol as the official client of Python speaks it, with queries whose
//! status a test sets and sessions that it ends.
//! Facts are those of snowflake-connector-python 4.8.1, which is content with these answers.

use std::collections::VecDeque;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::fake::{Answer, Call, Vendor};

/// Opens nothing: it was made for tests.
pub const PRIVATE_KEY: &str =
    include_str!("../../../connectors/snowflake/tests/queries/made-for-tests.pem");
/// The password that is good.
pub const PASSWORD: &str = "swordfish and more";

const CANCEL: &str = "SELECT SYSTEM$CANCEL_QUERY('";

/// The vendor.
#[derive(Debug, Default)]
pub struct Snowflake {
    /// Every query, the oldest first.
    pub queries: Vec<Query>,
    /// Every session.
    pub sessions: Vec<Session>,
    /// What the next calls inside of a session get, whatever they ask for.
    pub next: VecDeque<Answer>,
    /// After so many looks a query has succeeded; `None` leaves that to [`Snowflake::newest_is`].
    pub looks: Option<u32>,
    /// So many of the newest queries are not in the history yet.
    pub history_lags: usize,
    /// Transcripts do not tell of sessions, for a client that makes one for each call.
    pub hides_sessions: bool,
    /// How many queries there ever were.
    submitted: usize,
}

/// A query.
#[derive(Debug)]
pub struct Query {
    /// What Snowflake calls it.
    pub id: String,
    /// The id of the request that made it, which counts in its session.
    pub request_id: String,
    /// The session, by the number of its login.
    pub login: usize,
    /// As it was submitted.
    pub sql: String,
    /// As `/monitoring/queries` tells it.
    pub told: Value,
    /// Whether every earlier query of its tag had been cancelled, and there was one.
    pub replaces: bool,
    tag: Value,
    looks: u32,
}

/// A session.
#[derive(Debug)]
pub struct Session {
    token: String,
    master: String,
    /// Its token has run out.
    pub has_expired: bool,
    is_closed: bool,
    /// The number of the login that it goes back to.
    login: usize,
}

impl Query {
    /// Its tag, which tells the attempt.
    #[must_use]
    pub fn key(&self) -> &str {
        self.tag.as_str().unwrap_or_default()
    }

    /// Whether somebody has cancelled it.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.told["errorCode"] == "000604"
    }
}

impl Snowflake {
    /// The refusal of that code.
    #[must_use]
    pub fn refusal(code: &str, message: &str) -> Answer {
        no(code, message).into()
    }

    /// The newest query is in that status from now on.
    pub fn newest_is(&mut self, status: &str) {
        self.newest_tells(json!({"status": status, "errorCode": "", "errorMessage": ""}));
    }

    /// That is told of the newest query from now on.
    pub fn newest_tells(&mut self, told: Value) {
        if let Some(query) = self.queries.last_mut() {
            query.told = told;
        }
    }

    fn login(&mut self, data: &Value) -> Value {
        let is_good = match data["AUTHENTICATOR"].as_str() {
            Some("SNOWFLAKE_JWT") => claims(data).is_some(),
            _ => data["PASSWORD"] == PASSWORD,
        };
        if !is_good {
            return no("390100", "Incorrect username or password was specified.");
        }
        let (token, master) = self.admit(self.sessions.len());
        yes(json!({
            "token": token, "masterToken": master, "validityInSeconds": 3600,
            "masterValidityInSeconds": 14_400, "parameters": [], "sessionId": 1,
            "sessionInfo": {"databaseName": "DB", "schemaName": "PUBLIC", "warehouseName": "WH"},
        }))
    }

    fn admit(&mut self, login: usize) -> (String, String) {
        let number = self.sessions.len();
        let (token, master) = (format!("session-{number}"), format!("master-{number}"));
        let session = Session {
            token: token.clone(),
            master: master.clone(),
            has_expired: false,
            is_closed: false,
            login,
        };
        self.sessions.push(session);
        (token, master)
    }

    fn renew(&mut self, master: &str) -> Value {
        let old = self.sessions.iter().find(|it| it.master == master && !it.is_closed);
        let Some(login) = old.map(|session| session.login) else {
            return no("390114", "Master token has expired");
        };
        let (token, master) = self.admit(login);
        yes(json!({"sessionToken": token, "masterToken": master}))
    }

    /// The queries with that tag, the oldest first, as `query_history_by_user` has them.
    fn history(&self, tag: &Value) -> Value {
        let known = self.queries.len().saturating_sub(self.history_lags);
        let of_tag = self.queries.iter().take(known).filter(|query| query.tag == *tag);
        let rows: Vec<Value> =
            of_tag.map(|query| json!([query.id, query.is_cancelled().then_some("604")])).collect();
        yes(json!({"rowset": rows, "returned": rows.len(), "queryResultFormat": "json"}))
    }

    fn run(&mut self, request_id: &str, login: usize, body: &Value) -> Value {
        let sql = body["sqlText"].as_str().unwrap_or_default();
        if sql.contains("query_history_by_user") {
            return self.history(&body["bindings"]["1"]["value"]);
        }
        if let Some(rest) = sql.strip_prefix(CANCEL) {
            let query = self.queries.iter_mut().find(|query| rest.starts_with(&query.id));
            let Some(query) = query else { return no("000709", "Statement not found") };
            if query.told["status"] != "SUCCESS" {
                query.told = json!({
                    "status": "ABORTED", "errorCode": "000604", "errorMessage": "SQL execution canceled",
                });
            }
            return yes(json!({
                "rowtype": [{"name": "S", "type": "text", "length": 9, "byteLength": 9,
                             "precision": null, "scale": null, "nullable": true}],
                "rowset": [["done"]],
                "total": 1, "returned": 1, "queryResultFormat": "json", "statementTypeId": 4096,
                "parameters": [], "queryId": "01b2c3d4-ffff-1111-0000-000000000000",
            }));
        }
        // As the vendor's own driver tests it: the same id in another session is another query.
        let same = |query: &&Query| query.request_id == request_id && query.login == login;
        let id = match self.queries.iter().find(same) {
            Some(query) => query.id.clone(),
            None => {
                self.submitted += 1;
                let id = format!("01b2c3d4-0000-1111-0000-{:012x}", self.submitted);
                let told = json!({"status": "RUNNING", "errorCode": "", "errorMessage": ""});
                let tag = body["parameters"]["QUERY_TAG"].clone();
                let mut earlier = self.queries.iter().filter(|it| it.tag == tag).peekable();
                let replaces = earlier.peek().is_some() && earlier.all(Query::is_cancelled);
                self.queries.push(Query {
                    id: id.clone(),
                    request_id: request_id.to_owned(),
                    login,
                    sql: sql.to_owned(),
                    told,
                    replaces,
                    tag,
                    looks: 0,
                });
                id
            }
        };
        let url = format!("/queries/{id}/result");
        let mut answer = yes(json!({"queryId": id, "getResultUrl": url}));
        answer["code"] = "333334".into();
        answer
    }
}

fn yes(data: Value) -> Value {
    let mut answer = json!({"success": true, "code": null, "message": null});
    answer["data"] = data;
    answer
}

fn no(code: &str, message: &str) -> Value {
    json!({"success": false, "code": code, "message": message, "data": {"sqlState": "42000"}})
}

/// What a web token says of its bearer.
fn claims(data: &Value) -> Option<Value> {
    let claims = data["TOKEN"].as_str()?.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    let valid = claims["exp"].as_u64()? - claims["iat"].as_u64()?;
    Some(json!({"iss": claims["iss"], "sub": claims["sub"], "valid_for": valid}))
}

/// The body, which the official client packs.
fn body(call: &Call) -> Value {
    if call.header("content-encoding") != "gzip" {
        return call.json();
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&*call.body).read_to_end(&mut plain).ok();
    serde_json::from_slice(&plain).unwrap_or_default()
}

fn token(call: &Call) -> &str {
    let token = call.header("authorization").strip_prefix("Snowflake Token=\"");
    token.and_then(|token| token.strip_suffix('"')).unwrap_or_default()
}

fn is_cancel(body: &Value) -> bool {
    body["sqlText"].as_str().is_some_and(|sql| sql.starts_with(CANCEL))
}

impl Vendor for Snowflake {
    fn answer(&mut self, call: &Call) -> Answer {
        let body = body(call);
        match call.path.as_str() {
            "/session/v1/login-request" => return self.login(&body["data"]).into(),
            "/session/token-request" => return self.renew(token(call)).into(),
            "/telemetry/send" => return yes(Value::Null).into(),
            _ => {}
        }
        if let Some(answer) = self.next.pop_front() {
            return answer;
        }
        let session = self.sessions.iter_mut().find(|session| session.token == token(call));
        match session {
            None => return Self::refusal("390104", "There is no such session"),
            Some(session) if session.is_closed => {
                return Self::refusal("390111", "Session no longer exists");
            }
            Some(session) if session.has_expired => {
                return Self::refusal("390112", "Session has expired");
            }
            Some(session) if call.path == "/session" => {
                session.is_closed = true;
                return yes(Value::Null).into();
            }
            Some(_) => {}
        }
        let login = self.sessions.iter().find(|it| it.token == token(call)).map(|it| it.login);
        match (call.method.as_str(), call.parts().as_slice()) {
            ("POST", ["queries", "v1", "query-request"]) => {
                let request_id = call.query.get("requestId").cloned().unwrap_or_default();
                self.run(&request_id, login.unwrap_or_default(), &body).into()
            }
            ("GET", ["monitoring", "queries", id]) => {
                let found = self.queries.iter_mut().find(|query| query.id == *id);
                let looks = self.looks;
                let look = |query: &mut Query| {
                    query.looks += 1;
                    if looks.is_some_and(|looks| query.looks > looks) && !query.is_cancelled() {
                        query.told =
                            json!({"status": "SUCCESS", "errorCode": "", "errorMessage": ""});
                    }
                    query.told.clone()
                };
                let found: Vec<_> = found.map(look).into_iter().collect();
                yes(json!({"queries": found})).into()
            }
            _ => Answer::Json(404, Value::Null),
        }
    }

    fn told(&self, call: &Call) -> Option<Value> {
        let is_of_session = matches!(&*call.path, "/session/v1/login-request" | "/session");
        if call.path == "/telemetry/send" || (is_of_session && self.hides_sessions) {
            return None;
        }
        let mut query = call.query.clone();
        let mut body = body(call);
        if let Some(data) = body.get("data").filter(|data| data.is_object()) {
            // Whose, and how; the environment of the client is its own.
            query.remove("request_id");
            let names =
                ["ACCOUNT_NAME", "LOGIN_NAME", "AUTHENTICATOR", "PASSWORD", "CLIENT_APP_ID"];
            let sent = names.into_iter().filter_map(|name| Some((name, data.get(name)?.clone())));
            let mut told: Map<_, _> = sent.map(|(name, value)| (name.to_owned(), value)).collect();
            told.insert("claims".to_owned(), claims(data).unwrap_or_default());
            body = told.into();
        }
        if is_cancel(&body) || call.path == "/session/token-request" {
            query.retain(|name, _| !name.to_lowercase().starts_with("request"));
        }
        for (name, at) in [("clientStartTime", "now"), ("retryCount", "n")] {
            query.entry(name.to_owned()).and_modify(|value| at.clone_into(value));
        }
        if let Some(body) = body.as_object_mut() {
            body.retain(|name, _| {
                let is_told = name != "sequenceId" || !self.hides_sessions;
                is_told && !matches!(name.as_str(), "querySubmissionTime" | "oldSessionToken")
            });
        }
        let names = ["accept", "content-type", "content-encoding"];
        let sent = names.into_iter().filter(|name| call.headers.contains_key(*name));
        let headers: Map<_, _> =
            sent.map(|name| (name.to_owned(), call.header(name).into())).collect();
        let known = |session: &&Session| {
            [&session.token, &session.master].contains(&&token(call).to_owned())
        };
        Some(json!({
            "method": call.method, "path": call.path, "query": query, "headers": headers, "body": body,
            "is_in_a_session": self.sessions.iter().find(known).is_some(),
        }))
    }

    fn job_of(&self, resource_meta: &Value) -> Option<String> {
        Some(resource_meta["query_id"].as_str()?.to_owned())
    }

    /// Python writes a dictionary in the order of a hash table.
    fn told_meta(&self, resource_meta: &str) -> String {
        const LAST: &str = "\"connection_kwargs\": ";
        let sorted = |rest: &str| serde_json::from_str::<Value>(rest.strip_suffix('}')?).ok();
        match resource_meta.split_once(LAST) {
            Some((before, rest)) => sorted(rest)
                .map_or_else(|| resource_meta.to_owned(), |it| format!("{before}{LAST}{it}}}")),
            None => resource_meta.to_owned(),
        }
    }

    fn chosen(&self, call: &Call) -> Option<String> {
        let is_query = call.path == "/queries/v1/query-request" && !is_cancel(&body(call));
        is_query.then(|| call.query.get("requestId").cloned()).flatten()
    }
}
