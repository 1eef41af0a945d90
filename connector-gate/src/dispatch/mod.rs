//! One call to one connector: look-up, deadline, span, and how it ended.
//! A service calls it for all five operations, with requests in core's form; nothing else reaches a
//! connector's gate. It knows no wire message, so every protocol uses it as it is.

mod guard;
mod sync_call;

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use connector_core::host::{CreateRequest, ErasedResource, JobRequest, QueryRequest, Wire};
use connector_core::logs::LogQuery;
use connector_core::metrics::{Metric, MetricsQuery};
use connector_core::{CallContext, Flyte, Policy};
pub use guard::CallGuard;
pub use sync_call::SyncCall;
use tokio::time::Instant;
use tracing::Span;

use crate::call::{Call, Held};
use crate::deadline::{TimeLimit, from};
use crate::failure::{Cause, Failure};
use crate::gate::Gate;
use crate::gates::Gates;
use crate::isolation::panic_message;
use crate::live::LiveSpan;
use crate::observer::OpenedCall;
use crate::operation::Operation;
use crate::stream::LogPages;
use crate::trace::{self, TraceParent};

/// Whom a call is for, and how long the caller waits.
#[derive(Debug, Clone)]
pub struct Route {
    /// The task type, as the request says.
    pub task_type: String,
    /// Its version, as the request says.
    pub version: i32,
    /// The caller's timeout, if it set one.
    pub timeout: Option<Duration>,
    /// Which Flyte calls.
    pub flyte: Flyte,
    /// The trace that the call belongs to, if the caller says.
    pub trace: Option<TraceParent>,
    /// The request in its own bytes, where connectors pass it on.
    pub wire: Option<Arc<Wire>>,
    /// What the service counts the request by, if it does. A create that goes on without its caller keeps it until
    /// the connector has answered.
    pub held: Option<Held>,
}

/// Takes calls to the gates of connectors. The rules keep to the deadline of each.
///
/// # Errors
/// Every operation fails where no connector serves the route, and with what its rules let through.
///
/// # Cancel safety
/// Dropping a call's future drops the call at its current `.await` and tells the observer that the
/// caller has left; what that means to the connector is each operation's own rule.
#[derive(Debug)]
pub struct Dispatcher {
    gates: Arc<Gates>,
    max_call: LiveSpan,
}

/// A call that has found its gate.
struct Begun<'a> {
    gate: &'a Gate,
    call: Call,
    guard: CallGuard,
    span: Span,
}

impl Dispatcher {
    /// Takes calls to those gates; no call may take longer than `max_call`.
    #[must_use]
    pub fn new(gates: Arc<Gates>, max_call: Duration) -> Self {
        Self { gates, max_call: LiveSpan::new(max_call) }
    }

    /// No call that begins from now on may take longer.
    pub fn set_max_call(&self, max_call: Duration) {
        self.max_call.set(max_call);
    }

    /// Creates a job and answers its metadata. `input_bytes` is the size of the inputs on the wire.
    ///
    /// # Errors
    /// See [`Dispatcher`].
    pub async fn create(
        &self,
        route: Route,
        request: CreateRequest,
        input_bytes: usize,
    ) -> Result<Bytes, Failure> {
        let begun = self.begin(Operation::Create, route, Some(input_bytes))?;
        let Begun { gate, call, guard, span } = begun;
        trace::note_execution(&span, request.execution.as_deref());
        let answer = pin!(gate.create(request, &call));
        settled(ended(answer, guard, span).await?)
    }

    /// Says where a job stands.
    ///
    /// # Errors
    /// See [`Dispatcher`].
    pub async fn get(&self, route: Route, request: JobRequest) -> Result<ErasedResource, Failure> {
        let Begun { gate, call, guard, span } = self.begin(Operation::Get, route, None)?;
        let answer = pin!(gate.get(request, &call));
        settled(ended(answer, guard, span).await?)
    }

    /// Deletes a job.
    ///
    /// # Errors
    /// See [`Dispatcher`].
    pub async fn delete(&self, route: Route, request: JobRequest) -> Result<(), Failure> {
        let Begun { gate, call, guard, span } = self.begin(Operation::Delete, route, None)?;
        let answer = pin!(gate.delete(request, &call));
        settled(ended(answer, guard, span).await?)
    }

    /// Reads the measurements of a job. The call ends when its guard is told so: the service may
    /// still refuse an answer that its caller could not receive.
    ///
    /// # Errors
    /// See [`Dispatcher`].
    pub async fn get_metrics(
        &self,
        route: Route,
        request: QueryRequest<MetricsQuery>,
    ) -> Result<(Vec<Metric>, CallGuard), Failure> {
        let Begun { gate, call, guard, span } = self.begin(Operation::GetMetrics, route, None)?;
        let answer = pin!(gate.get_metrics(request, &call));
        ended(answer, guard, span).await
    }

