//! Where the calls of one connection wait to be worked on.
//!
//! Those that arrived together are worked on one after the other by one task, a *run*: a task for each
//! would cost as much as the calls do. A call that cannot be answered at once becomes a task of its own.
//! Should a step of one hold the thread, the guard takes the calls behind it away and has another run
//! go on with them; so does the connection itself, which would otherwise be woken where nobody gets to.
//!
//! # Who wakes the connection
//! Every answer wakes its connection, to be written. A task woken on the thread that runs is next on that
//! thread and cannot be taken from it, so behind a step that is stuck it would stay there. Therefore
//! the connection is polled with the desk as its waker, and while a run is under way the desk keeps the
//! wake-up: the end of the run hands it on, or the guard does.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};

use connector_gate::{Crowd, Watch};
use futures_util::task::AtomicWaker;
use tokio::runtime::Handle;

/// How many calls are worked on before the connection and other tasks have their turn.
pub(super) const MOST_AT_ONCE: usize = 32;
/// The most room that is kept for calls after a rush.
pub(super) const MOST_SPARE: usize = 64;
/// After how many looks of the guard at one and the same call those behind it are moved on.
const STUCK_LOOKS: u32 = 2;

thread_local! {
    /// The desk whose run is on this thread, as a number to compare.
    static HERE: Cell<usize> = const { Cell::new(0) };
}

/// A call with all that is needed to answer it.
type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The calls of one connection, and who works on them.
pub(super) struct Desk {
    me: Weak<Self>,
    server: Handle,
    guard: Watch,
    /// Wakes the task of the connection.
    connection: AtomicWaker,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Calls nobody has begun.
    waiting: VecDeque<Call>,
    /// Calls begun in the run under way that have no answer yet.
    begun: Vec<Call>,
    /// The number of the run under way. A run that is not it any more has been relieved.
    run: Option<u64>,
    runs: u64,
    /// Whether the connection is to be woken when the run ends.
    woken: bool,
    /// Whether the guard looks here.
    watched: bool,
    /// How many calls were begun; how many when the guard looked last, and for how many looks.
    calls: u64,
    seen: u64,
    looks: u32,
}

impl State {
    /// Whether somebody waits behind the call that is being worked on.
    fn is_crowded(&self) -> bool {
        self.woken || !self.waiting.is_empty()
    }

    /// Whether the guard has to be told to look here.
    fn is_to_be_watched(&mut self) -> bool {
        self.is_crowded() && !std::mem::replace(&mut self.watched, true)
    }

    /// A number for a run that is to be begun, if there is work and nobody does it.
    fn next_run(&mut self) -> Option<u64> {
        (self.run.is_none() && !self.waiting.is_empty()).then(|| {
            self.runs += 1;
            self.run = Some(self.runs);
            self.runs
        })
    }

