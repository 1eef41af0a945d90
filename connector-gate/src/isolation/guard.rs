//! Watches steps of connector code, and sees to it that nothing waits behind one that is stuck.
//! On the server's threads it never runs on all at once; one that is stuck may be the one that waits
//! for sockets, so the guard wakes another to take that over. Whoever else may wait behind a step, a
//! connector's own threads or the calls of a connection, is relieved by it. It sleeps while there is
//! nothing to watch; a step of a few microseconds now and then costs it one look.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::Thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

/// How often the guard looks while there is something to watch.
const LOOK: Duration = Duration::from_millis(1);
/// After how many looks at one and the same step it is stuck.
const STUCK_LOOKS: u32 = 2;
/// With fewer steps since the last look the guard sleeps, and the next one wakes it: that costs less
/// than looking.
const BUSY: u64 = 4;
/// Having slept that long, it looks at once: most likely there is nothing left to see.
const SELDOM: Duration = Duration::from_millis(5);

/// Those who may wait behind a step that is stuck.
pub trait Crowd: std::fmt::Debug + Send + Sync {
    /// Called about every millisecond while they may wait; must not block. Whether to look again.
    fn relieve(&self) -> bool;
}

/// Has the guard watch over a crowd.
#[derive(Debug, Clone)]
pub struct Watch(Arc<Places>);

impl Watch {
    pub(crate) const fn new(places: Arc<Places>) -> Self {
        Self(places)
    }

    /// Has the guard relieve a crowd until it says that nobody waits any more. A crowd that is gone
    /// is forgotten.
    pub fn over(&self, crowd: &Arc<dyn Crowd>) {
        self.0.watch_crowd(crowd);
    }
}

/// Places for steps on the server's threads.
#[derive(Debug)]
pub(crate) struct Places {
    server: Handle,
    /// One number per place: odd while a step has the place, and two more for each step.
    turns: Box<[AtomicU64]>,
    /// Those who may wait behind a step.
    crowds: Mutex<Vec<Weak<dyn Crowd>>>,
    /// Whether the guard looks.
    awake: AtomicBool,
    guard: OnceLock<Option<Thread>>,
}

/// A place that is taken, until it is dropped.
#[derive(Debug)]
pub(super) struct Place<'a>(&'a AtomicU64);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        // Nobody else writes to a place that is taken.
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
    }
}

/// What the guard saw of a place.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    turn: u64,
    /// At how many looks it was the same step.
    looks: u32,
}

impl Places {
    /// One place less than the server has threads: one is always left to serve.
    pub(crate) fn new(server: Handle) -> Arc<Self> {
        let places = server.metrics().num_workers().saturating_sub(1);
        Arc::new(Self {
            server,
            turns: (0..places).map(|_| AtomicU64::new(0)).collect(),
            crowds: Mutex::default(),
            awake: AtomicBool::new(false),
            guard: OnceLock::new(),
        })
    }

    /// Has a crowd watched for as long as somebody in it may wait.
    pub(super) fn watch_crowd(self: &Arc<Self>, crowd: &Arc<dyn Crowd>) {
        self.crowds().push(Arc::downgrade(crowd));
        self.watch();
    }

