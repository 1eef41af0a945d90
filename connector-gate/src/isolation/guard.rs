//! Watches steps of connector code, and sees to it that nothing waits behind one that is stuck.
//! On the server's threads it never runs on all at once; one that is stuck may be the one that waits
//! for sockets, so the guard wakes another to take that over. On a connector's own threads the guard
//! has another thread started where steps wait. It sleeps while there is nothing to watch.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::Thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

/// How often the guard looks while there is something to watch.
const LOOK: Duration = Duration::from_millis(1);
/// A step that takes longer is stuck.
const STUCK: Duration = Duration::from_millis(2);

/// A crew in which steps may wait for a thread.
pub(super) trait Crowd: std::fmt::Debug + Send + Sync {
    /// Called at every look while steps wait. Whether to look again.
    fn relieve(&self) -> bool;
}

/// Places for steps on the server's threads.
#[derive(Debug)]
pub(crate) struct Places {
    server: Handle,
    started: Instant,
    /// For each place the microseconds after `started` when its step began; 0 if it is free.
    since: Box<[AtomicU64]>,
    /// Crews in which steps wait for a thread.
    crowded: Mutex<Vec<Weak<dyn Crowd>>>,
    /// Whether the guard looks.
    awake: AtomicBool,
    /// Set by every step, cleared by every look.
    used: AtomicBool,
    guard: OnceLock<Option<Thread>>,
}

/// A place that is taken, until it is dropped.
#[derive(Debug)]
pub(super) struct Place<'a>(&'a AtomicU64);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}

impl Places {
    /// One place less than the server has threads: one is always left to serve.
    pub(crate) fn new(server: Handle) -> Arc<Self> {
        let places = server.metrics().num_workers().saturating_sub(1);
        Arc::new(Self {
            server,
            started: Instant::now(),
            since: (0..places).map(|_| AtomicU64::new(0)).collect(),
            crowded: Mutex::default(),
            awake: AtomicBool::new(false),
            used: AtomicBool::new(false),
            guard: OnceLock::new(),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX).max(1)
    }

    /// Has a crew watched in which steps wait for a thread, for as long as they do.
    pub(super) fn watch_crew(self: &Arc<Self>, crew: &Arc<dyn Crowd>) {
        self.crowded().push(Arc::downgrade(crew));
        self.used.store(true, Ordering::SeqCst);
        self.watch();
    }

    /// Takes a place, if one is free and watched.
    pub(super) fn take(self: &Arc<Self>) -> Option<Place<'_>> {
        let now = self.now();
        let taken = self.since.iter().find(|place| {
            place.load(Ordering::Relaxed) == 0
                && place.compare_exchange(0, now, Ordering::Acquire, Ordering::Relaxed).is_ok()
        });
        let place = Place(taken?);
        self.used.store(true, Ordering::Relaxed);
        // Without a guard the place is given back.
        self.watch().then_some(place)
    }

    /// Makes sure that the guard looks. Whether there is one.
    fn watch(self: &Arc<Self>) -> bool {
        if self.awake.load(Ordering::SeqCst) {
            return true;
        }
        let guard = self.guard.get_or_init(|| {
            let places = Arc::downgrade(self);
            let guard = std::thread::Builder::new().name("guard".to_owned()).spawn(move || {
                loop {
                    let Some(places) = places.upgrade() else { return };
                    let look_again = places.look();
                    drop(places);
                    if look_again {
                        std::thread::park_timeout(LOOK);
                    } else {
                        std::thread::park();
                    }
                }
            });
            guard.ok().map(|guard| guard.thread().clone())
        });
        let Some(guard) = guard else { return false };
        if !self.awake.swap(true, Ordering::SeqCst) {
            guard.unpark();
        }
        true
    }

    /// One look at all places and at crews in which steps wait. Whether to look again soon.
    fn look(&self) -> bool {
        let now = self.now();
        let began = self.since.iter().map(|place| place.load(Ordering::Relaxed));
        let oldest = began.filter(|since| *since > 0).min();
        if oldest.is_some_and(|since| Duration::from_micros(now.saturating_sub(since)) > STUCK) {
            // Work from outside wakes a sleeping thread, which then also waits for sockets.
            drop(self.server.spawn(std::future::ready(())));
        }
        // Without the lock: a crew may start a thread.
        let crowded = std::mem::take(&mut *self.crowded());
        let still: Vec<Weak<dyn Crowd>> = crowded
            .into_iter()
            .filter(|crew| crew.upgrade().is_some_and(|crew| crew.relieve()))
            .collect();
        let crowded = {
            let mut crowded = self.crowded();
            crowded.extend(still);
            !crowded.is_empty()
        };
        if crowded || oldest.is_some() || self.used.swap(false, Ordering::SeqCst) {
            return true;
        }
        // Nothing to watch: it sleeps until somebody begins a step.
        self.awake.store(false, Ordering::SeqCst);
        // A step that began before that line may not have woken the guard.
        if self.used.load(Ordering::SeqCst) {
            self.awake.store(true, Ordering::SeqCst);
            return true;
        }
        false
    }

    fn crowded(&self) -> std::sync::MutexGuard<'_, Vec<Weak<dyn Crowd>>> {
        self.crowded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        // The guard holds no claim on this and ends with it.
        if let Some(Some(guard)) = self.guard.get() {
            guard.unpark();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::runtime::{Builder, Handle};

    use super::Places;

    #[test]
    fn one_thread_is_always_left() {
        let runtime = Builder::new_multi_thread().worker_threads(3).build().unwrap();
        let places = Places::new(runtime.handle().clone());
        let (one, two) = (places.take(), places.take());
        assert!(one.is_some() && two.is_some() && places.take().is_none());
        drop(one);
        assert!(places.take().is_some());
        let alone = Builder::new_current_thread().build().unwrap();
        assert!(Places::new(alone.handle().clone()).take().is_none());
    }

    /// What a stuck thread would stop without a guard: whoever waits for sockets.
    #[test]
    fn sockets_are_served_while_a_thread_is_stuck() {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let places = Places::new(runtime.handle().clone());
        let (release, blocked) = mpsc::channel::<()>();
        let (began, begun) = mpsc::channel();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut byte = [0];
                while socket.read_exact(&mut byte).await.is_ok() {
                    socket.write_all(&byte).await.unwrap();
                }
            });
            tokio::spawn(async move {
                let _place = places.take().expect("a place");
                began.send(()).unwrap();
                blocked.recv().ok();
            });
            let mut socket = TcpStream::connect(address).await.unwrap();
            tokio::task::block_in_place(|| begun.recv().unwrap());
            for _ in 0..20 {
                let asked = Instant::now();
                socket.write_all(b"?").await.unwrap();
                socket.read_exact(&mut [0]).await.unwrap();
                assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
            }
            assert!(Handle::current().metrics().num_workers() == 2);
        });
        drop(release);
        runtime.shutdown_background();
    }
}
