//! How many creates are not settled yet, so that the end of the server can wait for them.
//! Each flight and each cancellation holds one token.

use std::sync::Arc;

use tokio::sync::watch;

/// The count.
#[derive(Debug, Clone)]
pub(crate) struct Unsettled(Arc<watch::Sender<usize>>);

/// One create that is not settled.
#[derive(Debug)]
pub(crate) struct UnderWay(Unsettled);

impl Unsettled {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// One more, until the token is dropped.
    pub(crate) fn begin(&self) -> UnderWay {
        self.0.send_modify(|count| *count += 1);
        UnderWay(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        *self.0.borrow()
    }

    /// Waits until there is none.
    pub(crate) async fn settled(&self) {
        let mut count = self.0.subscribe();
        // The sender lives as long as `self`, so this ends by the count alone.
        drop(count.wait_for(|count| *count == 0).await);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}
