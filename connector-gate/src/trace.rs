//! What a call is seen as by whoever traces: a span that says whose it is and which trace it goes on with.
//! `dispatch` opens one for each call; a service reads `traceparent` for it. Where nobody looks, as at the usual
//! level of the log, nothing is made and nothing is written down.

use std::fmt;

use connector_core::{ConnectorKey, TaskExecution};
use tracing::Span;
use tracing::field::{Empty, display};

use crate::deadline::TimeLimit;
use crate::operation::Operation;

/// The trace that a call belongs to, as W3C's `traceparent` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace: u128,
    span: u64,
    sampled: bool,
}

impl TraceParent {
    /// Reads `00-<trace>-<span>-<flags>`, and what later versions may have behind it. What is none counts as
    /// none, as the specification says.
    #[must_use]
    pub fn read(header: &[u8]) -> Option<Self> {
        let text = str::from_utf8(header).ok()?;
        let mut parts = text.split('-');
        let version = hex(parts.next()?, 2)?;
        let (trace, span) = (hex(parts.next()?, 32)?, hex(parts.next()?, 16)?);
        let flags = hex(parts.next()?, 2)?;
        let is_known = version != 0xff && (version != 0 || parts.next().is_none());
        let span = u64::try_from(span).ok()?;
        (is_known && trace != 0 && span != 0).then_some(Self {
            trace,
            span,
            sampled: flags & 1 == 1,
        })
    }
}

/// A number of exactly so many digits, in the lower case that the specification asks for.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_number = text.len() == digits && text.bytes().all(is_digit);
    is_number.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

impl TraceParent {
    /// The trace.
    #[must_use]
    pub const fn trace(&self) -> u128 {
        self.trace
    }

    /// The caller's span.
    #[must_use]
    pub const fn span(&self) -> u64 {
        self.span
    }

    /// Whether the caller keeps the trace.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.sampled
    }
}

/// As it is sent on.
impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, sampled } = self;
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", u8::from(*sampled))
    }
}

/// The span of a call.
pub(crate) fn span(
    operation: Operation,
    key: &ConnectorKey,
    limit: TimeLimit,
    parent: Option<TraceParent>,
) -> Span {
    let span = tracing::debug_span!(
        "call",
        operation = operation.as_str(),
        task_type = key.task_type.as_str(),
        version = key.version,
        remaining_ms = limit.allowed.as_millis(),
        execution = Empty,
        node = Empty,
        attempt = Empty,
        trace_id = Empty,
        parent_span_id = Empty,
        sampled = Empty,
        // For those who export spans.
        otel.name = Empty,
        otel.kind = Empty,
        otel.status_code = Empty,
    );
    if let Some(TraceParent { trace, span: parent, sampled }) =
        parent.filter(|_| !span.is_disabled())
    {
        span.record("trace_id", display(format_args!("{trace:032x}")));
        span.record("parent_span_id", display(format_args!("{parent:016x}")));
        span.record("sampled", sampled);
    }
    span
}

/// Whose task it is. Of later calls about its job nothing is known but the metadata.
pub(crate) fn note_execution(span: &Span, execution: Option<&TaskExecution>) {
    if span.is_disabled() {
        return;
    }
    let Some(id) = execution.and_then(|execution| execution.id.as_ref()) else { return };
    span.record("attempt", id.retry_attempt);
    let Some(node) = &id.node_execution_id else { return };
    span.record("node", node.node_id.as_str());
    if let Some(run) = &node.execution_id {
        let name = format_args!("{}/{}/{}", run.project, run.domain, run.name);
        span.record("execution", display(name));
    }
}

/// That the call has failed. Why is in the log: texts of outside systems are long.
pub(crate) fn note_failure(span: &Span) {
    if !span.is_disabled() {
        span.record("otel.status_code", "ERROR");
    }
}

#[cfg(test)]
mod tests {
    use super::TraceParent;

    #[test]
    fn only_what_the_specification_calls_one_is_one() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(TraceParent::read(text.as_bytes()).unwrap().to_string(), text);
        let later = text.replacen("00", "cc", 1) + "-more";
        let read = TraceParent::read(later.as_bytes()).unwrap();
        assert_eq!(read.to_string(), text, "a later version is read as far as it is known");
        let not_sampled = text.replacen("-01", "-00", 1);
        assert_eq!(TraceParent::read(not_sampled.as_bytes()).unwrap().to_string(), not_sampled);
        for wrong in [
            "",
            "00",
            &text.replacen("00", "ff", 1),
            &format!("{text}-more"),
            &text.to_ascii_uppercase(),
            &text.replacen("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32), 1),
            &text.replacen("b7ad6b7169203331", &"0".repeat(16), 1),
            &text.replacen("b7ad", "b7a", 1),
            &text.replacen("b7ad", "+7ad", 1),
        ] {
            assert_eq!(TraceParent::read(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(TraceParent::read(&[0xff; 55]), None);
    }
}
