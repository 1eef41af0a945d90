//! The connector's side in these tests: a client, and files of a cassette made on the spot.

use std::path::PathBuf;

use connector_testing::{Cassette, CassetteBuilder};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with one file.
pub(crate) struct Shelf {
    folder: TempDir,
}

impl Shelf {
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn with(text: &str) -> Self {
        let shelf = Self::empty();
        std::fs::write(shelf.path(), text).unwrap();
        shelf
    }

    pub(crate) fn of(exchanges: &[Value]) -> Self {
        Self::with(&json!({"format": 1, "exchanges": exchanges}).to_string())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("cassettes-vendor.json")
    }

    pub(crate) fn cassette(&self) -> CassetteBuilder {
        Cassette::at(self.path())
    }
}

/// An exchange without a body in the request.
pub(crate) fn get(path: &str, answer: &Value) -> Value {
    json!({"request": {"method": "GET", "path": path}, "response": {"status": 200, "json": answer}})
}

pub(crate) fn post(path: &str, body: &Value, answer: &Value) -> Value {
    json!({
        "request": {"method": "POST", "path": path, "json": body},
        "response": {"status": 201, "json": answer}
    })
}

/// A client that talks to one cassette.
pub(crate) struct Caller {
    client: Client,
    url: String,
}

impl Caller {
    pub(crate) fn of(cassette: &Cassette) -> Self {
        Self::at(cassette.url())
    }

    pub(crate) fn at(url: &str) -> Self {
        // Where the client has TLS it wants to know with whose cryptography, used or not.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder().no_proxy().build().unwrap();
        Self { client, url: url.to_owned() }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    pub(crate) async fn get_json(&self, path: &str) -> Value {
        self.get(path).await.json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, String) {
        let request = self.client.post(format!("{}{path}", self.url)).json(body);
        let answer = request.header("authorization", "Bearer key-of-the-task").send();
        let answer = answer.await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }
}
