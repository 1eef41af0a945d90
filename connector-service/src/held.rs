//! Until when it counts what a request holds: until its call is answered, or for as long as work goes on that
//! has outlived the call. `connection/holding` says whose bytes they are; the services say what goes on.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::sync::{Arc, OnceLock};

thread_local! {
    /// What requests have left to the call that is worked on at this moment on this thread, in bytes, if one is.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    /// What the same call has asked to hold that longer than itself.
    static LASTING: RefCell<Option<Arc<Lasting>>> = const { RefCell::new(None) };
}

/// Counts what one request holds until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Lasting(OnceLock<Box<dyn Any + Send + Sync>>);

impl Lasting {
    /// Takes over what gives the bytes back as it is dropped.
    pub(crate) fn take_over(&self, share: Box<dyn Any + Send + Sync>) {
        // One call leaves what it holds once; another time it is given back at once.
        self.0.set(share).ok();
    }
}

/// Has what the request of the call holds that is worked on at this moment counted until the last of what this gives
/// is dropped, in place of until the call is answered. None where nothing is counted: the request is small.
pub(crate) fn lasting() -> Option<Arc<Lasting>> {
    LEFT.get().filter(|left| *left > 0)?;
    let lasting = Arc::<Lasting>::default();
    LASTING.set(Some(Arc::clone(&lasting)));
    Some(lasting)
}

/// Leaves bytes of a request to the call that is worked on. False where none is.
pub(crate) fn leave(bytes: usize) -> bool {
    let left = LEFT.get();
    if let Some(left) = left {
        LEFT.set(Some(left + bytes));
    }
    left.is_some()
}

/// Whether a call is worked on at this moment on this thread.
pub(crate) fn is_working() -> bool {
    LEFT.get().is_some()
}

/// While it lives, requests that end on this thread leave their bytes to one call.
#[derive(Debug)]
pub(crate) struct Working {
    before: Option<usize>,
}

impl Working {
    /// For a call that has been left so many.
    pub(crate) fn on(held: usize) -> Self {
        Self { before: LEFT.replace(Some(held)) }
    }

    /// What the call has been left by now, and what holds it longer than the call, if anything is to.
    pub(crate) fn left(&self) -> (usize, Option<Arc<Lasting>>) {
        let left = LEFT.get().unwrap_or_default();
        (left, if left > 0 { LASTING.take() } else { None })
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if LEFT.replace(self.before).is_some_and(|left| left > 0) {
            // Of a call that panicked.
            drop(LASTING.take());
        }
    }
}
