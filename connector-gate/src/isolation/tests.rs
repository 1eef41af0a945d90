//! A connector that blocks, panics or floods, and those beside it. Where threads block, time is real.

use std::future::poll_fn;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use connector_core::policy::Isolation;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::{Interrupted, Workplace};

const SECOND: Duration = Duration::from_secs(1);

fn workplace(isolation: Isolation, concurrency: usize) -> Arc<Workplace> {
    let server = Handle::current();
    let places = super::Places::new(server.clone());
    Arc::new(Workplace::new("test", isolation, concurrency, server, places))
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

#[tokio::test]
async fn work_runs_on_threads_of_its_own() {
    let here = std::thread::current().id();
    for (isolation, shared) in [(Isolation::Own, false), (Isolation::Shared, true)] {
        let workplace = workplace(isolation, 1);
        let there = workplace.run(soon(), async { std::thread::current().id() }).await;
        assert_eq!(there == Ok(here), shared, "{isolation:?}");
    }
}

#[tokio::test]
async fn a_blocked_thread_does_not_outlive_the_deadline_of_its_caller() {
    let workplace = workplace(Isolation::Own, 2);
    let mut patience = Duration::from_millis(20);
    let release = loop {
        let (release, blocked) = std::sync::mpsc::channel::<()>();
        let (began, begun) = oneshot::channel();
        let late = workplace.run(Instant::now() + patience, async move {
            began.send(()).ok();
            blocked.recv().ok();
        });
        assert_eq!(late.await, Err(Interrupted::OutOfTime));
        // On a busy machine the time may be over before a thread has begun.
        if begun.await.is_ok() {
            break release;
        }
        patience *= 2;
    };
    // The other thread still works.
    assert_eq!(workplace.run(soon(), async { 7 }).await, Ok(7));
    assert_eq!(workplace.free(), 1, "the blocked call keeps its place");
    drop(release);
}

#[tokio::test(start_paused = true)]
async fn only_so_many_calls_at_a_time() {
    let workplace = workplace(Isolation::Shared, 1);
    let (release, wait) = oneshot::channel::<()>();
    let first = tokio::spawn({
        let workplace = Arc::clone(&workplace);
        async move { workplace.run(soon(), wait).await }
    });
    tokio::task::yield_now().await;
    let second = workplace.run(Instant::now() + Duration::from_secs(1), async { 2 });
    assert_eq!(second.await, Err(Interrupted::Busy));
    release.send(()).expect("it waits");
    assert!(matches!(first.await, Ok(Ok(Ok(())))));
    assert_eq!(workplace.run(soon(), async { 3 }).await, Ok(3));
}

#[tokio::test]
async fn panics_are_told() {
    for isolation in [Isolation::Own, Isolation::Shared] {
        let workplace = workplace(isolation, 1);
        let panicked = workplace.run(soon(), async { panic!("number {}", 7) });
        assert_eq!(panicked.await, Err::<(), _>(Interrupted::Panicked("number 7".to_owned())));
        assert_eq!(workplace.free(), 1);
    }
}

/// A client as drivers of pooled connections are made: one task owns the socket, calls hand it their
/// requests and wait. The task starts on the thread that made the first call.
#[derive(Clone)]
struct Pooled(mpsc::UnboundedSender<oneshot::Sender<u8>>);

impl Pooled {
    async fn connect(address: SocketAddr) -> Self {
        let mut socket = TcpStream::connect(address).await.expect("the outside system listens");
        let (send, mut asked) = mpsc::unbounded_channel::<oneshot::Sender<u8>>();
        tokio::spawn(async move {
            while let Some(answer) = asked.recv().await {
                socket.write_all(b"?").await.expect("sent");
                answer.send(socket.read_u8().await.expect("answered")).ok();
            }
        });
        Self(send)
    }

    fn ask(&self) -> oneshot::Receiver<u8> {
        let (answer, told) = oneshot::channel();
        self.0.send(answer).expect("the driver lives");
        told
    }
}

/// An outside system that answers on a thread of its own.
fn outside_system() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a caller");
        let mut byte = [0];
        while socket.read_exact(&mut byte).is_ok() {
            socket.write_all(&byte).ok();
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn those_who_share_a_client_with_a_blocked_call_do_not_wait_for_it() {
    // Also once the connector has earned its place on the server's threads.
    for quick_calls in [0, 1_000] {
        let workplace = workplace(Isolation::Own, 32);
        for _ in 0..quick_calls {
            workplace.run(soon(), std::future::ready(())).await.expect("nothing to it");
        }
        let address = outside_system();
        let client = workplace.run(soon(), Pooled::connect(address)).await.expect("connected");
        let (release, blocked) = std::sync::mpsc::channel::<()>();
        let stuck = tokio::spawn({
            let (workplace, client) = (Arc::clone(&workplace), client.clone());
            let work = async move {
                // The driver is woken by this thread, which then holds on to itself.
                let asked = client.ask();
                blocked.recv().ok();
                asked.await
            };
            async move { workplace.run(Instant::now() + 60 * SECOND, work).await }
        });
        for _ in 0..6 {
            let asked = std::time::Instant::now();
            let client = client.clone();
            let answer = workplace.run(soon(), async move { client.ask().await }).await;
            assert_eq!(answer, Ok(Ok(b'?')));
            assert!(asked.elapsed() < SECOND, "{:?}", asked.elapsed());
        }
        drop(release);
        assert_eq!(stuck.await.expect("no panic"), Ok(Ok(b'?')));
    }
}

/// A spawned task that hands the work of its thread over to another one while it blocks.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_task_that_blocks_in_place_is_waited_for() {
    let workplace = workplace(Isolation::Own, 32);
    for _ in 0..1_000 {
        workplace.run(soon(), std::future::ready(())).await.expect("nothing to it");
    }
    for _ in 0..100 {
        let answer = workplace.run(soon(), async {
            let blocks = || std::thread::park_timeout(Duration::from_millis(1));
            tokio::spawn(async move { tokio::task::block_in_place(blocks) }).await.is_ok()
        });
        assert_eq!(answer.await, Ok(true));
    }
}

/// What waits for an outside system costs no thread of the connector before the answer is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn work_that_waits_is_asked_once_before_it_is_woken() {
    let workplace = workplace(Isolation::Own, 32);
    for _ in 0..1_000 {
        workplace.run(soon(), std::future::ready(())).await.expect("nothing to it");
    }
    // Work that tells when it was asked for the nth time, and at its end on which threads it was asked.
    let call = |nth: usize, mut answered: oneshot::Receiver<()>| {
        let (began, begun) = oneshot::channel();
        let (mut began, mut threads) = (Some(began), Vec::new());
        let work = poll_fn(move |cx| {
            threads.push(std::thread::current().name().unwrap_or_default().to_owned());
            let waiting = Pin::new(&mut answered).poll(cx);
            if threads.len() == nth {
                began.take().expect("once").send(()).ok();
            }
            waiting.map(|_| std::mem::take(&mut threads))
        });
        let workplace = Arc::clone(&workplace);
        (tokio::spawn(async move { workplace.run(soon(), work).await }), begun)
    };
    // The first one shows that calls wait now, so it is asked again at once. It waits until the other is done:
    // one that ends while the next begins may say either.
    let (first_answer, answered) = oneshot::channel();
    let (first, begun) = call(2, answered);
    begun.await.expect("it was asked twice");
    let (answer, answered) = oneshot::channel();
    let (second, begun) = call(1, answered);
    begun.await.expect("it was asked");
    answer.send(()).expect("it waits");
    let seen = second.await.expect("no panic").expect("an answer");
    assert_eq!(seen, ["tokio-rt-worker", "test"]);
    first_answer.send(()).expect("it waits");
    let seen = first.await.expect("no panic").expect("an answer");
    assert_eq!(seen, ["tokio-rt-worker", "tokio-rt-worker", "test"]);
}

/// What tokio's own runtime and blocking clients do where they are dropped in a task.
struct PanicsAsItGoes;

impl Drop for PanicsAsItGoes {
    fn drop(&mut self) {
        panic!("dropped where that is not allowed");
    }
}

#[tokio::test]
async fn what_panics_as_it_is_cut_short_takes_nobody_with_it() {
    for isolation in [Isolation::Own, Isolation::Shared] {
        let workplace = workplace(isolation, 1);
        let late = workplace.run(Instant::now() + Duration::from_millis(20), async {
            let _held = PanicsAsItGoes;
            std::future::pending::<()>().await;
        });
        assert_eq!(late.await, Err(Interrupted::OutOfTime), "{isolation:?}");
        // Its place is free again, and there is a thread.
        assert_eq!(workplace.run(soon(), async { 7 }).await, Ok(7), "{isolation:?}");
    }
}
