//! Where the rules tell what happened to the calls of one task type, so that a service can count it.
//! `dispatch` and the rules call it; the gate keeps no counters and knows no exposition format.

use std::fmt;
use std::time::Duration;

use connector_core::ConnectorKey;
use tracing::Span;

use crate::failure::Failure;
use crate::operation::Operation;
use crate::trace::TraceParent;

/// A call whose span was opened.
#[derive(Debug, Clone, Copy)]
pub struct OpenedCall<'a> {
    /// What is done.
    pub operation: Operation,
    /// By which connector.
    pub key: &'a ConnectorKey,
    /// The trace that the caller has it belong to.
    pub parent: Option<TraceParent>,
}

/// Sees what happens to the calls of one task type.
///
/// Every call begins once and ends once: it succeeded, failed, or its caller left. No method may block
/// or panic; they are called on the path of every call.
pub trait Observer: fmt::Debug + Send + Sync {
    /// A call has arrived.
    fn begun(&self, operation: Operation);

    /// The span of a call was opened, which is to go on with that trace if there is one. Nobody has entered it
    /// yet.
    fn opened(&self, span: &Span, call: OpenedCall<'_>) {
        let (_, _) = (span, call);
    }

    /// A call worked out, that long after it arrived.
    fn succeeded(&self, operation: Operation, elapsed: Duration);

    /// A call failed, that long after it arrived; it should be written to the log, too.
    fn failed(&self, failure: &Failure, elapsed: Duration);

    /// The caller left before there was an answer, that long after the call arrived.
    fn left(&self, operation: Operation, elapsed: Duration);

    /// The inputs of a create have that many bytes on the wire.
    fn inputs(&self, bytes: usize);

    /// The connector is called, and so the outside system.
    fn outside_call(&self, operation: Operation);

    /// A call to the connector ended, that long after it began: well, or with one of
    /// [`crate::labels::OUTSIDE_ERRORS`]. Calls that outlive the server are not told.
    fn outside_ended(&self, operation: Operation, elapsed: Duration, error: Option<&'static str>);

    /// A poll failed and the executor does not see it. `text` says why, without secrets.
    fn masked_error(&self, kind: &'static str, text: &str);

    /// An error became a job in a failed phase. `text` says why, without secrets.
    fn error_as_job(&self, operation: Operation, kind: &'static str, text: &str);

    /// A job whose creator had left was `cancelled`, `kept` or `orphaned`.
    fn abandoned_create(&self, outcome: &'static str);

    /// A create was taken over whose owner had died over it, and this came of it; see
    /// [`crate::labels::TAKEOVERS`].
    fn taken_over(&self, outcome: &'static str);

    /// The outside system said something the connector does not know.
    fn unknown_state(&self);
}
