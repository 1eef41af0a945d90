//! What may not come into a file: secrets in any place, and headers that carry them or say nothing.
//! `translation` sends everything through here that a file gets, and requests before they are compared.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::content::Content;

/// What stands in the place of a secret.
const STARS: &str = "***";
/// Bytes that URLs carry as they are.
const IN_URLS: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// Fields that hold secrets wherever they stand.
const FIELDS: [&str; 7] =
    ["access_token", "refresh_token", "id_token", "client_secret", "password", "api_key", "apiKey"];
/// Parts of names of headers that hold secrets.
const SECRET_HEADERS: [&str; 9] = [
    "auth",
    "cookie",
    "token",
    "secret",
    "password",
    "credential",
    "api-key",
    "apikey",
    "signature",
];
/// Headers of one connection, or that differ with every answer and mean nothing to a connector.
const PASSING_HEADERS: [&str; 12] = [
    "alt-svc",
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "server",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// What is hidden.
#[derive(Debug, Clone, Default)]
pub(super) struct Redaction {
    /// Every spelling of every secret, the longest first.
    needles: Vec<String>,
    fields: BTreeSet<String>,
    kept_headers: BTreeSet<String>,
}

impl Redaction {
    pub(super) fn secret(&mut self, value: &str) {
        let encoded = utf8_percent_encode(value, &IN_URLS).to_string();
        let quoted = Value::from(value).to_string();
        let spellings = [
            value.to_owned(),
            encoded.replace("%20", "+"),
            encoded,
            quoted.trim_matches('"').to_owned(),
            STANDARD_NO_PAD.encode(value),
            URL_SAFE_NO_PAD.encode(value),
        ];
        self.needles.extend(spellings);
        self.needles.sort_unstable_by_key(|needle| std::cmp::Reverse(needle.len()));
    }

    pub(super) fn secret_field(&mut self, name: String) {
        self.fields.insert(name);
    }

    pub(super) fn keep_header(&mut self, name: &str) {
        self.kept_headers.insert(name.to_ascii_lowercase());
    }

    pub(super) fn text(&self, text: &str) -> String {
        self.needles.iter().fold(text.to_owned(), |text, needle| text.replace(needle, STARS))
    }

    pub(super) fn content(&self, content: Content) -> Content {
        match content {
            Content::Json(mut value) => {
                self.hide_fields(&mut value);
                Content::Json(value).map(&|text| self.text(text))
            }
            Content::Binary(bytes) => {
                // Bytes that are no text have no place to put stars into.
                let holds = |needle: &String| {
                    bytes.windows(needle.len()).any(|part| part == needle.as_bytes())
                };
                match self.needles.iter().any(holds) {
                    true => Content::Text(STARS.to_owned()),
                    false => Content::Binary(bytes),
                }
            }
            other => other.map(&|text| self.text(text)),
        }
    }

    fn hide_fields(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(text) if self.is_secret_field(name) => {
                            STARS.clone_into(text);
                        }
                        value => self.hide_fields(value),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide_fields(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn is_secret_field(&self, name: &str) -> bool {
        FIELDS.contains(&name) || self.fields.contains(name)
    }

    /// The headers of an answer that go into the file.
    pub(super) fn headers(&self, headers: &HeaderMap) -> BTreeMap<String, String> {
        let mut kept = BTreeMap::new();
        for (name, value) in headers {
            let name = name.as_str();
            let is_dropped = PASSING_HEADERS.contains(&name)
                || SECRET_HEADERS.iter().any(|part| name.contains(part));
            let Ok(value) = value.to_str() else { continue };
            if is_dropped && !self.kept_headers.contains(name) {
                continue;
            }
            let value = self.text(value);
            kept.entry(name.to_owned())
                .and_modify(|known: &mut String| *known = format!("{known}, {value}"))
                .or_insert(value);
        }
        kept
    }
}
