//! One call to one connector: look-up, deadline, panic guard, metrics, error.
//! The gRPC services call it for all five operations; nothing else reaches a connector.
//! It knows no wire message, so a second protocol can use it as it is.

mod guard;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use connector_core::erased::{CallError, DynConnector};
use connector_core::{CallContext, Registry};
use futures_util::FutureExt;
pub(crate) use guard::CallGuard;
pub(crate) use guard::panic_message;
use tracing::Instrument;

use crate::deadline::TimeLimit;
use crate::failure::{Cause, Failure};
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

/// Calls connectors.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    registry: Arc<Registry>,
    metrics: Arc<Metrics>,
    max_call: Duration,
}

impl Dispatcher {
    /// Calls the connectors of `registry`; no call may take longer than `max_call`.
    #[must_use]
    pub(crate) const fn new(
        registry: Arc<Registry>,
        metrics: Arc<Metrics>,
        max_call: Duration,
    ) -> Self {
        Self { registry, metrics, max_call }
    }

    /// The metrics that calls are counted in.
    #[must_use]
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Finds the connector and runs `call` on it.
    ///
    /// # Errors
    /// No such connector, a panic, a passed deadline, or what the call itself says.
    ///
    /// # Cancel safety
    /// Dropping the future drops the connector's call at its current `.await` and counts it as
    /// cancelled.
    pub(crate) async fn run<T, F, C>(
        &self,
        operation: Operation,
        route: Route,
        call: C,
    ) -> Result<T, Failure>
    where
        C: FnOnce(Arc<dyn DynConnector>, CallContext) -> F,
        F: Future<Output = Result<T, CallError>>,
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
        C: FnOnce(Arc<dyn DynConnector>, CallContext) -> F,
        F: Future<Output = Result<T, CallError>>,
    {
        let guard = CallGuard::new(self.metrics.of(&route.task_type), operation);
        let Some(entry) = self.registry.get(&route.task_type, route.version) else {
            return Err(guard.fail(operation, route, Cause::NotRegistered));
        };
        let limit = TimeLimit::new(route.timeout, self.max_call);
        let context = CallContext {
            key: entry.key.clone(),
            deadline: Instant::now().checked_add(limit.allowed),
        };
        let span = tracing::debug_span!("call", operation = operation.as_str(), key = %entry.key);
        let connector = Arc::clone(&entry.connector);
        // The call is built inside the guard as well, so that a panic while building is caught too.
        let guarded = AssertUnwindSafe(async move { call(connector, context).await })
            .catch_unwind()
            .instrument(span);
        match tokio::time::timeout(limit.allowed, guarded).await {
            Ok(Ok(Ok(answer))) => Ok((answer, guard)),
            Ok(Ok(Err(error))) => Err(guard.fail(operation, route, Cause::Call(error))),
            Ok(Err(panic)) => {
                let message = panic_message(&*panic);
                Err(guard.fail(operation, route, Cause::Panicked(message)))
            }
            Err(_elapsed) => Err(guard.fail(operation, route, Cause::OutOfTime(limit))),
        }
    }
}