    /// Reads the log of a job. The call ends when its guard is told so: pages are read on their own.
    ///
    /// # Errors
    /// See [`Dispatcher`].
    pub async fn get_logs(
        &self,
        route: Route,
        request: QueryRequest<LogQuery>,
    ) -> Result<(LogPages, CallGuard), Failure> {
        let Begun { gate, call, guard, span } = self.begin(Operation::GetLogs, route, None)?;
        let answer = pin!(gate.get_logs(request, &call));
        ended(answer, guard, span).await
    }

    /// Begins to run a task within the call. What it is run with comes later, which its deadline does not
    /// wait for.
    ///
    /// # Errors
    /// No connector serves the route, or the one that does starts jobs.
    pub fn begin_sync(&self, route: Route) -> Result<SyncCall<'_>, Failure> {
        let begun = self.begin(Operation::Run, route, None)?;
        if !begun.gate.site.is_sync {
            let name = begun.gate.site.name.clone();
            return Err(begun.guard.fail(Cause::NotSync(name)));
        }
        Ok(SyncCall(begun))
    }

    /// The failure of a call whose request cannot be read; counted like every other.
    #[must_use]
    pub fn refused(&self, operation: Operation, route: Route, cause: Cause) -> Failure {
        match self.begin(operation, route, None) {
            Ok(begun) => begun.guard.fail(cause),
            Err(failure) => failure,
        }
    }

    /// The one look-up of a call. Inputs are told of whoever serves them, or nobody.
    fn begin(
        &self,
        operation: Operation,
        mut route: Route,
        input_bytes: Option<usize>,
    ) -> Result<Begun<'_>, Failure> {
        let found = self.gates.find(&route.task_type, route.version);
        if let Some(bytes) = input_bytes {
            found.observer.inputs(bytes);
        }
        let (timeout, flyte, parent) = (route.timeout, route.flyte, route.trace);
        let (wire, held) = (route.wire.take(), route.held.take());
        // The one look at the clock before the connector's code.
        let began = Instant::now();
        let guard = CallGuard::new(found.observer, operation, route, began);
        let Some((key, gate)) = found.gate else {
            return Err(guard.fail(Cause::NotRegistered));
        };
        let (own, reserve) = times(operation, &gate.site.policy());
        let max_call = self.max_call.now();
        let server = own.map_or(max_call, |own| own.min(max_call));
        let limit = TimeLimit::new(timeout, server, reserve);
        let deadline = from(began, limit.allowed);
        let span = trace::span(operation, key, limit, parent);
        if !span.is_disabled() {
            found.observer.opened(&span, OpenedCall { operation, key, parent });
        }
        let context = CallContext::new(key.clone())
            .deadline(deadline.into_std())
            .flyte(flyte)
            .with_wire(wire);
        let observer = Arc::clone(found.observer);
        let call = Call { context, limit, began, deadline, observer, held };
        Ok(Begun { gate, call, guard, span })
    }
}

/// The policy's own limit for an operation, and what it keeps back of the caller's.
const fn times(operation: Operation, policy: &Policy) -> (Option<Duration>, Option<Duration>) {
    let own = match operation {
        Operation::Create | Operation::Run => policy.create_timeout,
        Operation::Get => policy.get_timeout,
        Operation::Delete => policy.delete_timeout,
        Operation::GetMetrics | Operation::GetLogs => None,
    };
    (own, policy.answer_reserve)
}

/// Waits for a gate's answer. The connector's panics are caught where it runs; here a mistake of our
/// own is, which must not end the connection.
///
/// The answer stays where it is: it is large, and every hand it went through would copy it.
async fn ended<T>(
    mut answer: Pin<&mut impl Future<Output = Result<T, Cause>>>,
    guard: CallGuard,
    span: Span,
) -> Result<(T, CallGuard), Failure> {
    let answered = poll_fn(|cx| {
        let _entered = span.enter();
        let polled = catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(cx)));
        polled.unwrap_or_else(|panic| Poll::Ready(Err(Cause::Panicked(panic_message(&*panic)))))
    });
    match answered.await {
        Ok(answer) => Ok((answer, guard)),
        Err(cause) => {
            trace::note_failure(&span);
            Err(guard.fail(cause))
        }
    }
}

/// Tells the end of a call that has its answer.
fn settled<T>((answer, guard): (T, CallGuard)) -> Result<T, Failure> {
    guard.succeed();
    Ok(answer)
}
