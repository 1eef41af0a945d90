//! Rule: a connector that blocks or floods holds up nobody but itself.
//! Every connector works on threads of its own, so many calls at a time; the server's threads only
//! wait for it, with a deadline. The gate runs all connector code through here.

mod crew;
mod guard;
mod trust;

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use connector_core::policy::Isolation;
use crew::{Crew, Work};
use futures_util::FutureExt;
use futures_util::future::{AbortHandle, Abortable};
pub(crate) use guard::Places;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, timeout_at};
use trust::Trust;

/// Why work on a connector brought no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Interrupted {
    /// It panicked, with this message.
    Panicked(String),
    /// The deadline passed.
    OutOfTime,
    /// The deadline passed before it could begin: too many calls were under way.
    Busy,
    /// The server is ending.
    Ending,
}

/// Where one connector works.
#[derive(Debug)]
pub(crate) struct Workplace {
    isolation: Isolation,
    /// The server's own threads.
    server: Handle,
    threads: Arc<Threads>,
    /// Places on the server's threads, for a connector that has earned it.
    places: Arc<Places>,
    permits: Arc<Semaphore>,
}

/// The threads of a connector, and whether it may use the server's.
#[derive(Debug)]
pub(crate) struct Threads {
    crew: Crew,
    trust: Arc<Trust>,
}

impl Threads {
    /// Moves work that waits behind a stuck step. Whether there is a stuck thread.
    fn rescue(&self) -> bool {
        self.crew.rescue(&self.trust)
    }
}

impl Workplace {
    /// A workplace for so many calls at a time; its threads start with the first one.
    ///
    /// `server` is where the server itself runs.
    pub(crate) fn new(
        name: &str,
        isolation: Isolation,
        concurrency: usize,
        server: Handle,
        places: Arc<Places>,
    ) -> Self {
        let permits = Arc::new(Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)));
        let crew = Crew::new(name.to_owned());
        let threads = Arc::new(Threads { crew, trust: Arc::default() });
        places.watch_threads(&threads);
        Self { isolation, server, threads, places, permits }
    }

    /// How many more calls may begin at this moment.
    #[cfg(test)]
    fn free(&self) -> usize {
        self.permits.available_permits()
    }

    /// Runs work until the deadline.
    ///
    /// # Errors
    /// A panic in the work, the deadline, or no room until the deadline.
    ///
    /// # Cancel safety
    /// Dropping the future drops the work at its current `.await`. Its place is taken until then.
    pub(crate) fn run<T, F>(
        &self,
        deadline: Instant,
        work: F,
    ) -> impl Future<Output = Result<T, Interrupted>> + Send
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        // Boxed once and at once: the futures of all layers above would each hold it twice, and
        // the whole of that is copied for every call.
        let work = Box::pin(caught(work));
        async move {
            // What is rare is boxed, too.
            let permit = match Arc::clone(&self.permits).try_acquire_owned() {
                Ok(permit) => permit,
                Err(_) => {
                    let free = timeout_at(deadline, Arc::clone(&self.permits).acquire_owned());
                    let free = Box::pin(free).await.map_err(|_elapsed| Interrupted::Busy)?;
                    free.map_err(|_closed| Interrupted::Ending)?
                }
            };
            let held = async move {
                let answer = work.await;
                drop(permit);
                answer
            };
            let ended = if self.isolation == Isolation::Shared {
                timeout_at(deadline, held).await.map_err(|_elapsed| Interrupted::OutOfTime)?
            } else {
                let mut held = Box::pin(held);
                match self.first_step(held.as_mut()) {
                    Some(ended) => ended,
                    None => Box::pin(self.rest(deadline, held)).await?,
                }
            };
            ended.map_err(Interrupted::Panicked)
        }
    }

    /// Starts work that goes on whoever leaves. It is not counted against the concurrency.
    pub(crate) fn detach(&self, work: impl Future<Output = ()> + Send + 'static) {
        if self.isolation == Isolation::Shared {
            drop(self.server.spawn(work));
        } else {
            let mut work = Box::pin(work);
            if self.first_step(work.as_mut()).is_none() {
                self.elsewhere(work);
            }
        }
    }

    /// Runs work on the connector's threads until the deadline.
    async fn rest<T: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Interrupted> {
        let (tell, told) = oneshot::channel();
        // Aborted when the one who waits for it leaves.
        let (abort, registration) = AbortHandle::new_pair();
        let _leaving = Leaving(abort);
        let work = Abortable::new(work, registration);
        self.elsewhere(Box::pin(async move {
            if let Ok(answer) = work.await {
                tell.send(answer).ok();
            }
        }));
        timeout_at(deadline, told)
            .await
            .map_err(|_elapsed| Interrupted::OutOfTime)?
            .map_err(|_dropped| Interrupted::Ending)
    }

    /// A place among the calls that run at the same time, for detached work.
    pub(crate) fn permits(&self) -> Arc<Semaphore> {
        Arc::clone(&self.permits)
    }

    /// Takes the first step of work here, if the connector has earned that; its answer, if the step
    /// was the last. Sockets, timers and tasks belong to the connector's own threads in any case.
    fn first_step<T>(&self, work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        let Threads { crew, trust } = &*self.threads;
        if !trust.is_earned() {
            return None;
        }
        let thread = crew.hand()?;
        let resources = thread.resources()?;
        let place = self.places.take()?;
        let began = std::time::Instant::now();
        let first = {
            let _resources = resources.enter();
            // Nothing has to wake it: if it is not done it is asked again at once, over there.
            work.poll(&mut Context::from_waker(Waker::noop()))
        };
        drop(place);
        trust.note(began.elapsed());
        match first {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        }
    }

    /// Has the connector's threads do the work.
    fn elsewhere(&self, work: Work) {
        let Threads { crew, trust } = &*self.threads;
        match crew.hand() {
            Some(thread) => {
                self.places.note_work();
                thread.begin(work, trust);
            }
            None => drop(self.server.spawn(work)),
        }
    }
}

