//! What becomes of a connection that could not be taken.
//! `mod.rs` tells of each; the next one is tried again, after a moment where trying at once would fail too.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::time::sleep;

/// How long none is taken after one could not be. Without descriptors, trying at once burns a processor
/// and changes nothing.
const PAUSE: Duration = Duration::from_millis(100);

/// Whether connections are taken as they come.
#[derive(Debug)]
pub(super) struct Accepting {
    failing: bool,
}

impl Accepting {
    pub(super) const fn new() -> Self {
        Self { failing: false }
    }

    /// One was taken.
    pub(super) fn worked(&mut self) {
        if std::mem::take(&mut self.failing) {
            tracing::info!("connections are taken again");
        }
    }

    /// One could not be taken. Waits for as long as the next would fare no better; one line says so,
    /// however many fail.
    pub(super) async fn failed(&mut self, error: &(dyn Error + Send + Sync + 'static)) {
        if is_peers_own(error) {
            tracing::debug!(%error, "a connection was gone before it was taken");
            return;
        }
        if !std::mem::replace(&mut self.failing, true) {
            tracing::error!(
                "no connection can be taken: {error}; trying again every {PAUSE:?} (with too many open \
                 files, raise the limit of file descriptors)"
            );
        }
        sleep(PAUSE).await;
    }
}

/// Whether it is about this connection only: its peer left before it was taken.
fn is_peers_own(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| {
        matches!(
            error.kind(),
            ErrorKind::ConnectionAborted
                | ErrorKind::ConnectionReset
                | ErrorKind::BrokenPipe
                | ErrorKind::Interrupted
                | ErrorKind::WouldBlock
                | ErrorKind::TimedOut
        )
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use tokio::time::Instant;

    use super::{Accepting, PAUSE};

    #[tokio::test(start_paused = true)]
    async fn only_what_would_fail_again_is_waited_for() {
        let mut accepting = Accepting::new();
        let began = Instant::now();
        accepting.failed(&Error::from(ErrorKind::ConnectionAborted)).await;
        assert!(!accepting.failing && began.elapsed().is_zero());
        for failures in 1..=3 {
            // Too many open files.
            accepting.failed(&Error::from_raw_os_error(24)).await;
            assert!(accepting.failing);
            assert_eq!(began.elapsed(), failures * PAUSE);
        }
        accepting.worked();
        assert!(!accepting.failing);
    }
}
