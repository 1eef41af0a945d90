//! The threads of one connector. Its steps run on threads that hold nothing but the step: what they
//! leave behind (sockets, timers, spawned tasks, the drivers of pooled clients) lives on a runtime
//! beside them, so a step that blocks stops nobody else's. `mod.rs` hands work out through here, and
//! `guard` has another thread started where work waits.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use async_task::{Runnable, Task};
use tokio::runtime::{Builder, Handle, Runtime};

use super::guard::{Crowd, Places};
use super::queue::Queue;
use super::step::Step;
use super::trust::Trust;

/// Threads of the runtime beside the steps. With two a spawned task that blocks leaves one.
const RESOURCE_THREADS: usize = 2;
/// The most threads for steps. With that many stuck, calls wait for the first.
const MOST_THREADS: usize = 128;
/// After how many looks of the guard without any progress another thread is started.
const STILL_LOOKS: usize = 2;

/// The threads.
#[derive(Debug)]
pub(super) struct Crew {
    name: String,
    resources: OnceLock<Option<Runtime>>,
    steps: Arc<Steps>,
    places: Arc<Places>,
    trust: Arc<Trust>,
}

/// Steps, and how they get on.
struct Steps {
    queue: Queue<Runnable>,
    /// Steps handed in and not finished.
    pending: AtomicUsize,
    threads: AtomicUsize,
    finished: AtomicU64,
    /// Whether the guard has this crew on its list.
    watched: AtomicBool,
    /// Looks of the guard without a step finished, and how many were finished then.
    still: AtomicUsize,
    seen: AtomicU64,
}

impl std::fmt::Debug for Steps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Steps")
            .field("pending", &self.pending)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

impl Steps {
    /// Whether there are more steps than threads: some wait for others to end.
    fn is_crowded(&self) -> bool {
        self.pending.load(Ordering::SeqCst) > self.threads.load(Ordering::SeqCst)
    }
}

impl Crew {
    pub(super) fn new(name: String, trust: Arc<Trust>, places: Arc<Places>) -> Arc<Self> {
        let steps = Arc::new(Steps {
            queue: Queue::default(),
            pending: AtomicUsize::new(0),
            threads: AtomicUsize::new(0),
            finished: AtomicU64::new(0),
            watched: AtomicBool::new(false),
            still: AtomicUsize::new(0),
            seen: AtomicU64::new(0),
        });
        Arc::new(Self { name, resources: OnceLock::new(), steps, places, trust })
    }

    /// Where sockets, timers and tasks of the connector belong; `None` if the system gives no threads.
    pub(super) fn resources(&self) -> Option<&Handle> {
        let runtime = self.resources.get_or_init(|| {
            let started = Builder::new_multi_thread()
                .worker_threads(RESOURCE_THREADS)
                .thread_name(format!("{} io", self.name))
                .enable_all()
                .build();
            started
                .inspect_err(|error| {
                    tracing::error!(connector = self.name, %error, "no thread can be started for it");
                })
                .ok()
        });
        runtime.as_ref().map(Runtime::handle)
    }

    /// The work as a task of these threads, and its first step: to be scheduled, or run where it can do no harm.
    /// The work ends when the task is dropped. It comes back if there is no thread.
    pub(super) fn task<F>(self: &Arc<Self>, work: F) -> Result<(Runnable, Task<F::Output>), F>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if self.steps.threads.load(Ordering::Relaxed) == 0 && !self.another(0) {
            return Err(work);
        }
        let crew = Arc::downgrade(self);
        let steps = Arc::clone(&self.steps);
        let schedule = move |runnable| {
            steps.pending.fetch_add(1, Ordering::SeqCst);
            // At the end the step is dropped, and its work with it.
            drop(steps.queue.put(runnable));
            if steps.is_crowded()
                && !steps.watched.swap(true, Ordering::SeqCst)
                && let Some(crew) = crew.upgrade()
            {
                let waiting: Arc<dyn Crowd> = Arc::<Self>::clone(&crew);
                crew.places.watch_crowd(&waiting);
            }
        };
        Ok(async_task::spawn(work, schedule))
    }

    /// Starts another thread, if there are `known` of them. Whether there is one now.
    fn another(&self, known: usize) -> bool {
        let threads = &self.steps.threads;
        let counted =
            threads.compare_exchange(known, known + 1, Ordering::SeqCst, Ordering::SeqCst);
        if counted.is_err() {
            return true;
        }
        let Some(resources) = self.resources().cloned() else {
            threads.fetch_sub(1, Ordering::SeqCst);
            return false;
        };
        let (steps, trust) = (Arc::clone(&self.steps), Arc::clone(&self.trust));
        let thread = std::thread::Builder::new().name(self.name.clone());
        let started = thread.spawn(move || work(&resources, &steps, &trust));
        if let Err(error) = &started {
            threads.fetch_sub(1, Ordering::SeqCst);
            tracing::error!(connector = self.name, %error, "no thread can be started for it");
        }
        started.is_ok()
    }

    /// How many threads there are for steps.
    #[cfg(test)]
    pub(super) fn threads(&self) -> usize {
        self.steps.threads.load(Ordering::SeqCst)
    }
}

