//! Whether a runtime is still: parked, with nothing on its way to it.
//! A thread for blocking work watches; the keeper of the time answers it from inside the runtime.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::RuntimeMetrics;
use tokio::sync::Notify;

/// How long a runtime must stay parked, by the wall clock. What is sent over loopback is there within
/// microseconds.
const QUIET: Duration = Duration::from_micros(200);

/// What the watching thread and the runtime share.
#[derive(Debug, Default)]
pub(super) struct Watch {
    state: Mutex<State>,
    changed: Condvar,
    question: Notify,
}

#[derive(Debug, Default)]
struct State {
    is_over: bool,
    answers: u64,
}

impl Watch {
    /// Ends it for ever; the watching thread leaves at once.
    pub(super) fn end(&self) {
        self.state().is_over = true;
        self.changed.notify_all();
    }

    /// In the runtime: waits for the watching thread to ask.
    pub(super) async fn asked(&self) {
        self.question.notified().await;
    }

    /// In the runtime: says that it has run.
    pub(super) fn answer(&self) {
        self.state().answers += 1;
        self.changed.notify_all();
    }

    /// Waits until the runtime is still, or until the end.
    ///
    /// A runtime that looks parked may be about to wake, where the machine is busy and its thread
    /// has to wait for a core. So it is woken on purpose: if nothing else wakes it after that, and
    /// it parks and stays parked, then there was nothing on its way.
    pub(super) fn until_quiet(&self, metrics: &RuntimeMetrics) {
        let parks = || metrics.worker_park_unpark_count(0);
        let mut state = self.state();
        while !state.is_over {
            let before = parks();
            // An odd count is that of a parked runtime.
            if before % 2 == 1 {
                let answers = state.answers;
                self.question.notify_one();
                while state.answers == answers && !state.is_over {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
            let waited = self.changed.wait_timeout(state, QUIET);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            // Once woken and once parked.
            if before % 2 == 1 && parks() == before + 2 {
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
