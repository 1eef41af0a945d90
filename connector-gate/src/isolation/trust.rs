//! Whether a connector has shown that it never holds a thread for long.
//! `mod.rs` lets the first step of such a connector's calls run on the server's own threads, which
//! saves two thread switches a call; one long step and it has to show it again.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// A single step this long ends the trust: it blocks. Time that its thread waited for a processor is not
/// its own, see `step`.
const LONG: Duration = Duration::from_millis(10);
/// Steps have to be shorter than this on average. A busy machine may stretch a single one.
const SHORT: Duration = Duration::from_micros(200);
/// How many steps in a row earn the trust, at first. Each time it is lost it takes twice as many.
const FIRST_PROOF: u32 = 256;
const LONGEST_PROOF: u32 = 1 << 16;
/// How much the newest step counts in the average.
const SHARE: u64 = 64;

/// What is known of one connector's steps.
#[derive(Debug)]
pub(super) struct Trust {
    steps: AtomicU32,
    proof: AtomicU32,
    mean_nanos: AtomicU64,
}

impl Default for Trust {
    fn default() -> Self {
        Self::new()
    }
}

impl Trust {
    pub(super) const fn new() -> Self {
        Self {
            steps: AtomicU32::new(0),
            proof: AtomicU32::new(FIRST_PROOF),
            mean_nanos: AtomicU64::new(0),
        }
    }

    /// Whether its next step may run on the server's threads.
    pub(super) fn is_earned(&self) -> bool {
        self.steps.load(Ordering::Relaxed) >= self.proof.load(Ordering::Relaxed)
            && Duration::from_nanos(self.mean_nanos.load(Ordering::Relaxed)) < SHORT
    }

    /// Notes how long a step took. Two at once may lose one of them: the average forgives it.
    pub(super) fn note(&self, took: Duration) {
        if took >= LONG {
            self.lose();
        } else {
            let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            let mean = self.mean_nanos.load(Ordering::Relaxed);
            let mean = mean - mean / SHARE + nanos / SHARE;
            self.mean_nanos.store(mean, Ordering::Relaxed);
            let steps = self.steps.load(Ordering::Relaxed).saturating_add(1);
            self.steps.store(steps, Ordering::Relaxed);
            let proof = self.proof.load(Ordering::Relaxed);
            if proof > FIRST_PROOF && steps >= proof.saturating_mul(4) {
                self.proof.store((proof / 2).max(FIRST_PROOF), Ordering::Relaxed);
            }
        }
    }

    /// A step is taking long at this moment.
    pub(super) fn lose(&self) {
        if self.steps.swap(0, Ordering::Relaxed) > 0 {
            let proof = self.proof.load(Ordering::Relaxed).saturating_mul(2);
            self.proof.store(proof.min(LONGEST_PROOF), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FIRST_PROOF, LONG, SHORT, Trust};

    fn steps(trust: &Trust, count: u32, took: std::time::Duration) {
        (0..count).for_each(|_| trust.note(took));
    }

    #[test]
    fn trust_is_earned_by_short_steps_and_lost_by_a_long_one() {
        let trust = Trust::new();
        steps(&trust, FIRST_PROOF - 1, SHORT / 10);
        assert!(!trust.is_earned());
        steps(&trust, 1, SHORT / 10);
        assert!(trust.is_earned());
        trust.note(LONG);
        assert!(!trust.is_earned());
        steps(&trust, FIRST_PROOF, SHORT / 10);
        assert!(!trust.is_earned(), "the second time it takes twice as many");
        steps(&trust, FIRST_PROOF, SHORT / 10);
        assert!(trust.is_earned());
        // In the long run it is as quick to earn as at first.
        steps(&trust, FIRST_PROOF * 8, SHORT / 10);
        trust.note(LONG);
        steps(&trust, FIRST_PROOF * 2, SHORT / 10);
        assert!(trust.is_earned());
    }

    #[test]
    fn steps_that_are_a_little_long_never_earn_it() {
        let trust = Trust::new();
        steps(&trust, FIRST_PROOF * 4, SHORT * 3);
        assert!(!trust.is_earned());
    }

    #[test]
    fn one_stretched_step_is_forgiven() {
        let trust = Trust::new();
        steps(&trust, FIRST_PROOF, SHORT / 100);
        trust.note(LONG * 9 / 10);
        assert!(trust.is_earned());
    }
}
