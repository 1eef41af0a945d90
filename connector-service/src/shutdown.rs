//! The end of a server: the signals that ask for it, and the drain that follows.
//! `server` serves through here; `app` waits for the signals.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use connector_gate::{Gates, after};
use futures_util::{FutureExt, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tonic::service::Routes;
use tonic::transport::server::Connected;
use tower::util::option_layer;

use crate::grpc::OversizeLayer;
use crate::grpc::health::HealthTable;
use crate::layers::Layers;

/// How many calls a client may give up at the same moment. An executor has all its calls on one
/// connection; with the usual 20 a moment of slowness would end the connection and fail all others.
const MOST_RESETS: usize = 1_024;
/// The least time for cancelling what creates have left behind.
const LEAST_DRAIN: Duration = Duration::from_secs(2);
/// How long a silent connection is trusted before it is pinged, and how long a ping may take.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Serves until `stop` completes, then drains for at most `grace`: first the calls, then the creates
/// that callers have left behind.
pub(crate) async fn serve<IO, E>(
    routes: Routes,
    layers: Layers,
    incoming: impl Stream<Item = Result<IO, E>>,
    health: HealthTable,
    gates: Arc<Gates>,
    grace: Duration,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), tonic::transport::Error>
where
    IO: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
    IO::ConnectInfo: Clone + Send + Sync + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (draining, drain) = oneshot::channel();
    let refusing = Arc::clone(&gates);
    let stopped = async move {
        stop.await;
        // Told before anything closes, so that probes and watchers see it.
        health.stop_serving();
        refusing.begin_drain();
        tracing::info!(grace_seconds = grace.as_secs(), "stopping: no new calls, draining");
        // The receiver is gone only if serving has ended on its own.
        draining.send(after(grace)).ok();
    };
    let serving = tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .http2_max_pending_accept_reset_streams(Some(MOST_RESETS))
        .layer(OversizeLayer)
        .layer(option_layer(layers.around()))
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, stopped);
    let drain = drain.shared();
    let expired = {
        let drain = drain.clone();
        async move {
            match drain.await {
                Ok(end) => tokio::time::sleep_until(end).await,
                // Serving ended without a drain; its own result counts.
                Err(_closed) => std::future::pending().await,
            }
        }
    };
    let ended = tokio::select! {
        ended = serving => ended,
        () = expired => {
            tracing::warn!("the grace time is over; calls still running are cut off");
            Ok(())
        }
    };
    if let Some(Ok(end)) = drain.now_or_never() {
        // Also after the grace time there is a moment for jobs that wait to be cancelled.
        gates.drained(end.max(after(LEAST_DRAIN))).await;
    }
    ended
}

/// Completes when the process is asked to end: SIGTERM, Ctrl-C, or the time limit of `--timeout`.
pub(crate) async fn asked_to_end(limit: Option<Duration>) {
    let limit = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = signalled() => {}
        () = limit => tracing::info!("the time of --timeout is over"),
    }
}

#[cfg(unix)]
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        tracing::warn!("SIGTERM cannot be handled here; only Ctrl-C drains");
        return interrupted().await;
    };
    tokio::select! {
        _ = terminate.recv() => tracing::info!("received SIGTERM"),
        () = interrupted() => {}
    }
}

#[cfg(not(unix))]
async fn signalled() {
    interrupted().await;
}

async fn interrupted() {
    match tokio::signal::ctrl_c().await {
        Ok(()) => tracing::info!("received Ctrl-C"),
        Err(error) => {
            tracing::warn!(%error, "Ctrl-C cannot be handled here");
            std::future::pending::<()>().await;
        }
    }
}
