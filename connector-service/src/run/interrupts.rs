//! Ctrl-C and SIGTERM, one after the other: the first deletes the job, the second leaves.
//! `attempt` listens wherever it waits. Serving has signals of its own, in `shutdown`.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The interrupts that have come and not been taken yet.
#[derive(Debug)]
pub(super) struct Interrupts {
    coming: UnboundedReceiver<()>,
    leaving: bool,
}

impl Interrupts {
    /// Takes over Ctrl-C and SIGTERM from the system. They no longer end the process.
    pub(super) fn listen() -> Self {
        let (sender, receiver) = unbounded_channel();
        tokio::spawn(forward(sender));
        Self { coming: receiver, leaving: false }
    }

    #[cfg(test)]
    pub(super) fn by_hand() -> (UnboundedSender<()>, Self) {
        let (sender, receiver) = unbounded_channel();
        (sender, Self { coming: receiver, leaving: false })
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
        if self.coming.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
async fn forward(interrupts: UnboundedSender<()>) {
    use tokio::signal::unix::{SignalKind, signal};

    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    loop {
        tokio::select! {
            Some(()) = interrupt.recv() => {}
            Some(()) = terminate.recv() => {}
            else => return,
        }
        if interrupts.send(()).is_err() {
            return;
        }
    }
}

#[cfg(not(unix))]
async fn forward(interrupts: UnboundedSender<()>) {
    while tokio::signal::ctrl_c().await.is_ok() && interrupts.send(()).is_ok() {}
}
