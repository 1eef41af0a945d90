//! How long a call may take: what the caller said, and what the server allows.
//! `grpc` reads the header, `dispatch` applies the limit.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use crate::operation::Operation;

/// The share of the caller's time kept back so that an answer arrives before the caller leaves.
const MARGIN: u32 = 20;
/// The most that is kept back.
const MAX_MARGIN: Duration = Duration::from_millis(100);
/// The same for create: an answer that is lost on its way leaves a job nobody knows of.
const CREATE_MARGIN: u32 = 5;
const MAX_CREATE_MARGIN: Duration = Duration::from_secs(1);

/// The time a call may take, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeLimit {
    /// How long the connector may work.
    pub(crate) allowed: Duration,
    /// What the caller or the operator set.
    pub(crate) set: Duration,
    /// Whether the caller's deadline is the shorter one.
    pub(crate) by_caller: bool,
}

impl TimeLimit {
    /// The shorter of the caller's timeout, less a small margin, and the server's own limit.
    #[must_use]
    pub(crate) fn new(operation: Operation, caller: Option<Duration>, server: Duration) -> Self {
        match caller {
            Some(caller) if caller <= server => {
                let margin = match operation {
                    Operation::Create => (caller / CREATE_MARGIN).min(MAX_CREATE_MARGIN),
                    _ => (caller / MARGIN).min(MAX_MARGIN),
                };
                Self { allowed: caller - margin, set: caller, by_caller: true }
            }
            _ => Self { allowed: server, set: server, by_caller: false },
        }
    }
}

/// The moment after a span; a span without end gives a moment nobody will see.
pub(crate) fn after(span: Duration) -> Instant {
    const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);
    Instant::now() + span.min(NEVER)
}

/// The `grpc-timeout` of a request: up to eight digits and a unit. A malformed one counts as none.
pub(crate) fn caller_timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3_600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue};

    use super::{TimeLimit, caller_timeout};
    use crate::operation::Operation;

    #[test]
    fn reads_every_unit_and_nothing_else() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", HeaderValue::from_static(text));
            caller_timeout(&headers)
        };
        assert_eq!(read("2H"), Some(Duration::from_secs(7_200)));
        assert_eq!(read("3M"), Some(Duration::from_secs(180)));
        assert_eq!(read("10S"), Some(Duration::from_secs(10)));
        assert_eq!(read("9999999m"), Some(Duration::from_millis(9_999_999)));
        assert_eq!(read("5u"), Some(Duration::from_micros(5)));
        assert_eq!(read("7n"), Some(Duration::from_nanos(7)));
        for malformed in ["", "S", "10", "10X", "-1S", "+1S", "123456789S", "1 S"] {
            assert_eq!(read(malformed), None, "{malformed:?}");
        }
        assert_eq!(caller_timeout(&HeaderMap::new()), None);
    }

    #[test]
    fn the_shorter_limit_counts() {
        let minute = Duration::from_secs(60);
        let caller = TimeLimit::new(Operation::Get, Some(Duration::from_secs(10)), minute);
        assert!(caller.by_caller);
        assert_eq!(caller.allowed, Duration::from_millis(9_900));
        let quick = TimeLimit::new(Operation::Get, Some(Duration::from_millis(100)), minute);
        assert_eq!(quick.allowed, Duration::from_millis(95));
        let create = TimeLimit::new(Operation::Create, Some(Duration::from_secs(10)), minute);
        assert_eq!(create.allowed, Duration::from_secs(9));
        assert!(!TimeLimit::new(Operation::Get, Some(Duration::from_secs(90)), minute).by_caller);
        assert_eq!(TimeLimit::new(Operation::Get, None, minute).allowed, minute);
    }
}
