//! How long to wait before a call is made again.
//! Every rule that retries uses it: growing waits with chance in them, or what the vendor asked for.

use std::time::Duration;

use connector_core::ErrorKind;
use connector_core::host::CallError;

/// The first wait, at most.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait of our own.
const LONGEST: Duration = Duration::from_secs(10);
/// The longest wait of a vendor's that is believed: a job must not be out of sight for ever.
const LONGEST_ASKED: Duration = Duration::from_secs(3_600);

/// The waits of one row of attempts.
#[derive(Debug)]
pub(crate) struct Backoff {
    most: Duration,
}

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self { most: FIRST }
    }

    /// The next wait: from half to the whole of a span that doubles, so that many callers do not
    /// come back at once. What the vendor asked for counts where it is longer.
    pub(crate) fn next(&mut self, asked: Option<Duration>) -> Duration {
        let wait = self.most.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.most = (self.most * 2).min(LONGEST);
        asked.map_or(wait, |asked| asked.max(wait))
    }

    /// What the vendor asked for (`Retry-After`).
    pub(crate) fn asked(error: &CallError) -> Option<Duration> {
        match error {
            CallError::Connector(error) => match error.kind() {
                ErrorKind::Transient { retry_after } => {
                    retry_after.map(|asked| asked.min(LONGEST_ASKED))
                }
                _ => None,
            },
            CallError::Meta(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Backoff, FIRST, LONGEST};

    #[test]
    fn waits_grow_and_the_vendor_counts() {
        let mut backoff = Backoff::new();
        let mut most = FIRST;
        for _ in 0..20 {
            let wait = backoff.next(None);
            assert!(wait >= most / 2 && wait <= most, "{wait:?} of {most:?}");
            most = (most * 2).min(LONGEST);
        }
        let asked = Duration::from_secs(60);
        assert_eq!(backoff.next(Some(asked)), asked);
    }
}
