//! What every call reads and an operator may change while the server runs. Nobody waits for a lock to read it.
//! The rules hold them; `gates` and a service change them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// A span of time, up to some hundred years.
#[derive(Debug)]
pub(crate) struct LiveSpan(AtomicU64);

impl LiveSpan {
    pub(crate) fn new(span: Duration) -> Self {
        Self(AtomicU64::new(nanos(span)))
    }

    pub(crate) fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, span: Duration) {
        self.0.store(nanos(span), Ordering::Relaxed);
    }
}

/// A span in nanoseconds, of which 64 bits hold 584 years.
pub(crate) fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// How many may be there at a time: calls, connections.
#[derive(Debug)]
pub struct LiveBound {
    permits: Arc<Semaphore>,
    most: Mutex<usize>,
}

impl LiveBound {
    /// At most so many, and at least one.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let most = possible(most);
        Self { permits: Arc::new(Semaphore::new(most)), most: Mutex::new(most) }
    }

    /// Where each takes its place, and gives it back.
    #[must_use]
    pub fn places(&self) -> Arc<Semaphore> {
        Arc::clone(&self.permits)
    }

    /// At most so many from now on. Those that are there may stay; while they are too many, the next place
    /// comes free when enough of them have gone, which `runtime` waits for.
    pub fn set(&self, most: usize, runtime: &Handle) {
        let most = possible(most);
        let mut now = self.most.lock().unwrap_or_else(PoisonError::into_inner);
        self.permits.add_permits(most.saturating_sub(*now));
        let fewer = now.saturating_sub(most);
        let taken = fewer - self.permits.forget_permits(fewer);
        *now = most;
        if taken > 0 {
            let permits = self.places();
            let taken = u32::try_from(taken).unwrap_or(u32::MAX);
            runtime.spawn(async move {
                // Nobody closes it.
                if let Ok(gone) = permits.acquire_many_owned(taken).await {
                    gone.forget();
                }
            });
        }
    }
}

fn possible(most: usize) -> usize {
    most.clamp(1, Semaphore::MAX_PERMITS)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::runtime::Handle;
    use tokio::sync::OwnedSemaphorePermit;
    use tokio::task::yield_now;

    use super::{LiveBound, LiveSpan};

    fn take(bound: &LiveBound, count: usize) -> Vec<OwnedSemaphorePermit> {
        (0..count).map_while(|_| bound.places().try_acquire_owned().ok()).collect()
    }

    #[tokio::test]
    async fn a_bound_that_falls_lets_those_stay_that_are_there() {
        let (bound, here) = (LiveBound::new(5), Handle::current());
        let mut there = take(&bound, 4);
        bound.set(2, &here);
        yield_now().await;
        assert_eq!(take(&bound, 1).len(), 0, "four are there, and two may be");
        there.truncate(2);
        yield_now().await;
        assert_eq!(take(&bound, 1).len(), 0, "two are there");
        there.truncate(1);
        yield_now().await;
        assert_eq!(take(&bound, 9).len(), 1);
        bound.set(4, &here);
        assert_eq!(take(&bound, 9).len(), 3);
        drop(there);
        assert_eq!(take(&bound, 9).len(), 4);
    }

    #[tokio::test]
    async fn a_bound_that_rises_before_it_has_fallen_is_the_last_one_said() {
        let (bound, here) = (LiveBound::new(4), Handle::current());
        let there = take(&bound, 4);
        bound.set(1, &here);
        bound.set(3, &here);
        yield_now().await;
        drop(there);
        yield_now().await;
        assert_eq!(take(&bound, 9).len(), 3);
        bound.set(0, &here);
        assert_eq!(take(&bound, 9).len(), 1, "with none nothing would ever work again");
    }

    #[test]
    fn spans_are_kept_to_the_nanosecond_and_have_an_end() {
        let span = LiveSpan::new(Duration::new(3, 7));
        assert_eq!(span.now(), Duration::new(3, 7));
        span.set(Duration::MAX);
        assert!(span.now() > Duration::from_secs(3_600 * 24 * 365 * 100));
    }
}
