//! Between what is on the wire and what stands in the file: one address for another, secrets out.
//! `server` and `recorder` translate by it; it neither listens nor asks anybody.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response as Answer};
use bytes::Bytes;

use super::content::Content;
use super::file::{Request, Response};
use super::redaction::Redaction;

/// What stands in a file for the address the connector was given.
pub(super) const BASE_URL: &str = "{base_url}";

/// The cassette's own address, and what must not get into the file.
#[derive(Debug)]
pub(super) struct Translation {
    pub(super) own_url: String,
    pub(super) redaction: Redaction,
}

impl Translation {
    /// A request as a file has it.
    pub(super) fn asked(&self, head: &Parts, body: Bytes) -> Request {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let neutral = |text: &str| text.replace(&self.own_url, BASE_URL);
        Request {
            method: head.method.as_str().to_owned(),
            path: self.redaction.text(&neutral(path)),
            content: self.redaction.content(Content::of(body).map(&neutral)),
        }
    }

    /// A recorded answer as it is sent.
    pub(super) fn sent(&self, response: Response) -> Result<Answer<Body>, String> {
        let Response { status, headers, content } = response;
        let local = |text: &str| text.replace(BASE_URL, &self.own_url);
        let mut answer = Answer::builder().status(status);
        let is_typed = headers.keys().any(|name| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()));
        if let Some(usual) = content.usual_type().filter(|_| !is_typed) {
            answer = answer.header(CONTENT_TYPE, usual);
        }
        for (name, value) in &headers {
            answer = answer.header(name, local(value));
        }
        let body = Body::from(content.map(&local).into_bytes());
        answer.body(body).map_err(|error| format!("an answer in the file cannot be sent: {error}"))
    }

    /// An answer of that vendor as the file has it.
    pub(super) fn kept(
        &self,
        vendor: &str,
        status: u16,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Response {
        let neutral = |text: &str| text.replace(vendor, BASE_URL);
        let content = self.redaction.content(Content::of(body).map(&neutral));
        let mut headers = self.redaction.headers(headers);
        for value in headers.values_mut() {
            *value = neutral(value);
        }
        // What goes without saying makes a file longer, not clearer.
        if headers.get(CONTENT_TYPE.as_str()).map(String::as_str) == content.usual_type() {
            headers.remove(CONTENT_TYPE.as_str());
        }
        Response { status, headers, content }
    }
}
