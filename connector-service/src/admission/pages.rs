//! Connections of the operators' port, of which none stays without asking anything. A probe of Kubernetes that
//! finds no place here has the process killed.

use std::pin::{Pin, pin};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::{Stream, StreamExt as _};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;

use super::{Admitted, Door};
use crate::limits::LiveLimits;
use crate::seldom::Seldom;

/// How long none is taken after one could not be.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a connection may ask for one page after the other, and how long an answer may take to be read.
const AGE: Duration = Duration::from_secs(60);
const ANSWER: Duration = Duration::from_secs(60);

type Incoming = dyn Stream<Item = std::io::Result<Admitted>> + Send;

/// A listener behind a door.
pub(crate) struct Pages {
    incoming: Pin<Box<Incoming>>,
    limits: LiveLimits,
    told: Seldom,
}

impl Pages {
    pub(crate) fn new(door: Door, listener: TcpListener, limits: LiveLimits) -> Self {
        Self { incoming: Box::pin(door.incoming(listener)), limits, told: Seldom::default() }
    }

    /// Serves for as long as it is polled. What is said goes with it.
    pub(crate) async fn serve(mut self, routes: Router) {
        let mut connections = JoinSet::new();
        loop {
            let next = tokio::select! {
                next = self.incoming.next() => next,
                Some(_ended) = connections.join_next() => continue,
            };
            match next {
                Some(Ok(io)) => {
                    let time = self.limits.now().handshake;
                    connections.spawn(converse(io, routes.clone(), time));
                }
                Some(Err(error)) => {
                    self.told.tell(|untold| {
                        tracing::error!(untold, "the operators' pages cannot be reached: {error}");
                    });
                    sleep(PAUSE).await;
                }
                None => return std::future::pending().await,
            }
        }
    }
}

/// One connection, which has `time` to ask for a page, and over HTTP/1 as long for the next one.
async fn converse(io: Admitted, routes: Router, time: Duration) {
    let asked = Notify::new();
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        asked.notify_one();
        routes.clone().oneshot(request.map(Body::new))
    });
    // Who speaks HTTP/2 to this port is answered: `doctor` tells him by that which port it is.
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(time);
    let mut connection = pin!(http.serve_connection(TokioIo::new(io), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = sleep(time) => return,
        () = asked.notified() => match timeout(AGE, connection.as_mut()).await {
            Ok(ended) => ended,
            Err(_elapsed) => {
                connection.as_mut().graceful_shutdown();
                timeout(ANSWER, connection).await.unwrap_or(Ok(()))
            }
        },
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection of the operators' port ended");
    }
}