    /// Takes a place, if one is free and watched.
    pub(super) fn take(self: &Arc<Self>) -> Option<Place<'_>> {
        let taken = self.turns.iter().find(|place| {
            let turn = place.load(Ordering::Relaxed);
            let next = turn.wrapping_add(1);
            turn.is_multiple_of(2)
                && place.compare_exchange(turn, next, Ordering::SeqCst, Ordering::Relaxed).is_ok()
        });
        let place = Place(taken?);
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
            let mut seen = vec![Seen::default(); self.turns.len()];
            let guard = std::thread::Builder::new().name("guard".to_owned()).spawn(move || {
                let mut often = true;
                loop {
                    if often {
                        std::thread::park_timeout(LOOK);
                    }
                    let Some(places) = places.upgrade() else { return };
                    let look_again = places.look(&mut seen);
                    drop(places);
                    let asleep = Instant::now();
                    if !look_again {
                        std::thread::park();
                    }
                    // A lone step is over by the time the guard is up: one look, and no timer.
                    often = look_again || asleep.elapsed() < SELDOM;
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

    /// One look at all places and at those who may wait. Whether to look again soon.
    fn look(&self, seen: &mut [Seen]) -> bool {
        let (mut steps, mut running, mut stuck) = (0, false, false);
        for (place, seen) in self.turns.iter().zip(seen) {
            let turn = place.load(Ordering::Acquire);
            steps += turn.wrapping_sub(seen.turn).div_ceil(2);
            let same = turn == seen.turn && turn % 2 == 1;
            *seen = Seen { turn, looks: if same { seen.looks.saturating_add(1) } else { 0 } };
            running |= turn % 2 == 1;
            stuck |= seen.looks >= STUCK_LOOKS;
        }
        if stuck {
            // Work from outside wakes a sleeping thread, which then also waits for sockets.
            drop(self.server.spawn(std::future::ready(())));
        }
        if self.relieve() || running || steps >= BUSY {
            return true;
        }
        // Nothing to watch: it sleeps until somebody begins a step.
        self.awake.store(false, Ordering::SeqCst);
        // What began before that line may not have woken the guard.
        let begun = self.turns.iter().any(|place| place.load(Ordering::SeqCst) % 2 == 1)
            || !self.crowds().is_empty();
        if begun {
            self.awake.store(true, Ordering::SeqCst);
        }
        begun
    }

    /// Relieves every crowd. Whether somebody may still wait.
    fn relieve(&self) -> bool {
        // Without the lock: a crew may start a thread.
        let crowds = std::mem::take(&mut *self.crowds());
        if crowds.is_empty() {
            return false;
        }
        let still = crowds.into_iter().filter(|it| it.upgrade().is_some_and(|it| it.relieve()));
        let still: Vec<Weak<dyn Crowd>> = still.collect();
        let mut crowds = self.crowds();
        crowds.extend(still);
        !crowds.is_empty()
    }

    fn crowds(&self) -> std::sync::MutexGuard<'_, Vec<Weak<dyn Crowd>>> {
        self.crowds.lock().unwrap_or_else(PoisonError::into_inner)
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
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex, mpsc};
    use std::time::{Duration, Instant};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::runtime::{Builder, Handle};

    use super::{BUSY, Crowd, Places, Seen};

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

    /// How often the guard looked, by a crowd that counts.
    #[derive(Debug)]
    struct Counting {
        looks: AtomicU64,
        wanted: u64,
        enough: Mutex<Option<mpsc::Sender<()>>>,
    }

    impl Crowd for Counting {
        fn relieve(&self) -> bool {
            let looks = self.looks.fetch_add(1, Ordering::SeqCst) + 1;
            if looks == self.wanted {
                drop(self.enough.lock().unwrap().take());
            }
            looks < self.wanted
        }
    }

    #[test]
    fn a_crowd_is_relieved_until_it_says_that_nobody_waits_and_then_the_guard_sleeps() {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let places = Places::new(runtime.handle().clone());
        for _ in 0..3 {
            let (enough, told) = mpsc::channel();
            let enough = Mutex::new(Some(enough));
            let counting = Arc::new(Counting { looks: AtomicU64::new(0), wanted: 5, enough });
            let crowd: Arc<dyn Crowd> = Arc::<Counting>::clone(&counting);
            places.watch_crowd(&crowd);
            assert!(told.recv_timeout(Duration::from_secs(10)).is_err(), "told by hanging up");
            asleep(&places);
            assert_eq!(counting.looks.load(Ordering::SeqCst), 5);
        }
    }

    /// Waits until the guard sleeps.
    fn asleep(places: &Places) {
        let asked = Instant::now();
        while places.awake.load(Ordering::SeqCst) {
            assert!(asked.elapsed() < Duration::from_secs(10), "the guard never sleeps");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_step_that_is_still_there_keeps_the_guard_awake_and_a_short_one_does_not() {
        let runtime = Builder::new_multi_thread().worker_threads(3).build().unwrap();
        let places = Places::new(runtime.handle().clone());
        drop(places.take().expect("a place"));
        asleep(&places);
        let mut seen = vec![Seen::default(); places.turns.len()];
        assert!(!places.look(&mut seen), "one step since the last look");
        let place = places.take().expect("a place");
        for looks in 0..5 {
            assert!(places.look(&mut seen));
            assert_eq!(seen.iter().map(|it| it.looks).max(), Some(looks));
        }
        drop(place);
        (0..BUSY).for_each(|_| drop(places.take().expect("a place")));
        assert!(places.look(&mut seen), "many steps since the last look");
        assert!(!places.look(&mut seen));
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
