//! How long a call may take: what the caller said, and what the server allows.
//! A service says what the caller set, `dispatch` applies the limit.

use std::time::Duration;

use tokio::time::Instant;

/// What is kept back of the caller's time for the way, unless the policy says otherwise: enough for
/// half a second there and back, and for a clock or a processor that is late.
const RESERVE: Duration = Duration::from_secs(1);
/// The share of it that this may be: a caller in a hurry wants an answer, not a margin.
const SHARE: u32 = 5;
/// The same where the operator knows the way.
const SET_SHARE: u32 = 2;
/// At least one part in so many: clients round the timeout they send up by up to a hundredth.
const ROUNDING: u32 = 50;

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
    /// The shorter of what is left of the caller's timeout and of the server's own limit.
    ///
    /// The server's clock starts when the request has arrived, and the caller's runs until the answer
    /// has; so `reserve` is kept back of the caller's time, see
    /// [`connector_core::Policy::answer_reserve`].
    #[must_use]
    pub fn new(caller: Option<Duration>, server: Duration, reserve: Option<Duration>) -> Self {
        let for_caller = caller.map(|caller| (caller, caller - kept_back(caller, reserve)));
        match for_caller {
            Some((set, allowed)) if allowed <= server => Self { allowed, set, by_caller: true },
            _ => Self { allowed: server, set: server, by_caller: false },
        }
    }
}

/// What of the caller's time belongs to the way.
fn kept_back(caller: Duration, reserve: Option<Duration>) -> Duration {
    let (reserve, share) = reserve.map_or((RESERVE, SHARE), |reserve| (reserve, SET_SHARE));
    reserve.max(caller / ROUNDING).min(caller / share)
}

/// The moment after a span; a span without end gives a moment nobody will see.
#[must_use]
pub fn after(span: Duration) -> Instant {
    from(Instant::now(), span)
}

/// The moment that long after another one.
pub(crate) fn from(began: Instant, span: Duration) -> Instant {
    const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);
    began + span.min(NEVER)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::TimeLimit;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_shorter_limit_counts() {
        let caller = TimeLimit::new(Some(millis(10_000)), MINUTE, None);
        assert_eq!((caller.by_caller, caller.set), (true, millis(10_000)));
        let server = TimeLimit::new(Some(millis(90_000)), MINUTE, None);
        assert_eq!(server, TimeLimit::new(None, MINUTE, None));
        assert_eq!((server.by_caller, server.allowed), (false, MINUTE));
        // Both alike: the caller's own clock would end first.
        let both = TimeLimit::new(Some(MINUTE), MINUTE, None);
        assert!(both.by_caller && both.allowed < MINUTE);
    }

    #[test]
    fn the_answer_has_time_to_arrive() {
        for (timeout, set, allowed) in [
            (10_000, None, 9_000),
            (1_000, None, 800),
            (100, None, 80),
            // A client that rounded 100 s up to 101 s leaves after 100 s all the same.
            (101_000, None, 98_980),
            (10_000, Some(3_000), 7_000),
            (10_000, Some(200), 9_800),
            (10_000, Some(0), 9_800),
            (1_000, Some(3_000), 500),
        ] {
            let limit = TimeLimit::new(Some(millis(timeout)), 2 * MINUTE, set.map(millis));
            assert_eq!(limit.allowed, millis(allowed), "{timeout} ms, {set:?} ms kept back");
        }
    }
}
