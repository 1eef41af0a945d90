//! The client that a recording reaches the vendor with: the only code that the feature `record` adds.
//! `recorder` calls it; without the feature `no_client` is in its place.

use std::error::Error;

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use reqwest::{Url, redirect};

use super::error::CassetteError;

#[derive(Debug)]
pub(super) struct Client(reqwest::Client);

impl Client {
    pub(super) fn new(vendor: &str) -> Result<Self, CassetteError> {
        let refused = |why: &str| {
            CassetteError::new(format!(
                "{vendor:?} cannot be recorded from: {why}\n  help: give `vendor` the address that \
                 the connector would use, such as \"https://api.example.com\""
            ))
        };
        let url = Url::parse(vendor).map_err(|error| refused(&causes(&error)))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused("it begins neither with `https://` nor with `http://`"));
        }
        // Whoever came first has chosen the provider of cryptography for the process.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut client = reqwest::Client::builder().redirect(redirect::Policy::none());
        if matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost")) {
            client = client.no_proxy();
        }
        client.build().map(Self).map_err(|error| refused(&causes(&error)))
    }

    /// The whole answer to that request, sent to this URL.
    pub(super) async fn send(
        &self,
        url: String,
        head: Parts,
        body: Bytes,
    ) -> Result<(StatusCode, HeaderMap, Bytes), String> {
        let request = self.0.request(head.method, url).headers(head.headers).body(body);
        let answer = request.send().await.map_err(|error| causes(&error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(|error| causes(&error))?;
        Ok((status, headers, body))
    }
}

/// An error with all that led to it: the client's own words end at "error sending request".
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
