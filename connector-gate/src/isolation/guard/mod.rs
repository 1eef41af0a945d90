//! Watches steps of connector code, and sees to it that nothing waits behind one that is stuck.
//! On the server's threads it never runs on all at once; one that is stuck may be the one that waits
//! for sockets, so the guard wakes another to take that over. Whoever else may wait behind a step, a
//! connector's own threads or the calls of a connection, is relieved by it. It sleeps while there is
//! nothing to watch: a step now and then sets its `alarm` and calls it off again, and wakes it only by
//! taking long.

mod alarm;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use alarm::Alarm;
use tokio::runtime::Handle;

/// How often the guard looks while there is something to watch.
const LOOK: Duration = Duration::from_millis(1);
/// After how many looks at one and the same step it is stuck.
const STUCK_LOOKS: u32 = 2;
/// With fewer steps since the last look the guard sleeps: to set its alarm for each costs less than looking.
const BUSY: u64 = 8;
/// Steps that follow each other sooner than that would be so many.
const ALONE: Duration = Duration::from_micros(125);

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
    /// Whether the guard looks, or will once its alarm rings: what begins now need not wake it.
    minds: AtomicBool,
    rest: Mutex<Rest>,
    guard: OnceLock<Option<Arc<Alarm>>>,
}

/// How the guard rests. It changes with `minds`, under its lock.
#[derive(Debug, Default)]
struct Rest {
    /// The guard sleeps and its alarm is set.
    alarmed: bool,
    /// When a step that nobody watched began last.
    last: Option<Instant>,
}

/// A place that is taken, until it is dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    places: &'a Places,
    turn: &'a AtomicU64,
    /// Whether the alarm was set for this step.
    alarmed: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        // Nobody else writes to a place that is taken.
        self.turn.store(self.turn.load(Ordering::Relaxed).wrapping_add(1), Ordering::SeqCst);
        if self.alarmed {
            self.places.call_off();
        }
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
            minds: AtomicBool::new(false),
            rest: Mutex::default(),
            guard: OnceLock::new(),
        })
    }

    /// Has a crowd watched for as long as somebody in it may wait.
    pub(super) fn watch_crowd(self: &Arc<Self>, crowd: &Arc<dyn Crowd>) {
        self.crowds().push(Arc::downgrade(crowd));
        if let Some(alarm) = self.guard() {
            let mut rest = self.rest();
            let looks = self.minds.swap(true, Ordering::SeqCst) && !rest.alarmed;
            rest.alarmed = false;
            if !looks {
                alarm.ring();
            }
        }
    }

    /// Takes a place, if one is free and watched.
    pub(super) fn take(self: &Arc<Self>) -> Option<Place<'_>> {
        let turn = self.turns.iter().find(|place| {
            let turn = place.load(Ordering::Relaxed);
            let next = turn.wrapping_add(1);
            turn.is_multiple_of(2)
                && place.compare_exchange(turn, next, Ordering::SeqCst, Ordering::Relaxed).is_ok()
        });
        let mut place = Place { places: self, turn: turn?, alarmed: false };
        if !self.minds.load(Ordering::SeqCst) {
            // Without a guard the place is given back.
            place.alarmed = self.watch_step(self.guard()?);
        }
        Some(place)
    }

    /// Sees to it that a step that has begun is watched. Whether the alarm was set for it alone.
    fn watch_step(&self, alarm: &Alarm) -> bool {
        let mut rest = self.rest();
        if self.minds.swap(true, Ordering::SeqCst) {
            return false;
        }
        let now = Instant::now();
        let last = rest.last.replace(now);
        rest.alarmed = last.is_none_or(|last| now.saturating_duration_since(last) >= ALONE);
        match rest.alarmed {
            true => alarm.ring_in(LOOK),
            false => alarm.ring(),
        }
        rest.alarmed
    }

    /// The step that the alarm was set for is over.
    fn call_off(&self) {
        let mut rest = self.rest();
        let Some(Some(alarm)) = self.guard.get() else { return };
        // If it has rung, or somebody has come to wait, the guard looks.
        if !rest.alarmed {
            return;
        }
        self.minds.store(false, Ordering::SeqCst);
        // One that began before that line counts on the alarm.
        if self.is_any_step_under_way() {
            self.minds.store(true, Ordering::SeqCst);
        } else {
            rest.alarmed = false;
            alarm.call_off();
        }
    }

    fn is_any_step_under_way(&self) -> bool {
        self.turns.iter().any(|place| !place.load(Ordering::SeqCst).is_multiple_of(2))
    }

    /// What wakes the guard, which is started where there is none. `None` if there can be none.
    fn guard(self: &Arc<Self>) -> Option<&Arc<Alarm>> {
        let guard = self.guard.get_or_init(|| {
            let alarm = Arc::new(Alarm::new()?);
            let (places, heard) = (Arc::downgrade(self), Arc::clone(&alarm));
            let thread = std::thread::Builder::new().name("guard".to_owned());
            let started = thread.spawn(move || keep_watch(&places, &heard));
            started.ok().map(|_| alarm)
        });
        guard.as_ref()
    }

    /// The guard is awake. Whether it was rung out of its sleep by many steps, or by somebody who waits: it
    /// looks in a while. By a step that takes long it is woken to look at once.
    fn wake(&self) -> bool {
        let mut rest = self.rest();
        self.minds.store(true, Ordering::SeqCst);
        !std::mem::take(&mut rest.alarmed)
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
        let _rest = self.rest();
        self.minds.store(false, Ordering::SeqCst);
        // What began before that line counts on the guard.
        let begun = self.is_any_step_under_way() || !self.crowds().is_empty();
        if begun {
            self.minds.store(true, Ordering::SeqCst);
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

    fn crowds(&self) -> MutexGuard<'_, Vec<Weak<dyn Crowd>>> {
        self.crowds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the guard does until the places are gone; `None` is the end.
fn keep_watch(places: &Weak<Places>, alarm: &Alarm) -> Option<()> {
    let mut seen = vec![Seen::default(); places.upgrade()?.turns.len()];
    loop {
        alarm.wait();
        let mut look_soon = places.upgrade()?.wake();
        loop {
            if look_soon {
                std::thread::park_timeout(LOOK);
            }
            look_soon = places.upgrade()?.look(&mut seen);
            if !look_soon {
                break;
            }
        }
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        // The guard holds no claim on this and ends with it.
        if let Some(Some(alarm)) = self.guard.get() {
            alarm.ring();
        }
    }
}

#[cfg(test)]
mod tests;
