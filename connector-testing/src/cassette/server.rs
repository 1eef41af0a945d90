//! The cassette's side of the wire: requests come in as they would come to the vendor.
//! `Cassette` starts it; `player` answers in a replay, `recorder` in a recording.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request as Incoming, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{Response as Answer, StatusCode};
use bytes::Bytes;
use tokio::net::TcpListener;

use super::content::Content;
use super::file::{Request, Response};
use super::player::Player;
use super::recorder::Recorder;
use super::redaction::Redaction;

/// What stands in a file for the address the connector was given.
pub(super) const BASE_URL: &str = "{base_url}";
/// The largest body of a request.
const MOST_BYTES: usize = 64 << 20;

/// Who answers.
#[derive(Debug)]
pub(super) enum Side {
    Replay(Mutex<Player>),
    Record(Recorder),
}

/// What all requests share.
#[derive(Debug)]
pub(super) struct Deck {
    pub(super) own_url: String,
    pub(super) redaction: Redaction,
    pub(super) side: Side,
    complaints: Mutex<Vec<String>>,
}

impl Deck {
    pub(super) fn new(own_url: String, redaction: Redaction, side: Side) -> Self {
        Self { own_url, redaction, side, complaints: Mutex::default() }
    }

    pub(super) fn complaints(&self) -> MutexGuard<'_, Vec<String>> {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request as a file has it.
    fn asked(&self, head: &Parts, body: Bytes) -> Request {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let neutral = |text: &str| text.replace(&self.own_url, BASE_URL);
        Request {
            method: head.method.as_str().to_owned(),
            path: self.redaction.text(&neutral(path)),
            content: self.redaction.content(Content::of(body).map(&neutral)),
        }
    }

    /// A recorded answer as it is sent.
    fn sent(&self, response: Response) -> Result<Answer<Body>, String> {
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
}

pub(super) async fn serve(listener: TcpListener, deck: Arc<Deck>) {
    let router = Router::new().fallback(answer).with_state(Arc::clone(&deck));
    if let Err(error) = axum::serve(listener, router).await {
        deck.complaints().push(format!("the cassette's port failed: {error}"));
    }
}

async fn answer(State(deck): State<Arc<Deck>>, request: Incoming) -> Answer<Body> {
    let (head, body) = request.into_parts();
    let answered = match to_bytes(body, MOST_BYTES).await {
        Ok(body) => answer_to(&deck, head, body).await,
        Err(error) => {
            Err((StatusCode::BAD_REQUEST, format!("the request cannot be read: {error}")))
        }
    };
    answered.unwrap_or_else(|(status, text)| {
        let mut answer = Answer::new(Body::from(text.clone()));
        *answer.status_mut() = status;
        deck.complaints().push(text);
        answer
    })
}

async fn answer_to(
    deck: &Deck,
    head: Parts,
    body: Bytes,
) -> Result<Answer<Body>, (StatusCode, String)> {
    let asked = deck.asked(&head, body.clone());
    match &deck.side {
        Side::Replay(player) => {
            let found = player.lock().unwrap_or_else(PoisonError::into_inner).answer(&asked);
            let sent = found.and_then(|response| deck.sent(response));
            sent.map_err(|text| (StatusCode::NOT_IMPLEMENTED, text))
        }
        Side::Record(recorder) => {
            let forwarded = recorder.forward(deck, asked, head, body).await;
            forwarded.map_err(|text| (StatusCode::BAD_GATEWAY, text))
        }
    }
}