    /// What a run leaves to others: calls that go on by themselves, and whether the connection is to be
    /// woken.
    fn take_rest(&mut self) -> (Vec<Call>, bool) {
        (std::mem::take(&mut self.begun), std::mem::take(&mut self.woken))
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

/// Takes calls in from hyper.
#[derive(Clone)]
pub(super) struct Reception(Arc<Desk>);

impl Reception {
    pub(super) fn new(desk: &Arc<Desk>) -> Self {
        Self(Arc::clone(desk))
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Reception {
    fn execute(&self, call: F) {
        self.0.state().waiting.push_back(Box::pin(call));
    }
}

impl Desk {
    /// A desk for a connection that is served on this runtime.
    pub(super) fn new(guard: Watch) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            server: Handle::current(),
            guard,
            connection: AtomicWaker::new(),
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the connection is to be polled with.
    pub(super) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Says how the task of the connection is woken; to be said before every poll.
    pub(super) fn opens(&self, connection: &Waker) {
        self.connection.register(connection);
    }

    /// Has the calls worked on that the last poll of the connection brought.
    pub(super) fn hand_on(self: &Arc<Self>) {
        let (run, watch) = {
            let mut state = self.state();
            // Nobody waits behind a run that has yet to begin.
            match state.next_run() {
                Some(run) => (Some(run), false),
                None => (None, state.run.is_some() && state.is_to_be_watched()),
            }
        };
        self.begin(run);
        if watch {
            self.tell_guard();
        }
    }

    fn begin(self: &Arc<Self>, run: Option<u64>) {
        if let Some(number) = run {
            drop(self.server.spawn(Run { desk: Arc::clone(self), number }));
        }
    }

    fn tell_guard(self: &Arc<Self>) {
        let crowd: Arc<dyn Crowd> = Arc::<Self>::clone(self);
        self.guard.over(&crowd);
    }

    /// For how many calls there is room.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.state().waiting.capacity()
    }

    /// The next call for a run; `None` if the run is over, or not the one under way any more.
    fn next(self: &Arc<Self>, run: u64) -> Option<Call> {
        let mut state = self.state();
        if state.run != Some(run) {
            return None;
        }
        if let Some(call) = state.waiting.pop_front() {
            state.calls += 1;
            let watch = state.is_to_be_watched();
            drop(state);
            if watch {
                self.tell_guard();
            }
            return Some(call);
        }
        state.run = None;
        if state.waiting.capacity() > MOST_SPARE {
            state.waiting = VecDeque::new();
        }
        let (begun, woken) = state.take_rest();
        drop(state);
        self.go_on(begun, woken);
        None
    }

    /// A call was begun and has no answer yet.
    fn keep(&self, run: u64, call: Call) {
        let mut state = self.state();
        if state.run == Some(run) {
            state.begun.push(call);
            return;
        }
        drop(state);
        drop(self.server.spawn(call));
    }

    /// Lets the connection have its turn within a run.
    fn pause(&self, run: u64) {
        let mut state = self.state();
        if state.run == Some(run) {
            let (begun, woken) = state.take_rest();
            drop(state);
            self.go_on(begun, woken);
        }
    }

    fn go_on(&self, begun: Vec<Call>, woken: bool) {
        for call in begun {
            drop(self.server.spawn(call));
        }
        if woken {
            self.connection.wake();
        }
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl Wake for Desk {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.state();
        if state.run.is_none() {
            drop(state);
            self.connection.wake();
            return;
        }
        state.woken = true;
        // The run itself sees to that when it takes up the next call.
        let watch = HERE.get() != self.address() && state.is_to_be_watched();
        drop(state);
        if watch {
            self.tell_guard();
        }
    }
}

impl Crowd for Desk {
    /// Moves on what waits behind a call that is taking long.
    fn relieve(&self) -> bool {
        let mut state = self.state();
        if state.run.is_none() || !state.is_crowded() {
            (state.watched, state.looks) = (false, 0);
            return false;
        }
        if state.seen != state.calls {
            (state.seen, state.looks) = (state.calls, 0);
            return true;
        }
        state.looks += 1;
        if state.looks < STUCK_LOOKS {
            return true;
        }
        // The run finds out when it comes back. Another one says again that somebody waits.
        (state.run, state.watched, state.looks) = (None, false, 0);
        let (begun, woken) = state.take_rest();
        let run = state.next_run();
        drop(state);
        if let Some(desk) = self.me.upgrade() {
            desk.begin(run);
        }
        self.go_on(begun, woken);
        false
    }
}

/// Works on the calls of a desk, one after the other.
struct Run {
    desk: Arc<Desk>,
    number: u64,
}

impl Future for Run {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { desk, number } = &*self;
        HERE.set(desk.address());
        let _left = Left;
        for _ in 0..MOST_AT_ONCE {
            let Some(mut call) = desk.next(*number) else { return Poll::Ready(()) };
            // Nothing has to wake it: without an answer it is a task of its own, and asked again at once.
            let mut once = Context::from_waker(Waker::noop());
            // A panic ends the one call: what is left of it resets its stream.
            match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(&mut once))) {
                Ok(Poll::Pending) => desk.keep(*number, call),
                Ok(Poll::Ready(())) | Err(_) => {}
            }
        }
        desk.pause(*number);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Says that no run is on this thread any more.
struct Left;

impl Drop for Left {
    fn drop(&mut self) {
        HERE.set(0);
    }
}

impl Drop for Run {
    /// The runtime ends before the run does: its calls go with it, as they hold on to their desk.
    fn drop(&mut self) {
        let mut state = self.desk.state();
        if state.run == Some(self.number) {
            let (waiting, begun) =
                (std::mem::take(&mut state.waiting), std::mem::take(&mut state.begun));
            drop(state);
            drop((waiting, begun));
        }
    }
}