/// Ends work when the one who waits for it leaves.
#[derive(Debug)]
struct Leaving(AbortHandle);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The answer of work, or the text of the panic in it.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let ended = AssertUnwindSafe(work).catch_unwind().await;
    ended.map_err(|panic| panic_message(&*panic))
}

/// The text of a panic, if it has one.
#[must_use]
pub fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use connector_core::policy::Isolation;
    use tokio::runtime::Handle;
    use tokio::sync::oneshot;
    use tokio::time::Instant;

    use super::{Interrupted, Workplace};

    fn workplace(isolation: Isolation, concurrency: usize) -> Arc<Workplace> {
        let server = Handle::current();
        let places = super::Places::new(server.clone());
        Arc::new(Workplace::new("test", isolation, concurrency, server, places))
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[tokio::test]
    async fn work_runs_on_threads_of_its_own() {
        let here = std::thread::current().id();
        for (isolation, shared) in [(Isolation::Own, false), (Isolation::Shared, true)] {
            let workplace = workplace(isolation, 1);
            let there = workplace.run(soon(), async { std::thread::current().id() }).await;
            assert_eq!(there == Ok(here), shared, "{isolation:?}");
        }
    }

    #[tokio::test]
    async fn a_blocked_thread_does_not_outlive_the_deadline_of_its_caller() {
        let workplace = workplace(Isolation::Own, 2);
        let (release, blocked) = std::sync::mpsc::channel::<()>();
        let (began, begun) = oneshot::channel();
        let late = workplace.run(Instant::now() + Duration::from_millis(20), async move {
            began.send(()).ok();
            blocked.recv().ok();
        });
        assert_eq!(late.await, Err(Interrupted::OutOfTime));
        begun.await.expect("it had begun");
        // The other thread still works.
        assert_eq!(workplace.run(soon(), async { 7 }).await, Ok(7));
        assert_eq!(workplace.free(), 1, "the blocked call keeps its place");
        drop(release);
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_calls_at_a_time() {
        let workplace = workplace(Isolation::Shared, 1);
        let (release, wait) = oneshot::channel::<()>();
        let first = tokio::spawn({
            let workplace = Arc::clone(&workplace);
            async move { workplace.run(soon(), wait).await }
        });
        tokio::task::yield_now().await;
        let second = workplace.run(Instant::now() + Duration::from_secs(1), async { 2 });
        assert_eq!(second.await, Err(Interrupted::Busy));
        release.send(()).expect("it waits");
        assert!(matches!(first.await, Ok(Ok(Ok(())))));
        assert_eq!(workplace.run(soon(), async { 3 }).await, Ok(3));
    }

    #[tokio::test]
    async fn panics_are_told() {
        for isolation in [Isolation::Own, Isolation::Shared] {
            let workplace = workplace(isolation, 1);
            let panicked = workplace.run(soon(), async { panic!("number {}", 7) });
            assert_eq!(panicked.await, Err::<(), _>(Interrupted::Panicked("number 7".to_owned())));
            assert_eq!(workplace.free(), 1);
        }
    }
}
