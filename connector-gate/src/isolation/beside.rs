//! The runtime beside the steps of a connector: sockets, timers, spawned tasks, the drivers of pooled clients.
//!
//! A step that such a thread has woken, mostly because an outside system has answered, is taken there as soon
//! as the thread has nothing else to do: another thread would have to be woken for it. It is taken where the
//! thread would go to sleep, outside of the runtime's own work, so that what it wakes is nobody's to keep
//! but is there for both threads.
//!
//! One of the two threads stands by. A runtime with two that look for work wakes the second whenever somebody
//! from outside wakes the first, to find nothing. If the first has been awake for long, because a step or a
//! spawned task holds it up, the other takes over until it has come back.
//!
//! Without an alarm, which is Linux's, both look for work and steps have threads of their own.

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use async_task::Runnable;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::sleep;

use super::alarm::Alarm;
use super::step::Step;
use super::trust::Trust;

/// Threads of the runtime. With two a spawned task that blocks leaves one.
const THREADS: usize = 2;
/// A thread that has been awake for so long is held up.
const LONG: Duration = Duration::from_millis(4);
/// How often the thread that took over looks whether the other is back.
const LOOK: Duration = Duration::from_millis(1);
/// At how many such looks in a row it has to be back.
const CALM_LOOKS: u32 = 10;

