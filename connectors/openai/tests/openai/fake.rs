//! A fake of OpenAI's batches: it keeps those that are ordered, lists the newest first, and writes down what it
//! is asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use serde_json::{Value, json};

pub(crate) const KEY: &str = "sk-0123456789abcdef";

/// What is wrong with the next call.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// It is refused.
    Refused(u16, Value),
    /// It is done, and a server in between says that it was not.
    DoneAndLost,
    /// It is not done, and a server in between says so.
    Lost,
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) batches: Vec<Value>,
    pub(crate) troubles: VecDeque<Trouble>,
    /// Method, path with query, and organization of each call.
    pub(crate) asked: Vec<String>,
    /// So many times a list does not show what came last.
    pub(crate) behind: usize,
    /// Batches on a page, whatever is asked for.
    pub(crate) page: Option<usize>,
}

#[derive(Clone, Default)]
pub(crate) struct OpenAi {
    books: Arc<Mutex<Books>>,
}

impl OpenAi {
    /// Serves one on a free port, and says below which URL.
    pub(crate) async fn open() -> (Self, String) {
        let fake = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/v1", listener.local_addr().unwrap());
        let service = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, service).await });
        (fake, base)
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// The calls since the last time.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.books().asked)
    }

    pub(crate) fn trouble(&self, trouble: Trouble) {
        self.books().troubles.push_back(trouble);
    }

    /// What the newest batch is from now on.
    pub(crate) fn newest_is(&self, told: &Value) {
        let mut books = self.books();
        let newest = books.batches.last_mut().unwrap().as_object_mut().unwrap();
        newest.extend(told.as_object().unwrap().clone());
    }
}

impl Books {
    /// Another batch, ordered that many seconds ago.
    pub(crate) fn order(&mut self, body: &Value, seconds_ago: u64) -> Value {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let mut batch = json!({
            "id": format!("batch_{}", self.batches.len()), "object": "batch", "status": "validating",
            "created_at": now - seconds_ago, "errors": null, "output_file_id": null, "error_file_id": null,
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
        });
        let members = batch.as_object_mut().unwrap();
        members.extend(body.as_object().unwrap().clone());
        self.batches.push(batch.clone());
        batch
    }

    fn list(&mut self, query: &str) -> Value {
        let shown =
            if self.behind > 0 { self.batches.len().saturating_sub(1) } else { self.batches.len() };
        self.behind = self.behind.saturating_sub(1);
        let newest: Vec<_> = self.batches.iter().take(shown).rev().cloned().collect();
        let after = query.split('&').find_map(|pair| pair.strip_prefix("after="));
        let from =
            after.map_or(0, |after| newest.iter().position(|it| it["id"] == after).unwrap() + 1);
        let most = self.page.unwrap_or(100);
        let data: Vec<_> = newest.iter().skip(from).take(most).cloned().collect();
        json!({"object": "list", "data": data, "has_more": from + data.len() < newest.len()})
    }

    fn does(&mut self, method: &str, path: &str, query: &str, body: &Value) -> (u16, Value) {
        let parts: Vec<_> = path.trim_start_matches("/v1/batches").split('/').collect();
        let missing = || refusal(404, "not_found", "No batch found");
        let (id, cancels) = match (method, parts.as_slice()) {
            ("GET", [""]) => return (200, self.list(query)),
            ("POST", [""]) => return (200, self.order(body, 0)),
            ("GET", ["", id]) => (*id, false),
            ("POST", ["", id, "cancel"]) => (*id, true),
            _ => return refusal(404, "unknown_url", "Unknown request URL"),
        };
        let Some(batch) = self.batches.iter_mut().find(|batch| batch["id"] == id) else {
            return missing();
        };
        if cancels {
            if matches!(
                batch["status"].as_str(),
                Some("completed" | "failed" | "expired" | "cancelled")
            ) {
                let said = format!("Cannot cancel a batch with status '{}'.", batch["status"]);
                return refusal(409, "conflict", &said);
            }
            batch["status"] = "cancelling".into();
        }
        (200, batch.clone())
    }
}

pub(crate) fn refusal(status: u16, code: &str, message: &str) -> (u16, Value) {
    (status, json!({"error": {"message": message, "type": "invalid_request_error", "code": code}}))
}

async fn answer(State(fake): State<OpenAi>, headers: HeaderMap, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("authorization"), Some(format!("Bearer {KEY}")));
    let mut books = fake.books();
    let organization = header("openai-organization").map(|name| format!(" ({name})"));
    let asked = format!("{} {}{}", parts.method, parts.uri, organization.unwrap_or_default());
    books.asked.push(asked);
    let query = parts.uri.query().unwrap_or_default();
    let trouble = books.troubles.pop_front();
    let does = |mut books: MutexGuard<'_, Books>| {
        books.does(parts.method.as_str(), parts.uri.path(), query, &body)
    };
    let (status, body) = match trouble {
        None => does(books),
        Some(Trouble::Refused(status, body)) => (status, body),
        Some(Trouble::Lost) => refusal(502, "bad_gateway", "nobody is there"),
        Some(Trouble::DoneAndLost) => {
            does(books);
            refusal(502, "bad_gateway", "nobody is there")
        }
    };
    (StatusCode::from_u16(status).unwrap(), [("retry-after", "0")], Json(body)).into_response()
}
