//! The end of a server: what is still done, in which order, and what is cut off.
//! `server` serves through here. Who asks for the end, and why, is the caller's business.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use connector_gate::{Gates, after};
use futures_util::{FutureExt, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};
use tonic::transport::server::Connected;

use crate::connection::{self, Bounds};
use crate::grpc::Front;
use crate::grpc::health::HealthTable;
use crate::limits::{Limits, LiveLimits};
use crate::metrics::Metrics;

/// The least time for cancelling what creates have left behind.
const LEAST_DRAIN: Duration = Duration::from_secs(2);
/// How long peers have to close their connections once no call is under way: answers must get out, and
/// what was sent before the end was seen must get in. A peer that is gone would never close its own.
const LINGER: Duration = Duration::from_millis(800);
/// How often it is looked whether a call is under way.
const LOOK: Duration = Duration::from_millis(20);

/// What a server was doing when it ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// Calls that were cut off, as the grace time was over or the caller would not wait for it.
    pub cut_calls: usize,
    /// Creates that were cut off. If the outside system made their jobs, nobody will cancel them.
    pub cut_creates: usize,
}

impl Ended {
    /// Whether every call and every create came to its end.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.cut_calls == 0 && self.cut_creates == 0
    }
}

/// When and how a server ends.
#[derive(Debug)]
pub(crate) struct Ending<S, H> {
    /// How long it goes on as before once it is told to stop, and how long running calls may go on after that:
    /// what they say by then.
    pub(crate) limits: LiveLimits,
    /// Completes when it is to stop.
    pub(crate) stop: S,
    /// Completes when it is to wait for nothing any more.
    pub(crate) hurry: H,
}

/// Serves until it is to stop. Then health says so, and after the lame-duck time no new calls come in; first
/// the calls end, then the creates that callers have left behind.
pub(crate) async fn serve<IO, E, S, H>(
    (front, bounds): (Front, Bounds),
    incoming: impl Stream<Item = Result<IO, E>>,
    health: HealthTable,
    metrics: &Metrics,
    gates: Arc<Gates>,
    ending: Ending<S, H>,
) -> Ended
where
    IO: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
    IO::ConnectInfo: Clone + Send + Sync + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
    S: Future<Output = ()> + Send,
    H: Future<Output = ()> + Send,
{
    let Ending { limits, stop, hurry } = ending;
    let hurry = hurry.shared();
    let (draining, drain) = oneshot::channel();
    let refusing = Arc::clone(&gates);
    let hurried = hurry.clone();
    let stopped = async move {
        stop.await;
        let Limits { lame_duck, grace, .. } = **limits.now();
        // Told before anything closes, so that probes and watchers see it.
        health.stop_serving();
        if !lame_duck.is_zero() {
            tracing::info!(lame_duck = ?lame_duck, "stopping: not ready any more, but still serving");
            tokio::select! {
                () = sleep(lame_duck) => {}
                () = hurried => {}
            }
        }
        refusing.begin_drain();
        tracing::info!(grace_seconds = grace.as_secs(), "stopping: no new calls, draining");
        // The receiver is gone only if serving has ended on its own.
        draining.send(after(grace)).ok();
    };
    // Dropped at the very end: its connections go with it, and calls with them that are yet to be counted.
    let mut serving = pin!(connection::serve(front, bounds, gates.watch(), incoming, stopped));
    let drain = drain.shared();
    let enough = async {
        match drain.clone().await {
            Ok(end) => tokio::select! {
                () = sleep_until(end) => "the grace time is over",
                () = hurry.clone() => "asked to end a second time",
                () = quiet(metrics) => "",
            },
            // Serving ended without a drain.
            Err(_closed) => std::future::pending().await,
        }
    };
    let mut ended = Ended::default();
    tokio::select! {
        () = &mut serving => {}
        reason = enough => {
            ended.cut_calls = metrics.in_flight();
            if ended.cut_calls > 0 {
                tracing::warn!(calls = ended.cut_calls, "{reason}: calls still running are cut off");
            }
        }
    }
    if let Some(Ok(end)) = drain.now_or_never() {
        // Also after the grace time there is a moment for jobs that wait to be cancelled.
        let end = end.max(after(LEAST_DRAIN));
        let end = match hurry.now_or_never() {
            Some(()) => Instant::now(),
            None => end,
        };
        ended.cut_creates = gates.drained(end).await;
    }
    ended
}

/// Completes when no call has been under way for a while, whatever connections are still there.
async fn quiet(metrics: &Metrics) {
    let mut since = Instant::now();
    loop {
        sleep(LOOK).await;
        if metrics.in_flight() > 0 {
            since = Instant::now();
        } else if since.elapsed() >= LINGER {
            return;
        }
    }
}
