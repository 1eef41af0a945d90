//! In the place of `client` where the feature `record` is off: there is no client, and a text says so.
//! `recorder` is the same with both.

use std::future::Ready;

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;

use super::error::CassetteError;

#[derive(Debug)]
pub(super) enum Client {}

impl Client {
    pub(super) fn new(_vendor: &str) -> Result<Self, CassetteError> {
        Err(CassetteError::new(
            "nothing can be recorded: connector-testing was built without its feature `record`\n  \
             help: add `--features connector-testing/record` to the command, or `features = \
             [\"record\"]` to the dependency",
        ))
    }

    pub(super) fn send(
        &self,
        _url: String,
        _head: Parts,
        _body: Bytes,
    ) -> Ready<Result<(StatusCode, HeaderMap, Bytes), String>> {
        match *self {}
    }
}
