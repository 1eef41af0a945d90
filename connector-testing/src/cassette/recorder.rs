//! Hands requests on to the vendor, and keeps what was asked and answered.
//! `server` calls it during a recording; `Cassette::finish` takes what it has.
//! What goes into the file passes `translation`; what the connector gets is what the vendor said.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response as Answer};
use bytes::Bytes;

use super::client::Client;
use super::comparison::Comparison;
use super::error::CassetteError;
use super::file::{Exchange, Request};
use super::translation::Translation;

/// Headers that belong to one connection and are not handed on.
const OF_A_CONNECTION: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

#[derive(Debug)]
pub(super) struct Recorder {
    vendor: String,
    comparison: Comparison,
    client: Client,
    /// In the order in which the requests came; `None` while an answer is awaited.
    taken: Mutex<Vec<Option<Exchange>>>,
}

impl Recorder {
    pub(super) fn new(vendor: &str, comparison: Comparison) -> Result<Self, CassetteError> {
        let client = Client::new(vendor)?;
        let vendor = vendor.trim_end_matches('/').to_owned();
        Ok(Self { vendor, comparison, client, taken: Mutex::default() })
    }

    /// What was recorded, or how many requests still wait for an answer.
    pub(super) fn take(&self) -> Result<Vec<Exchange>, usize> {
        let taken = std::mem::take(&mut *self.taken());
        let waiting = taken.iter().filter(|exchange| exchange.is_none()).count();
        match waiting {
            0 => Ok(taken.into_iter().flatten().collect()),
            waiting => Err(waiting),
        }
    }

    fn taken(&self) -> MutexGuard<'_, Vec<Option<Exchange>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The vendor's answer, with the vendor's address in it replaced by the cassette's.
    pub(super) async fn forward(
        &self,
        translation: &Translation,
        asked: Request,
        mut head: Parts,
        body: Bytes,
    ) -> Result<Answer<Body>, String> {
        let place = {
            let mut taken = self.taken();
            taken.push(None);
            taken.len() - 1
        };
        for name in [HOST, ACCEPT_ENCODING, CONTENT_LENGTH] {
            head.headers.remove(name);
        }
        drop_passing(&mut head.headers);
        let path = head.uri.path_and_query().map_or("", |path| path.as_str());
        let url = format!("{}{path}", self.vendor);
        let sent = self.client.send(url, head, body).await;
        let (status, mut headers, body) = sent.map_err(|why| {
            translation.redaction.text(&format!(
                "the vendor did not answer {} {}: {why}\n  help: {} must be reachable from here for \
                 a recording",
                asked.method, asked.path, self.vendor
            ))
        })?;
        drop_passing(&mut headers);
        headers.remove(CONTENT_LENGTH);

        let response = translation.kept(&self.vendor, status.as_u16(), &headers, body.clone());
        let content = self.comparison.without_ignored(asked.content);
        let request = Request { content, ..asked };
        if let Some(kept) = self.taken().get_mut(place) {
            *kept = Some(Exchange { note: None, request, response });
        }

        let local = |text: &str| text.replace(&self.vendor, &translation.own_url);
        for value in headers.values_mut() {
            let changed = value.to_str().map(local).map(|text| HeaderValue::from_str(&text));
            if let Ok(Ok(changed)) = changed {
                *value = changed;
            }
        }
        let body = match std::str::from_utf8(&body) {
            Ok(text) => local(text).into(),
            Err(_) => body,
        };
        let mut sent = Answer::new(Body::from(body));
        *sent.status_mut() = status;
        *sent.headers_mut() = headers;
        Ok(sent)
    }
}

fn drop_passing(headers: &mut HeaderMap) {
    for name in OF_A_CONNECTION {
        headers.remove(name);
    }
}
