//! What the system tells the process: SIGTERM and Ctrl-C ask it to end, SIGHUP to read files again.
//! `app` listens while it serves, `run` while a job runs. What an end means is theirs to say.

use std::time::Duration;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// Signals this close together are one request: `timeout`, shells and container runtimes send theirs to
/// the process and to its group, or pass on what the terminal has sent already. Nobody reads what the first
/// Ctrl-C brought about, and presses again, within that time.
const TOGETHER: Duration = Duration::from_millis(200);

/// Requests to end that have come and were not taken yet.
#[derive(Debug)]
pub(crate) struct Requests(UnboundedReceiver<&'static str>);

/// What the loss of the terminal means.
#[derive(Debug, Clone)]
pub(crate) enum Hangup {
    /// It is told there, and goes on: a server.
    Told(UnboundedSender<()>),
    /// The end, too: nobody is there any more who waits for the job.
    Ends,
}

impl Requests {
    /// Takes the signals over from the system: from here on they no longer end the process by themselves.
    pub(crate) fn listen(hangup: Hangup) -> Self {
        let (signals, coming) = unbounded_channel();
        let (requests, taken) = unbounded_channel();
        match Signals::taken_over() {
            Ok(heard) => drop(tokio::spawn(forward(heard, signals, hangup))),
            Err(error) => {
                tracing::warn!(
                    "signals cannot be handled here, they end the process at once: {error}"
                );
            }
        }
        tokio::spawn(apart(coming, requests));
        Self(taken)
    }

    /// Requests made by a test.
    #[cfg(test)]
    pub(crate) fn by_hand() -> (UnboundedSender<&'static str>, Self) {
        let (requests, taken) = unbounded_channel();
        (requests, Self(taken))
    }

    /// The next request, as the name of its signal; or never.
    ///
    /// # Cancel safety
    /// None is lost.
    pub(crate) async fn next(&mut self) -> &'static str {
        match self.0.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}

/// Makes requests of signals: one of all that come together.
async fn apart(
    mut signals: UnboundedReceiver<&'static str>,
    requests: UnboundedSender<&'static str>,
) {
    while let Some(signal) = signals.recv().await {
        if requests.send(signal).is_err() {
            return;
        }
        let end = Instant::now() + TOGETHER;
        while let Ok(Some(_same)) = timeout_at(end, signals.recv()).await {}
    }
}

/// The signals of the system, from the moment they are taken over.
#[cfg(unix)]
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    lost: Signal,
}

#[cfg(unix)]
impl Signals {
    fn taken_over() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            lost: signal(SignalKind::hangup())?,
        })
    }
}

#[cfg(unix)]
async fn forward(mut signals: Signals, requests: UnboundedSender<&'static str>, hangup: Hangup) {
    loop {
        let signal = tokio::select! {
            Some(()) = signals.interrupt.recv() => "Ctrl-C",
            Some(()) = signals.terminate.recv() => "SIGTERM",
            Some(()) = signals.lost.recv() => {
                if let Hangup::Told(to) = &hangup {
                    // Nobody listens any more at the very end.
                    to.send(()).ok();
                    continue;
                }
                "SIGHUP"
            }
            else => return,
        };
        if requests.send(signal).is_err() {
            return;
        }
    }
}

/// The signal of the system: there is only Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    const fn taken_over() -> std::io::Result<Self> {
        Ok(Self)
    }
}

#[cfg(not(unix))]
async fn forward(_: Signals, requests: UnboundedSender<&'static str>, _hangup: Hangup) {
    while tokio::signal::ctrl_c().await.is_ok() && requests.send("Ctrl-C").is_ok() {}
}

/// Completes, one after the other: when the process is asked to end or its time is over, and when it is
/// asked once more.
pub(crate) fn asked_to_end(
    mut requests: Requests,
    limit: Option<Duration>,
) -> (impl Future<Output = ()> + Send, impl Future<Output = ()> + Send) {
    let (stop, stopped) = oneshot::channel();
    let (hurry, hurried) = oneshot::channel();
    let limit = async move {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::spawn(async move {
        tokio::select! {
            signal = requests.next() => tracing::info!("received {signal}"),
            () = limit => tracing::info!("the time of --timeout is over"),
        }
        // Whoever waited is gone only if serving has ended on its own.
        stop.send(()).ok();
        let signal = requests.next().await;
        tracing::warn!("received {signal} again: leaving at once");
        hurry.send(()).ok();
    });
    let once = |told: oneshot::Receiver<()>| async move {
        if told.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    (once(stopped), once(hurried))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc::unbounded_channel;
    use tokio::time::{Instant, sleep_until, timeout};

    use super::{Requests, apart};

    #[tokio::test(start_paused = true)]
    async fn signals_that_come_together_are_one_request() {
        let (signals, coming) = unbounded_channel();
        let (requests, taken) = unbounded_channel();
        tokio::spawn(apart(coming, requests));
        let mut requests = Requests(taken);
        let began = Instant::now();
        for (at, signal) in
            [(0, "Ctrl-C"), (1, "Ctrl-C"), (150, "SIGTERM"), (250, "SIGTERM"), (2_000, "Ctrl-C")]
        {
            sleep_until(began + Duration::from_millis(at)).await;
            signals.send(signal).unwrap();
        }
        for signal in ["Ctrl-C", "SIGTERM", "Ctrl-C"] {
            assert_eq!(requests.next().await, signal);
        }
        assert!(timeout(Duration::from_secs(9), requests.next()).await.is_err(), "no more");
    }
}
