//! How long a call may take: what the caller said, and what the server allows.
//! A service says what the caller set, `dispatch` applies the limit.

use std::time::Duration;

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
pub struct TimeLimit {
    /// How long the connector may work.
    pub allowed: Duration,
    /// What the caller or the operator set.
    pub set: Duration,
    /// Whether the caller's deadline is the shorter one.
    pub by_caller: bool,
}

impl TimeLimit {
    /// The shorter of the caller's timeout, less a small margin, and the server's own limit.
    #[must_use]
    pub fn new(operation: Operation, caller: Option<Duration>, server: Duration) -> Self {
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
#[must_use]
pub fn after(span: Duration) -> Instant {
    const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);
    Instant::now() + span.min(NEVER)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::TimeLimit;
    use crate::operation::Operation;

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
