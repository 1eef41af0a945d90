//! The threads of one connector: one while none of its calls blocks, and another whenever all are
//! stuck. `mod.rs` hands work out through here; `guard` has work moved that waits behind a stuck step.
//! One busy thread is cheaper to wake than several that sleep by turns.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};

use super::trust::Trust;

/// A thread that has worked on one step for longer is stuck: it blocks or computes, and whatever
/// else waits for it waits too.
const STUCK: Duration = Duration::from_millis(10);
/// The most threads. With that many stuck, calls wait for the first.
const MOST_THREADS: usize = 128;

/// Work in a form that every thread takes.
pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The threads.
#[derive(Debug)]
pub(super) struct Crew {
    name: String,
    threads: RwLock<Vec<Arc<Thread>>>,
}

/// One thread, as a runtime of its own: it keeps its timers and sockets when others are stuck.
#[derive(Debug)]
pub(super) struct Thread {
    runtime: Option<Runtime>,
    step: Step,
    /// Work it has not begun, in order.
    waiting: Mutex<VecDeque<Arc<Slot>>>,
}

/// Work that one thread will begin; empty once it has.
struct Slot(Mutex<Option<Work>>);

impl Slot {
    fn take(&self) -> Option<Work> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
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
struct Step {
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
    pub(super) fn hand(&self) -> Option<Arc<Thread>> {
        let free = free(&self.threads());
        free.or_else(|| self.another())
    }

    fn threads(&self) -> std::sync::RwLockReadGuard<'_, Vec<Arc<Thread>>> {
        self.threads.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn another(&self) -> Option<Arc<Thread>> {
        let mut threads = self.threads.write().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have started one meanwhile.
        if let Some(free) = free(&threads) {
            return Some(free);
        }
        let count = threads.len();
        if count >= MOST_THREADS {
            return threads.first().cloned();
        }
        if count == 1 {
            tracing::warn!(
                connector = self.name,
                "its thread is stuck in its code, so another one \
                is started; wrap what blocks in `blocking`"
            );
        }
        let started = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(&self.name)
            .enable_all()
            .build();
        match started {
            Ok(runtime) => {
                let thread = Arc::new(Thread {
                    runtime: Some(runtime),
                    step: Step::new(),
                    waiting: Mutex::default(),
                });
                threads.push(Arc::clone(&thread));
                Some(thread)
            }
            Err(error) => {
                tracing::error!(connector = self.name, %error, "no thread can be started for it");
                threads.first().cloned()
            }
        }
    }

    /// Moves what waits behind a stuck step to another thread. Whether there is a stuck one.
    pub(super) fn rescue(&self, trust: &Arc<Trust>) -> bool {
        let stuck: Vec<Arc<Thread>> =
            self.threads().iter().filter(|thread| thread.step.is_stuck()).cloned().collect();
        for thread in &stuck {
            let waiting = std::mem::take(&mut *thread.waiting());
            let left: Vec<Work> = waiting.iter().filter_map(|slot| slot.take()).collect();
            if left.is_empty() {
                continue;
            }
            let Some(other) = self.hand() else { break };
            for work in left {
                other.begin(work, trust);
            }
        }
        !stuck.is_empty()
    }
}

fn free(threads: &[Arc<Thread>]) -> Option<Arc<Thread>> {
    threads.iter().find(|thread| !thread.step.is_stuck()).cloned()
}

impl Thread {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<Arc<Slot>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where sockets, timers and tasks of the connector belong.
    pub(super) fn resources(&self) -> Option<&Handle> {
        self.runtime.as_ref().map(Runtime::handle)
    }

    /// Begins work as soon as the thread is free.
    pub(super) fn begin(self: &Arc<Self>, work: Work, trust: &Arc<Trust>) {
        let slot = Arc::new(Slot(Mutex::new(Some(work))));
        {
            let mut waiting = self.waiting();
            while waiting.front().is_some_and(|slot| slot.is_empty()) {
                waiting.pop_front();
            }
            waiting.push_back(Arc::clone(&slot));
        }
        let watched =
            Watched { slot, work: None, thread: Arc::clone(self), trust: Arc::clone(trust) };
        if let Some(thread) = self.resources() {
            drop(thread.spawn(watched));
        }
    }
}

/// Work whose steps are watched.
struct Watched {
    slot: Arc<Slot>,
    work: Option<Work>,
    thread: Arc<Thread>,
    trust: Arc<Trust>,
}

impl Future for Watched {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.work.is_none() {
            this.work = this.slot.take();
        }
        // Empty: another thread has it.
        let Some(work) = &mut this.work else { return Poll::Ready(()) };
        let step = &this.thread.step;
        let began = step.now();
        step.since.store(began, Ordering::Relaxed);
        let polled = work.as_mut().poll(cx);
        step.since.store(0, Ordering::Relaxed);
        this.trust.note(Duration::from_micros(step.now().saturating_sub(began)));
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use tokio::sync::oneshot;

    use super::Crew;

    /// Work that says on which thread it runs and then blocks it.
    fn blocking(
        crew: &Crew,
        blocked: mpsc::Receiver<()>,
    ) -> oneshot::Receiver<std::thread::ThreadId> {
        let (told, tell) = oneshot::channel();
        let work = Box::pin(async move {
            told.send(std::thread::current().id()).ok();
            blocked.recv().ok();
        });
        crew.hand().expect("a thread").begin(work, &Arc::default());
        tell
    }

    async fn all_stuck(crew: &Crew) {
        while crew.threads().iter().any(|thread| !thread.step.is_stuck()) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_stuck_thread_is_left_behind() {
        let crew = Crew::new("test".to_owned());
        let (release, blocked) = mpsc::channel();
        let first = blocking(&crew, blocked).await.expect("it began");
        all_stuck(&crew).await;
        let (again, blocked) = mpsc::channel();
        let second = blocking(&crew, blocked).await.expect("it began");
        assert_ne!(first, second);
        assert_eq!(crew.threads().len(), 2);
        drop((release, again));
    }

    #[tokio::test]
    async fn work_behind_a_stuck_step_is_moved() {
        let crew = Crew::new("test".to_owned());
        let (releases, begun): (Vec<_>, Vec<_>) = (0..4)
            .map(|_| {
                let (release, blocked) = mpsc::channel();
                (release, blocking(&crew, blocked))
            })
            .unzip();
        let mut threads = Vec::new();
        for begun in begun {
            threads.push(begun.await.expect("it began"));
            all_stuck(&crew).await;
            crew.rescue(&Arc::default());
        }
        threads.dedup();
        assert_eq!(threads.len(), 4, "each blocks a thread of its own");
        drop(releases);
    }

    #[tokio::test]
    async fn one_thread_does_for_work_that_never_blocks() {
        let crew = Crew::new("test".to_owned());
        for _ in 0..100 {
            let (done, end) = oneshot::channel();
            let work = Box::pin(async move {
                tokio::task::yield_now().await;
                done.send(()).ok();
            });
            crew.hand().expect("a thread").begin(work, &Arc::default());
            end.await.expect("done");
        }
        assert_eq!(crew.threads().len(), 1);
        assert!(crew.threads().iter().all(|thread| thread.waiting().len() <= 1));
    }
}
