//! One call to one connector: look-up, deadline, metrics, error.
//! The gRPC services call it for all five operations; nothing else reaches a connector's gate.
//! It knows no wire message, so a second protocol can use it as it is.

mod guard;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use connector_core::CallContext;
pub(crate) use guard::CallGuard;
use tracing::Instrument;

use crate::deadline::{TimeLimit, after};
use crate::failure::{Cause, Failure};
use crate::gate::{Call, Gate, Gates, caught};
use crate::metrics::Metrics;
use crate::operation::Operation;

/// Whom a call is for, and how long the caller waits.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// The task type, as the request says.
    pub(crate) task_type: String,
    /// Its version, as the request says.
    pub(crate) version: i32,
    /// The caller's timeout, if it set one.
    pub(crate) timeout: Option<Duration>,
}

/// Takes calls to the gates of connectors.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    gates: Arc<Gates>,
    metrics: Arc<Metrics>,
    max_call: Duration,
}

impl Dispatcher {
    /// Takes calls to those gates; no call may take longer than `max_call`.
    #[must_use]
    pub(crate) const fn new(gates: Arc<Gates>, metrics: Arc<Metrics>, max_call: Duration) -> Self {
        Self { gates, metrics, max_call }
    }

    /// The metrics that calls are counted in.
    #[must_use]
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Finds the gate of the connector and runs `call` on it. The rules keep to the deadline.
    ///
    /// # Errors
    /// No such connector, or what the call itself says.
    ///
    /// # Cancel safety
    /// Dropping the future drops the call at its current `.await` and counts it as cancelled; what
    /// that means to the connector is each operation's own rule.
    pub(crate) async fn run<T, F, C>(
        &self,
        operation: Operation,
        route: Route,
        call: C,
    ) -> Result<T, Failure>
    where
        C: FnOnce(Arc<Gate>, Call) -> F,
        F: Future<Output = Result<T, Cause>>,
    {
        self.run_guarded(operation, route, call).await.map(|(answer, guard)| {
            guard.succeed();
            answer
        })
    }

    /// Like [`Dispatcher::run`], but the call is counted when the returned guard says so: for an
    /// answer that is a stream.
    pub(crate) async fn run_guarded<T, F, C>(
        &self,
        operation: Operation,
        route: Route,
        call: C,
    ) -> Result<(T, CallGuard), Failure>
    where
        C: FnOnce(Arc<Gate>, Call) -> F,
        F: Future<Output = Result<T, Cause>>,
    {
        let metrics = self.metrics.of(&route.task_type);
        let guard = CallGuard::new(metrics, operation);
        let Some((key, gate)) = self.gates.get(&route.task_type, route.version) else {
            return Err(guard.fail(operation, route, Cause::NotRegistered));
        };
        let server = gate.limit(operation).map_or(self.max_call, |own| own.min(self.max_call));
        let limit = TimeLimit::new(operation, route.timeout, server);
        let deadline = after(limit.allowed);
        let span = tracing::debug_span!("call", operation = operation.as_str(), key = %key);
        let context = CallContext { key: key.clone(), deadline: Some(deadline.into_std()) };
        let given = Call { context, limit, deadline, metrics: Arc::clone(metrics) };
        let gate = Arc::clone(gate);
        // The connector's panics are caught where it runs; this is for a mistake of our own, which
        // must not end the connection.
        let ended = caught(async move { call(gate, given).await }).instrument(span).await;
        match ended {
            Ok(Ok(answer)) => Ok((answer, guard)),
            Ok(Err(cause)) => Err(guard.fail(operation, route, cause)),
            Err(message) => Err(guard.fail(operation, route, Cause::Panicked(message))),
        }
    }
}
