//! The connections of the gRPC port: taken, served, told to end.
//! `shutdown` has them served until the server stops. HTTP/2 is hyper's, and what is answered is decided in
//! `grpc`; here is decided when a call is worked on. A connection is one task, and the calls that arrived on
//! it together are one more (`desk`).

mod accept;
mod age;
mod desk;
#[cfg(test)]
mod desk_tests;
mod holding;
mod intake;
mod remainder;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Context;
use std::time::Duration;

use connector_gate::Watch;
use futures_util::{Stream, StreamExt as _};
use http::{HeaderName, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::body::Body;
use tonic::transport::server::Connected;

use self::accept::Accepting;
use self::age::Age;
use self::desk::{Desk, Reception};
use self::holding::Holding;
use self::intake::{Budget, Intake};
use crate::grpc::{Answering, Front};
use crate::limits::{Limits, LiveLimits};

/// How many calls a client may give up at the same moment. An executor has all its calls on one
/// connection; with the usual 20 a moment of slowness would end the connection and fail all others.
const MOST_RESETS: usize = 1_024;
/// How long a silent connection is trusted before it is pinged, and how long a ping may take.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Says how messages are packed.
static ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

/// What every connection is bound to.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    limits: LiveLimits,
    /// What requests may hold; of the server, not of a connection.
    budget: Arc<Budget>,
}

impl Bounds {
    /// Those of one server: what its requests hold is counted here.
    pub(crate) fn of(limits: LiveLimits) -> Self {
        let budget = Arc::new(Budget::new(limits.clone()));
        Self { limits, budget }
    }
}

/// Serves connections until there are no more of them or `stopped` completes; then takes no new ones, and
/// waits until those that are there have ended: each does once its calls are answered.
///
/// `guard` is told of calls that may wait behind others.
///
/// # Cancel safety
/// Dropping the future closes every connection at once.
pub(crate) async fn serve<IO, E>(
    front: Front,
    bounds: Bounds,
    guard: Watch,
    incoming: impl Stream<Item = Result<IO, E>>,
    stopped: impl Future<Output = ()>,
) where
    IO: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
    IO::ConnectInfo: Clone + Send + Sync + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (stopping, stop) = watch::channel(());
    let mut connections = JoinSet::new();
    // In a block of its own: a listener is closed before connections are waited for.
    {
        let (mut incoming, mut stopped) = (pin!(incoming), pin!(stopped));
        let mut accepting = Accepting::new();
        loop {
            tokio::select! {
                () = &mut stopped => break,
                next = incoming.next() => match next {
                    Some(Ok(io)) => {
                        accepting.worked();
                        let desk = Desk::new(guard.clone());
                        connections.spawn(converse(io, front.clone(), bounds.clone(), desk, stop.clone()));
                    }
                    Some(Err(error)) => accepting.failed(&*error.into()).await,
                    None => break,
                },
                Some(_ended) = connections.join_next() => {}
            }
        }
    }
    stopping.send_replace(());
    while connections.join_next().await.is_some() {}
}

/// One connection, from its first byte to its last.
async fn converse<IO>(
    io: IO,
    front: Front,
    bounds: Bounds,
    desk: Arc<Desk>,
    stop: watch::Receiver<()>,
) where
    IO: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
    IO::ConnectInfo: Clone + Send + Sync + 'static,
{
    let Bounds { limits, budget } = bounds;
    // A connection keeps those that it began with.
    let Limits { max_streams, max_connection_age, grace, .. } = **limits.now();
    let age = Age { most: max_connection_age, grace };
    let service = Service { front, peer: io.connect_info(), budget };
    let mut http = http2::Builder::new(Reception::new(&desk));
    http.timer(TokioTimer::new())
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE)
        .max_concurrent_streams(max_streams)
        .max_pending_accept_reset_streams(MOST_RESETS)
        // No client of gRPC reads it.
        .auto_date_header(false);
    let mut connection = pin!(http.serve_connection(TokioIo::new(io), service));
    let mut changed = stop.clone();
    let mut stopping = pin!(async move { drop(changed.changed().await) });
    // Asked once, it wakes the desk; only then is it worth asking again.
    let mut asked = false;
    let mut told = false;
    let old = AtomicBool::new(false);
    let waker = desk.waker();
    let ended = poll_fn(|cx| {
        desk.opens(cx.waker());
        let mut cx = Context::from_waker(&waker);
        if !told && (!asked || stop.has_changed().unwrap_or(true)) {
            asked = true;
            told = stopping.as_mut().poll(&mut cx).is_ready();
            if told {
                connection.as_mut().graceful_shutdown();
            }
        }
        if !told && old.load(Ordering::Relaxed) {
            told = true;
            connection.as_mut().graceful_shutdown();
        }
        let ended = connection.as_mut().poll(&mut cx);
        desk.hand_on();
        ended
    });
    // Age first: what it says counts for the poll that follows.
    let ended = tokio::select! {
        biased;
        () = age.over(&old) => {
            tracing::debug!("a connection was closed for its age");
            return;
        }
        ended = ended => ended,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

/// What hyper asks for the answers of one connection.
struct Service<I> {
    front: Front,
    peer: I,
    budget: Arc<Budget>,
}

impl<I: Clone + Send + Sync + 'static> hyper::service::Service<Request<Incoming>> for Service<I> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Holding<Answering>;

    fn call(&self, request: Request<Incoming>) -> Holding<Answering> {
        // Questions about the schema are a conversation; all other requests are one message.
        let is_open = request.uri().path().starts_with("/grpc.reflection.");
        let is_packed = request.headers().get(&ENCODING).is_some_and(|it| it != "identity");
        let request = request.map(|body| Intake::new(body, &self.budget, is_open));
        Holding::new(self.front.answer(request, &self.peer), &self.budget, is_packed)
    }
}
