//! Rule: a connector that blocks or floods holds up nobody but itself.
//! Every connector works on threads of its own, so many calls at a time; the server's threads only
//! wait for it, with a deadline. The gate runs all connector code through here.

mod crew;
mod guard;
mod queue;
mod step;
mod trust;

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker, ready};

use async_task::{Runnable, Task};
use connector_core::policy::Isolation;
use crew::Crew;
pub(crate) use guard::Places;
pub use guard::{Crowd, Watch};
use step::Step;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use trust::Trust;

use crate::live::LiveBound;

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
    crew: Arc<Crew>,
    trust: Arc<Trust>,
    /// Whether the last call that began on the server's threads had to wait, as the next one probably will.
    waits: AtomicBool,
    /// Places on the server's threads, for a connector that has earned it.
    places: Arc<Places>,
    bound: LiveBound,
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
        let bound = LiveBound::new(concurrency);
        let trust = Arc::<Trust>::default();
        let crew = Crew::new(name.to_owned(), Arc::clone(&trust), Arc::clone(&places));
        Self { isolation, server, crew, trust, waits: AtomicBool::new(false), places, bound }
    }

    /// So many calls at a time from now on.
    pub(crate) fn set_concurrency(&self, calls: usize) {
        self.bound.set(calls, &self.server);
    }

    /// How many more calls may begin at this moment.
    #[cfg(test)]
    fn free(&self) -> usize {
        self.bound.places().available_permits()
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
        let work = Box::pin(work);
        async move {
            // What is rare is boxed, too.
            let permit = match self.bound.places().try_acquire_owned() {
                Ok(permit) => permit,
                Err(_) => {
                    let free = timeout_at(deadline, self.bound.places().acquire_owned());
                    let free = Box::pin(free).await.map_err(|_elapsed| Interrupted::Busy)?;
                    free.map_err(|_closed| Interrupted::Ending)?
                }
            };
            let mut held = Held { work: caught(work), permit: Some(permit) };
            let ended = if self.isolation == Isolation::Shared {
                timeout_at(deadline, held).await.map_err(|_elapsed| Interrupted::OutOfTime)?
            } else {
                let done = match self.waits.load(Ordering::Relaxed) {
                    true => None,
                    false => self.first_step(Pin::new(&mut held)),
                };
                match done {
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
            let mut work = caught(Box::pin(work));
            if self.first_step(Pin::new(&mut work)).is_none() {
                match self.begin(work) {
                    Ok(task) => task.detach(),
                    Err(work) => drop(self.server.spawn(work)),
                }
            }
        }
    }

    /// Runs work on the connector's threads until the deadline.
    async fn rest<T: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Interrupted> {
        match self.begin(work) {
            // It ends when the one who waits for it leaves.
            Ok(task) => timeout_at(deadline, task.fallible())
                .await
                .map_err(|_elapsed| Interrupted::OutOfTime)?
                .ok_or(Interrupted::Ending),
            Err(work) => {
                timeout_at(deadline, work).await.map_err(|_elapsed| Interrupted::OutOfTime)
            }
        }
    }

    /// A place among the calls that run at the same time, for detached work.
    pub(crate) fn permits(&self) -> Arc<Semaphore> {
        self.bound.places()
    }

    /// Takes the first step of work here, if the connector has earned that; its answer, if the step
    /// was the last.
    fn first_step<T>(&self, work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        // Nothing has to wake it: if it is not done it is asked again at once, as a task.
        let first = self.here(|| work.poll(&mut Context::from_waker(Waker::noop())))?;
        self.waits.store(first.is_pending(), Ordering::Relaxed);
        match first {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        }
    }

    /// Makes work a task of the connector's threads. Where it probably has to wait, its first step is taken
    /// here: what it waits for then wakes it over there, and no thread is woken before. The work comes back if
    /// there is no thread.
    fn begin<F>(&self, work: F) -> Result<Task<F::Output>, F>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (first, task) = self.crew.task(work)?;
        let mut first = Some(first);
        if self.waits.load(Ordering::Relaxed)
            && self.here(|| first.take().map(Runnable::run)).is_some()
        {
            self.waits.store(!task.is_finished(), Ordering::Relaxed);
        }
        if let Some(first) = first {
            first.schedule();
        }
        Ok(task)
    }

    /// Takes a step on this thread, if the connector has earned that. Sockets, timers and tasks belong to
    /// the connector's own threads in any case.
    fn here<T>(&self, step: impl FnOnce() -> T) -> Option<T> {
        if !self.trust.is_earned() {
            return None;
        }
        let resources = self.crew.resources()?;
        let place = self.places.take()?;
        let began = Step::begin();
        let done = {
            let _resources = resources.enter();
            step()
        };
        drop(place);
        self.trust.note(began.took());
        Some(done)
    }
}

/// Work that has its place among those that run at the same time, until it ends. Its answer is that of the
/// work, or the text of the panic in it.
struct Held<F> {
    work: Caught<Pin<Box<F>>>,
    permit: Option<OwnedSemaphorePermit>,
}

impl<F: Future> Future for Held<F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = ready!(Pin::new(&mut self.work).poll(cx));
        self.permit = None;
        Poll::Ready(ended)
    }
}

/// The answer of work, or the text of the panic in it.
pub(crate) const fn caught<F: Future + Unpin>(work: F) -> Caught<F> {
    Caught(Some(work))
}

/// Work that may panic. What panics as the work is dropped before its end is caught, too: the runtime of a client
/// that blocks does, for one, and where a task is dropped it would end the process.
pub(crate) struct Caught<F>(Option<F>);

impl<F: Future + Unpin> Future for Caught<F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.0 else {
            return Poll::Pending;
        };
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(work).poll(cx)));
        let ended = match polled {
            Ok(polled) => Ok(ready!(polled)),
            Err(panic) => Err(panic_message(&*panic)),
        };
        Poll::Ready(ended)
    }
}

impl<F> Drop for Caught<F> {
    fn drop(&mut self) {
        let Some(work) = self.0.take() else {
            return;
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(work))) {
            let message = panic_message(&*panic);
            tracing::error!(
                "connector code that was cut short panicked as it was dropped: {message}"
            );
        }
    }
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
mod tests;
