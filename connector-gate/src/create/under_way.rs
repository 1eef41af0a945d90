//! How many creates are not settled yet, so that the end of the server can wait for them.
//! Each flight and each cancellation holds one token.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// The count.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unsettled(Arc<Count>);

#[derive(Debug, Default)]
struct Count {
    creates: AtomicUsize,
    none_left: Notify,
}

/// One create that is not settled.
#[derive(Debug)]
pub(crate) struct UnderWay(Unsettled);

impl Unsettled {
    /// One more, until the token is dropped.
    pub(crate) fn begin(&self) -> UnderWay {
        self.0.creates.fetch_add(1, Ordering::SeqCst);
        UnderWay(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.creates.load(Ordering::SeqCst)
    }

    /// Waits until there is none.
    pub(crate) async fn settled(&self) {
        loop {
            let none_left = self.0.none_left.notified();
            if self.count() == 0 {
                return;
            }
            none_left.await;
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if self.0.0.creates.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.0.none_left.notify_waiters();
        }
    }
}
