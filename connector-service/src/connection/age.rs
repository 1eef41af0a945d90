//! The age of a connection. Behind one address there may be several servers, and a client that keeps its
//! connection for ever never sees a new one: so connections end when they are old, calls first.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;

/// How old a connection may become, and how long its calls may then go on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Age {
    pub(super) most: Option<Duration>,
    pub(super) grace: Duration,
}

impl Age {
    /// Completes when the connection must be closed, and before says that it is to be ended. Ages differ by up
    /// to a tenth, so that those which came together do not leave together.
    pub(super) async fn over(self, old: &AtomicBool) {
        // Longer than any process lives, and short enough to be multiplied.
        const LONGEST: Duration = Duration::from_secs(1 << 32);
        let Some(most) = self.most.map(|most| most.min(LONGEST)) else {
            return std::future::pending().await;
        };
        sleep(most.mul_f64(0.9 + 0.2 * fastrand::f64())).await;
        old.store(true, Ordering::Relaxed);
        sleep(self.grace).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use tokio::time::{Instant, timeout};

    use super::Age;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[tokio::test(start_paused = true)]
    async fn connections_that_came_together_do_not_end_together() {
        let old = AtomicBool::new(false);
        let grace = Duration::from_secs(20);
        let mut ages = Vec::new();
        for _ in 0..20 {
            let begun = Instant::now();
            Age { most: Some(HOUR), grace }.over(&old).await;
            ages.push(begun.elapsed() - grace);
        }
        assert!(old.load(Ordering::Relaxed));
        assert!(ages.iter().all(|age| *age >= HOUR.mul_f64(0.9) && *age <= HOUR.mul_f64(1.1)));
        ages.sort();
        assert!(ages[19] - ages[0] > HOUR / 50, "{ages:?}");
        let never = Age { most: None, grace }.over(&old);
        assert!(timeout(1_000 * HOUR, never).await.is_err());
    }
}