thread_local! {
    /// On a thread of such a runtime that is awake and looks for work, whose it is.
    static AWAKE: Cell<usize> = const { Cell::new(0) };
    /// On a thread of such a runtime, its number.
    static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Who takes the steps that are not taken here.
pub(super) trait Elsewhere: Send + Sync {
    /// Hands a step over.
    fn put(&self, step: Runnable);
}

/// What the threads of one such runtime share.
#[derive(Debug)]
pub(super) struct Beside {
    trust: Arc<Trust>,
    elsewhere: Weak<dyn Elsewhere>,
    alarm: OnceLock<Alarm>,
    near: Mutex<Near>,
    /// Whether one of the threads takes a step.
    stepping: AtomicBool,
    /// One number per thread: odd while it is awake and looks for work, another one each time.
    turns: [AtomicU64; THREADS],
    numbers: AtomicUsize,
    /// Whether somebody stands by or is about to.
    posted: AtomicBool,
    over: AtomicBool,
}

/// Steps that one of the threads has woken.
#[derive(Debug, Default)]
struct Near {
    steps: VecDeque<Runnable>,
    /// Whether somebody would come for them if that thread is held up.
    stands_by: bool,
}

impl Beside {
    pub(super) fn new(trust: Arc<Trust>, elsewhere: Weak<dyn Elsewhere>) -> Arc<Self> {
        Arc::new(Self {
            trust,
            elsewhere,
            alarm: OnceLock::new(),
            near: Mutex::default(),
            stepping: AtomicBool::new(false),
            turns: [const { AtomicU64::new(0) }; THREADS],
            numbers: AtomicUsize::new(0),
            posted: AtomicBool::new(false),
            over: AtomicBool::new(false),
        })
    }

    /// Starts the runtime.
    ///
    /// # Errors
    /// The system gives no threads.
    pub(super) fn start(self: &Arc<Self>, name: &str) -> std::io::Result<Runtime> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(THREADS).thread_name(format!("{name} io")).enable_all();
        let alarm = if cfg!(target_os = "linux") { Alarm::new() } else { None };
        if let Some(alarm) = alarm {
            self.alarm.get_or_init(|| alarm);
            let (woken, asleep) = (Arc::clone(self), Arc::clone(self));
            builder.on_thread_unpark(move || woken.wakes());
            builder.on_thread_park(move || asleep.falls_asleep());
        }
        builder.build()
    }

    /// Keeps a step for the thread that has woken it. It comes back where that is none of these threads.
    pub(super) fn keep(&self, step: Runnable) -> Option<Runnable> {
        if AWAKE.get() != self.address() {
            return Some(step);
        }
        let mut near = self.near();
        if !near.stands_by {
            return Some(step);
        }
        near.steps.push_back(step);
        None
    }

    /// Has whoever stands by end. Steps that nobody has taken are dropped, and their work with them.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
        let left = self.relieve();
        if let Some(alarm) = self.alarm.get() {
            alarm.ring();
        }
        drop(left);
    }

    /// Nobody stands by any more: what the other thread has woken, others have to take.
    fn relieve(&self) -> VecDeque<Runnable> {
        let mut near = self.near();
        near.stands_by = false;
        std::mem::take(&mut near.steps)
    }

    fn wakes(&self) {
        AWAKE.set(self.address());
        self.turns_over(true);
        if let Some(alarm) = self.alarm.get() {
            alarm.ring_in(LONG);
        }
    }

    /// What a thread does before it sleeps: the steps that it has woken, and no others.
    fn falls_asleep(self: &Arc<Self>) {
        // A step that wakes itself or another has a thread for steps go on with it.
        AWAKE.set(0);
        let woken = self.near().steps.len();
        for _ in 0..woken {
            let Some(step) = self.near().steps.pop_front() else { break };
            self.take(step);
        }
        self.turns_over(false);
        if let Some(alarm) = self.alarm.get() {
            alarm.call_off();
            if !self.posted.swap(true, Ordering::SeqCst) {
                drop(Handle::current().spawn(stand_by(Arc::clone(self))));
            }
        }
    }

    /// Takes a step here, unless another one is being taken or the connector has lost its trust.
    fn take(&self, step: Runnable) {
        if !self.trust.is_earned() || self.stepping.swap(true, Ordering::SeqCst) {
            self.pass_on(step);
            return;
        }
        let began = Step::begin();
        // A panic is told to whoever waits for the work; this thread goes on.
        drop(catch_unwind(AssertUnwindSafe(|| step.run())));
        self.stepping.store(false, Ordering::SeqCst);
        self.trust.note(began.took());
    }

    /// Where nobody is left to take it, the step is dropped, and its work with it.
    fn pass_on(&self, step: Runnable) {
        if let Some(elsewhere) = self.elsewhere.upgrade() {
            elsewhere.put(step);
        }
    }

    /// Waits on this thread until the other one has been awake for long. Not so at the end.
    fn is_held_up(&self) -> bool {
        let Some(alarm) = self.alarm.get() else { return false };
        AWAKE.set(0);
        self.turns_over(false);
        self.near().stands_by = !self.over.load(Ordering::SeqCst);
        // The other one may be awake already.
        alarm.ring_in(LONG);
        let held_up = loop {
            alarm.wait();
            if self.over.load(Ordering::SeqCst) {
                break false;
            }
            // More numbers than threads: one gave its work to another, and nobody knows which looks for work.
            let is_awake = self.others().iter().any(|turn| turn % 2 == 1);
            if is_awake || self.numbers.load(Ordering::SeqCst) > THREADS {
                break true;
            }
        };
        AWAKE.set(self.address());
        self.turns_over(true);
        held_up
    }

    /// This thread looks for work now, or does so no more.
    fn turns_over(&self, awake: bool) {
        if let Some(turn) = self.turns.get(self.number())
            && turn.load(Ordering::SeqCst).is_multiple_of(2) == awake
        {
            turn.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The number of this thread.
    fn number(&self) -> usize {
        NUMBER.get().unwrap_or_else(|| {
            let number = self.numbers.fetch_add(1, Ordering::SeqCst);
            NUMBER.set(Some(number));
            number
        })
    }

    /// The turns of the threads but this one.
    fn others(&self) -> [u64; THREADS] {
        let this = self.number();
        std::array::from_fn(|at| match self.turns.get(at) {
            Some(turn) if at != this => turn.load(Ordering::SeqCst),
            _ => 0,
        })
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn near(&self) -> MutexGuard<'_, Near> {
        self.near.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds a thread of the runtime until the other is held up, and then lets it work until both are free.
async fn stand_by(beside: Arc<Beside>) {
    // Tasks that wait for this thread are the other's from now on. The one that was woken last stays a
    // thread's own until another is; the second of two new ones wakes the other thread as well.
    for _ in 0..2 {
        drop(tokio::spawn(std::future::ready(())));
    }
    if !beside.is_held_up() {
        return;
    }
    beside.relieve().into_iter().for_each(|step| beside.pass_on(step));
    // While a step holds it up the runtime believes that it looks for work, and wakes nobody else: a timer
    // does.
    let (mut calm, mut seen) = (0, [0; THREADS]);
    while calm < CALM_LOOKS {
        sleep(LOOK).await;
        let others = beside.others();
        let same = others.iter().zip(&seen).any(|(turn, seen)| turn % 2 == 1 && turn == seen);
        calm = if same { 0 } else { calm + 1 };
        seen = others;
    }
    // The next thread that would sleep has one stand by again.
    beside.posted.store(false, Ordering::SeqCst);
}
