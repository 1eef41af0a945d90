//! A web service on loopback that writes down what it is asked, and answers as the path says.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use serde_json::{Map, Value, json};

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Method, path and query.
    pub(crate) call: String,
    pub(crate) headers: Value,
    pub(crate) body: Value,
}

type Notes = Arc<Mutex<Vec<Asked>>>;

/// The service.
pub(crate) struct Service {
    root: String,
    notes: Notes,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let notes = Notes::default();
        let service = Router::new().fallback(answer).with_state(Arc::clone(&notes));
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { root, notes }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.notes.lock().unwrap().clone()
    }

    /// The one request that came.
    pub(crate) fn only(&self) -> Asked {
        let [asked] = self.asked().try_into().unwrap();
        asked
    }
}

async fn answer(
    State(notes): State<Notes>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let headers: Map<String, Value> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()))
        .collect();
    let key = headers.get("x-api-key").and_then(Value::as_str).unwrap_or_default().to_owned();
    let asked = Asked {
        call: format!("{method} {uri}"),
        headers: headers.into(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    notes.lock().unwrap().push(asked.clone());
    if let Some(status) = uri.path().strip_prefix("/status/") {
        let said = format!("so it says {key}");
        let status: StatusCode = status.parse().unwrap();
        return Response::builder().status(status).body(said.into()).unwrap();
    }
    match uri.path() {
        "/silent" => std::future::pending().await,
        "/cut" => {
            let half = [Ok(Bytes::from("half")), Err(std::io::Error::other("cut"))];
            Response::builder().body(Body::from_stream(futures_util::stream::iter(half)))
        }
        "/long" => Response::builder().status(500).body("é".repeat(5_000).into()),
        "/huge" => Response::builder().body("x".repeat(2 * 1024 * 1024).into()),
        _ => {
            let seen = json!({"headers": asked.headers, "body": asked.body});
            Response::builder().body(seen.to_string().into())
        }
    }
    .unwrap()
}
