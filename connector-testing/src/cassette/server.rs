//! The cassette's side of the wire: requests come in as they would come to the vendor.
//! `Cassette` starts it; `player` answers in a replay, `recorder` in a recording.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request as Incoming, State};
use axum::http::request::Parts;
use axum::http::{Response as Answer, StatusCode};
use bytes::Bytes;
use tokio::net::TcpListener;

use super::player::Player;
use super::recorder::Recorder;
use super::translation::Translation;

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
    pub(super) side: Side,
    translation: Translation,
    complaints: Mutex<Vec<String>>,
}

impl Deck {
    pub(super) fn new(translation: Translation, side: Side) -> Self {
        Self { side, translation, complaints: Mutex::default() }
    }

    /// Where it listens.
    pub(super) fn own_url(&self) -> &str {
        &self.translation.own_url
    }

    pub(super) fn complaints(&self) -> MutexGuard<'_, Vec<String>> {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner)
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
    let asked = deck.translation.asked(&head, body.clone());
    match &deck.side {
        Side::Replay(player) => {
            let found = player.lock().unwrap_or_else(PoisonError::into_inner).answer(&asked);
            let sent = found.and_then(|response| deck.translation.sent(response));
            sent.map_err(|text| (StatusCode::NOT_IMPLEMENTED, text))
        }
        Side::Record(recorder) => {
            let forwarded = recorder.forward(&deck.translation, asked, head, body).await;
            forwarded.map_err(|text| (StatusCode::BAD_GATEWAY, text))
        }
    }
}
