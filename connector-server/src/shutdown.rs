//! The end of a server: the signals that ask for it, and the drain that follows.
//! `server` serves through here; `app` waits for the signals.

use std::future::Future;
use std::time::Duration;

use tokio::sync::oneshot;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;

use crate::grpc::OversizeLayer;
use crate::grpc::health::HealthTable;

/// How long a silent connection is trusted before it is pinged, and how long a ping may take.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Serves until `stop` completes, then drains for at most `grace`.
pub(crate) async fn serve(
    routes: Routes,
    incoming: TcpIncoming,
    health: HealthTable,
    grace: Duration,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), tonic::transport::Error> {
    let (draining, drain) = oneshot::channel();
    let stopped = async move {
        stop.await;
        // Told before anything closes, so that probes and watchers see it.
        health.stop_serving();
        tracing::info!(grace_seconds = grace.as_secs(), "stopping: no new calls, draining");
        // The receiver is gone only if serving has ended on its own.
        draining.send(()).ok();
    };
    let serving = tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .layer(OversizeLayer)
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming.with_nodelay(Some(true)), stopped);
    let expired = async move {
        match drain.await {
            Ok(()) => tokio::time::sleep(grace).await,
            // Serving ended without a drain; its own result counts.
            Err(_closed) => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = serving => ended,
        () = expired => {
            tracing::warn!("the grace time is over; calls still running are cut off");
            Ok(())
        }
    }
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