impl Crowd for Crew {
    /// Starts another thread if no step has been finished for some looks.
    fn relieve(&self) -> bool {
        let steps = &self.steps;
        let finished = steps.finished.load(Ordering::Relaxed);
        if steps.seen.swap(finished, Ordering::Relaxed) != finished {
            steps.still.store(0, Ordering::Relaxed);
        } else if steps.still.fetch_add(1, Ordering::Relaxed) >= STILL_LOOKS {
            steps.still.store(0, Ordering::Relaxed);
            let threads = steps.threads.load(Ordering::SeqCst);
            if threads == 1 {
                tracing::warn!(
                    connector = self.name,
                    "calls wait behind a step of its code, so another thread is started; wrap what \
                     blocks in `blocking`"
                );
            }
            if threads < MOST_THREADS {
                self.another(threads);
            }
        }
        if steps.is_crowded() {
            return true;
        }
        steps.watched.store(false, Ordering::SeqCst);
        // Steps that came before that line may not have told.
        steps.is_crowded() && !steps.watched.swap(true, Ordering::SeqCst)
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.steps.queue.end();
        if let Some(runtime) = self.resources.take().flatten() {
            // Without waiting: a blocked thread may never come back.
            runtime.shutdown_background();
        }
    }
}

/// What a thread does: one step after the other.
fn work(resources: &Handle, steps: &Steps, trust: &Trust) {
    while let Some(runnable) = steps.queue.take() {
        let step = Step::begin();
        // In the runtime's context, and with a budget for each step.
        resources.block_on(async {
            runnable.run();
        });
        trust.note(step.took());
        steps.finished.fetch_add(1, Ordering::Relaxed);
        steps.pending.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use async_task::Task;
    use tokio::runtime::Handle;
    use tokio::sync::oneshot;

    use super::Crew;
    use crate::isolation::Places;

    fn crew() -> Arc<Crew> {
        Crew::new("test".to_owned(), Arc::default(), Places::new(Handle::current()))
    }

    /// Has a thread do the work.
    fn begin<F>(crew: &Arc<Crew>, work: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (step, task) = crew.task(work).map_err(|_| "no thread").unwrap();
        step.schedule();
        task
    }

    /// Work that says on which thread it runs and then blocks it.
    fn blocking(
        crew: &Arc<Crew>,
        blocked: mpsc::Receiver<()>,
    ) -> oneshot::Receiver<std::thread::ThreadId> {
        let (told, tell) = oneshot::channel();
        let work = async move {
            told.send(std::thread::current().id()).ok();
            blocked.recv().ok();
        };
        begin(crew, work).detach();
        tell
    }

    #[tokio::test]
    async fn work_behind_a_stuck_step_gets_another_thread() {
        let crew = crew();
        let (releases, begun): (Vec<_>, Vec<_>) = (0..4)
            .map(|_| {
                let (release, blocked) = mpsc::channel();
                (release, blocking(&crew, blocked))
            })
            .unzip();
        let mut threads = Vec::new();
        for begun in begun {
            threads.push(begun.await.expect("it began"));
        }
        threads.dedup();
        assert_eq!((threads.len(), crew.threads()), (4, 4), "each blocks a thread of its own");
        drop(releases);
    }

    #[tokio::test]
    async fn one_thread_does_for_work_that_never_blocks() {
        let crew = crew();
        for _ in 0..100 {
            let task = begin(&crew, async {
                tokio::task::yield_now().await;
                7
            });
            assert_eq!(task.await, 7);
        }
        assert_eq!(crew.threads(), 1);
    }

    #[tokio::test]
    async fn dropped_work_ends_where_it_waits() {
        struct Told(Option<oneshot::Sender<()>>);
        impl Drop for Told {
            fn drop(&mut self) {
                self.0.take().expect("once").send(()).ok();
            }
        }
        let crew = crew();
        let ((ended, end), (began, begun)) = (oneshot::channel(), oneshot::channel());
        let held = Told(Some(ended));
        let task = begin(&crew, async move {
            let _held = held;
            began.send(()).ok();
            std::future::pending::<()>().await;
        });
        begun.await.expect("it began");
        drop(task);
        end.await.expect("its future was dropped");
    }
}
