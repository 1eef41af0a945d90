//! Paused time that waits for sockets: the clock moves only once nothing is on its way any more.
//! The cassette keeps it, and so do fakes of vendors that tests serve on a port.
//! Sockets of another process are not seen; whoever talks to one needs a real clock.

mod watch;

use std::cell::RefCell;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep};

use self::watch::Watch;

/// What any clock that runs can measure.
const TICK: Duration = Duration::from_micros(50);
/// How far a paused clock goes before it is held again. It is short beside timeouts, and long enough
/// for an hour to take about a second.
const STEP: Duration = Duration::from_secs(2);
/// How often a clock that runs is asked whether it has been paused.
const GLANCE: Duration = Duration::from_millis(20);

/// Keeps paused time from running ahead of sockets, for as long as it lives.
///
/// Tokio's paused clock jumps to the next timer whenever no task can go on. It looks for bytes on
/// sockets first, but those on their way it cannot see, so where loopback is slow, on a busy machine
/// or another system than Linux, a request may meet its timeout before its answer. With this the
/// clock goes on by two seconds at most, and then waits until everything has been still for a moment
/// of real time. An hour of waiting takes about a second, and both ends of a connection on this
/// runtime see the same time.
///
/// A [`Cassette`](crate::Cassette) keeps one by itself. Keep one where a test serves a fake of its
/// vendor on a port. What answers from another thread or process has some tenths of a millisecond
/// for each of those steps; give it a timeout of many minutes, or a real clock.
///
/// ```
/// use std::time::Duration;
/// use connector_testing::SocketTime;
/// use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
/// use tokio::net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// # let runtime = tokio::runtime::Builder::new_current_thread()
/// #     .enable_all().start_paused(true).build()?;
/// // In a test: `#[tokio::test(start_paused = true)]`.
/// # runtime.block_on(async {
/// let _time = SocketTime::keep();
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let address = listener.local_addr()?;
/// tokio::spawn(async move {
///     let (mut caller, _) = listener.accept().await?;
///     tokio::time::sleep(Duration::from_secs(20)).await;
///     caller.write_all(b"late").await
/// });
///
/// let mut vendor = TcpStream::connect(address).await?;
/// let mut text = String::new();
/// let answer = vendor.read_to_string(&mut text);
/// let answer = tokio::time::timeout(Duration::from_secs(30), answer).await;
/// assert!(answer.is_ok() && text == "late");
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SocketTime {
    _keeper: Arc<Keeper>,
}

thread_local! {
    /// The one keeper of the runtime of this thread: two would never let go at the same moment.
    static KEEPER: RefCell<Weak<Keeper>> = const { RefCell::new(Weak::new()) };
}

impl SocketTime {
    /// Keeps the time of the current runtime. On a clock that is not paused it does nothing.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn keep() -> Self {
        let keeper = KEEPER.with_borrow_mut(|known| {
            let living = known.upgrade().filter(|keeper| !keeper.task.is_finished());
            let keeper = living.unwrap_or_else(|| Arc::new(Keeper::start()));
            *known = Arc::downgrade(&keeper);
            keeper
        });
        Self { _keeper: keeper }
    }

    /// Whether the clock of the current runtime stands still.
    pub(crate) async fn is_paused() -> bool {
        let before = Instant::now();
        let begun = std::time::Instant::now();
        // Blocking work keeps a paused clock from jumping; it only has to take some real time.
        let waited = spawn_blocking(move || {
            while begun.elapsed() < TICK {
                std::hint::spin_loop();
            }
        });
        waited.await.is_ok() && Instant::now() == before
    }
}

#[derive(Debug)]
struct Keeper {
    watch: Arc<Watch>,
    task: JoinHandle<()>,
}

impl Keeper {
    fn start() -> Self {
        let watch = Arc::new(Watch::default());
        let ended = OnDrop(Arc::clone(&watch));
        let task = tokio::spawn(async move { keep(&ended).await });
        Self { watch, task }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.watch.end();
        self.task.abort();
    }
}

/// Ends the watch when the task ends, as it does when its runtime is shut down: that waits for
/// blocking work.
struct OnDrop(Arc<Watch>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

async fn keep(OnDrop(watch): &OnDrop) {
    let runtime = Handle::current();
    // No other runtime can pause its clock.
    if runtime.runtime_flavor() != RuntimeFlavor::CurrentThread {
        return;
    }
    loop {
        let before = Instant::now();
        let (metrics, waiting) = (runtime.metrics(), Arc::clone(watch));
        // While blocking work is under way the clock does not jump.
        let mut quiet = spawn_blocking(move || waiting.until_quiet(&metrics));
        loop {
            tokio::select! {
                () = watch.asked() => watch.answer(),
                ended = &mut quiet => match ended {
                    Ok(()) => break,
                    Err(_) => return,
                },
            }
        }
        if Instant::now() == before {
            sleep(STEP).await;
        } else {
            sleep(GLANCE).await;
        }
    }
}
