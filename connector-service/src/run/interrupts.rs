//! Requests to end a run, one after the other: the first deletes the job, the second leaves.
//! `attempt` listens wherever it waits. Which signals are one request is decided in `signals`.

use crate::signals::{Hangup, Requests};

/// The interrupts that have come and not been taken yet.
#[derive(Debug)]
pub(super) struct Interrupts {
    coming: Requests,
    leaving: bool,
}

impl Interrupts {
    /// Takes over Ctrl-C, SIGTERM and SIGHUP from the system. They no longer end the process.
    pub(super) fn listen() -> Self {
        Self { coming: Requests::listen(Hangup::Ends), leaving: false }
    }

    #[cfg(test)]
    pub(super) const fn of(coming: Requests) -> Self {
        Self { coming, leaving: false }
    }

    /// Notes that the user waits for nothing any more.
    pub(super) const fn leave(&mut self) {
        self.leaving = true;
    }

    /// Whether the user waits for nothing any more.
    pub(super) const fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// The next one, or never.
    ///
    /// # Cancel safety
    /// None is lost.
    pub(super) async fn next(&mut self) {
        let _signal = self.coming.next().await;
    }
}
