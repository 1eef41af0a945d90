//! Until when it counts what a request holds: until its call is answered, or for as long as work goes on that
//! has outlived the call. `connection/holding` says whose bytes they are; the services say what goes on.

use std::any::Any;
use std::cell::Cell;
use std::sync::{Arc, OnceLock};

thread_local! {
    /// What requests have left to the call that is worked on at this moment on this thread, in bytes, if one is.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    /// What the same call has asked to hold that longer than itself.
    static LASTING: Cell<Option<Arc<Lasting>>> = const { Cell::new(None) };
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

/// While it lives, requests that end on this thread leave their bytes to one call; also if the call panics.
#[derive(Debug)]
pub(crate) struct Working<'a> {
    held: &'a mut usize,
    before: Option<usize>,
}

impl<'a> Working<'a> {
    /// For a call that holds so many by now.
    pub(crate) fn on(held: &'a mut usize) -> Self {
        let before = LEFT.replace(Some(*held));
        Self { held, before }
    }

    /// Ends it, and gives what is to hold the bytes longer than the call, if anything is.
    pub(crate) fn end(self) -> Option<Arc<Lasting>> {
        LEFT.get().filter(|left| *left > 0).and_then(|_| LASTING.take())
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        *self.held = LEFT.replace(self.before).unwrap_or_default();
        if *self.held > 0 {
            // Of a call that panicked.
            drop(LASTING.take());
        }
    }
}
