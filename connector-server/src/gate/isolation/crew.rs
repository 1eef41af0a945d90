//! The threads of one connector: one while none of its calls blocks, and another whenever all are
//! stuck. `isolation/mod.rs` hands work out through here.
//! One busy thread is cheaper to wake than several that sleep by turns.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};

/// A thread that has worked on one step for longer is stuck: it blocks or computes, and whatever
/// else waits for it waits too.
const STUCK: Duration = Duration::from_millis(10);
/// The most threads. With that many stuck, calls wait for the first.
const MOST_THREADS: usize = 128;

/// The threads.
#[derive(Debug)]
pub(super) struct Crew {
    name: String,
    threads: RwLock<Vec<Thread>>,
}

/// One thread, as a runtime of its own: it keeps its timers and sockets when others are stuck.
#[derive(Debug)]
struct Thread {
    runtime: Option<Runtime>,
    step: Arc<Step>,
}

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Without waiting: a blocked thread may never come back.
            runtime.shutdown_background();
        }
    }
}

/// Since when a thread works on its present step.
#[derive(Debug)]
pub(super) struct Step {
    started: Instant,
    /// Microseconds after `started`; 0 between steps.
    since: AtomicU64,
}

impl Step {
    fn new() -> Self {
        Self { started: Instant::now(), since: AtomicU64::new(0) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX).max(1)
    }

    fn is_stuck(&self) -> bool {
        let since = self.since.load(Ordering::Relaxed);
        since > 0 && Duration::from_micros(self.now().saturating_sub(since)) > STUCK
    }
}

impl Crew {
    pub(super) const fn new(name: String) -> Self {
        Self { name, threads: RwLock::new(Vec::new()) }
    }

    /// A thread that is not stuck, started if need be; `None` if the system gives none.
    pub(super) fn hand(&self) -> Option<(Handle, Arc<Step>)> {
        let taken = {
            let threads = self.threads.read().unwrap_or_else(PoisonError::into_inner);
            free(&threads)
        };
        taken.or_else(|| self.another())
    }

    fn another(&self) -> Option<(Handle, Arc<Step>)> {
        let mut threads = self.threads.write().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have started one meanwhile.
        if let Some(free) = free(&threads) {
            return Some(free);
        }
        if threads.len() >= MOST_THREADS {
            return threads.first().and_then(Thread::hand);
        }
        if !threads.is_empty() {
            let count = threads.len();
            tracing::warn!(
                connector = self.name,
                count,
                "all threads of this connector are stuck \
                in its code, so another one is started; wrap what blocks in `blocking`"
            );
        }
        let started = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(&self.name)
            .enable_all()
            .build();
        match started {
            Ok(runtime) => {
                let thread = Thread { runtime: Some(runtime), step: Arc::new(Step::new()) };
                let hand = thread.hand();
                threads.push(thread);
                hand
            }
            Err(error) => {
                tracing::error!(connector = self.name, %error, "no thread can be started for it");
                threads.first().and_then(Thread::hand)
            }
        }
    }
}

fn free(threads: &[Thread]) -> Option<(Handle, Arc<Step>)> {
    threads.iter().find(|thread| !thread.step.is_stuck()).and_then(Thread::hand)
}

impl Thread {
    fn hand(&self) -> Option<(Handle, Arc<Step>)> {
        Some((self.runtime.as_ref()?.handle().clone(), Arc::clone(&self.step)))
    }
}

/// Work whose steps are watched.
pub(super) struct Watched<F> {
    work: Pin<Box<F>>,
    step: Arc<Step>,
}

impl<F> Watched<F> {
    pub(super) fn new(work: F, step: Arc<Step>) -> Self {
        Self { work: Box::pin(work), step }
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.step.since.store(self.step.now(), Ordering::Relaxed);
        let polled = self.work.as_mut().poll(cx);
        self.step.since.store(0, Ordering::Relaxed);
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::sync::oneshot;

    use super::{Crew, Watched};

    /// Work that says on which thread it runs and then blocks it.
    fn blocking(
        crew: &Crew,
        blocked: mpsc::Receiver<()>,
    ) -> oneshot::Receiver<std::thread::ThreadId> {
        let (told, tell) = oneshot::channel();
        let (handle, step) = crew.hand().expect("a thread");
        let work = async move {
            told.send(std::thread::current().id()).ok();
            blocked.recv().ok();
        };
        drop(handle.spawn(Watched::new(work, step)));
        tell
    }

    #[tokio::test]
    async fn a_stuck_thread_is_left_behind() {
        let crew = Crew::new("test".to_owned());
        let (release, blocked) = mpsc::channel();
        let first = blocking(&crew, blocked).await.expect("it began");
        // It counts as stuck once it has been at it for long enough.
        while crew.threads.read().unwrap().iter().any(|thread| !thread.step.is_stuck()) {
            tokio::task::yield_now().await;
        }
        let (again, blocked) = mpsc::channel();
        let second = blocking(&crew, blocked).await.expect("it began");
        assert_ne!(first, second);
        assert_eq!(crew.threads.read().unwrap().len(), 2);
        drop((release, again));
    }

    #[tokio::test]
    async fn one_thread_does_for_work_that_never_blocks() {
        let crew = Crew::new("test".to_owned());
        for _ in 0..100 {
            let (handle, step) = crew.hand().expect("a thread");
            handle.spawn(Watched::new(tokio::task::yield_now(), step)).await.expect("done");
        }
        assert_eq!(crew.threads.read().unwrap().len(), 1);
    }
}
