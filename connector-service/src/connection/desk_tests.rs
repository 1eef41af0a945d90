//! The desk by itself: calls that are futures of the tests, and a connection that only counts.

use std::future::{pending, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use connector_core::Registry;
use connector_gate::{Gates, Observer, Watch};
use hyper::rt::Executor as _;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::desk::{Desk, MOST_AT_ONCE, MOST_SPARE, Reception};
use crate::metrics::Metrics;

const SOON: Duration = Duration::from_secs(10);

fn guard() -> Watch {
    let registry = Registry::default();
    let metrics = Metrics::new(&registry).unwrap();
    let texts = crate::Limits::default().texts();
    let gates = Gates::new(&registry, true, texts, &Handle::current(), |task_type| {
        Arc::clone(metrics.of(task_type)) as Arc<dyn Observer>
    });
    gates.watch()
}

/// A connection that counts how often it is woken.
#[derive(Debug, Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

struct Stand {
    desk: Arc<Desk>,
    reception: Reception,
    woken: Arc<Woken>,
}

impl Stand {
    fn new() -> Self {
        let desk = Desk::new(guard());
        let (reception, woken) = (Reception::new(&desk), Arc::<Woken>::default());
        let stand = Self { desk, reception, woken };
        stand.poll();
        stand
    }

    fn call(&self, call: impl Future<Output = ()> + Send + 'static) {
        self.reception.execute(call);
    }

    /// The connection is polled: from now on it can be woken again.
    fn poll(&self) {
        self.desk.opens(&Waker::from(Arc::clone(&self.woken)));
    }

    fn woken(&self) -> usize {
        self.woken.0.load(Ordering::SeqCst)
    }

    /// Waits in real time, as threads that block do.
    async fn until(&self, what: impl Fn() -> bool) {
        let asked = Instant::now();
        while !what() {
            assert!(asked.elapsed() < SOON, "it never came to that");
            yield_now().await;
        }
    }
}

#[tokio::test]
async fn calls_that_arrive_together_are_one_task_in_their_order() {
    let stand = Stand::new();
    let done = Arc::new(Mutex::new(Vec::new()));
    let waker = stand.desk.waker();
    for number in 0..10 {
        let (done, waker) = (Arc::clone(&done), waker.clone());
        stand.call(async move {
            waker.wake_by_ref();
            done.lock().unwrap().push((number, tokio::task::id()));
        });
    }
    stand.desk.hand_on();
    assert_eq!(stand.woken(), 0);
    stand.until(|| stand.woken() > 0).await;
    let done = done.lock().unwrap();
    assert_eq!(done.iter().map(|(number, _)| *number).collect::<Vec<_>>(), Vec::from_iter(0..10));
    assert!(done.iter().all(|(_, task)| *task == done[0].1));
    assert_eq!(stand.woken(), 1, "once for all answers");
    stand.poll();
    waker.wake_by_ref();
    assert_eq!(stand.woken(), 2, "at once, as no call is worked on");
}

#[tokio::test]
async fn what_has_no_answer_yet_is_a_task_of_its_own() {
    let stand = Stand::new();
    let (answer, answered) = oneshot::channel();
    let (told, tell) = oneshot::channel();
    stand.call(async move {
        answered.await.expect("an answer");
        told.send(tokio::task::id()).expect("somebody listens");
    });
    let (began, begun) = oneshot::channel();
    stand.call(async move { began.send(tokio::task::id()).expect("somebody listens") });
    stand.desk.hand_on();
    let run = begun.await.expect("it is not behind the first");
    answer.send(()).expect("it waits");
    assert_ne!(tell.await.expect("it ended"), run);
}

#[tokio::test]
async fn a_panic_ends_one_call_only() {
    let stand = Stand::new();
    stand.call(async { panic!("a mistake in a layer") });
    let (told, tell) = oneshot::channel();
    stand.call(async move { told.send(()).expect("somebody listens") });
    stand.desk.hand_on();
    tell.await.expect("the other is worked on");
    // And those that come later.
    let (told, tell) = oneshot::channel();
    stand.call(async move { told.send(()).expect("somebody listens") });
    stand.desk.hand_on();
    tell.await.expect("the other is worked on");
}

#[tokio::test]
async fn the_connection_has_its_turn_in_a_long_run() {
    let stand = Stand::new();
    let most = Arc::new(AtomicUsize::new(0));
    let waker = stand.desk.waker();
    let since = Arc::new(AtomicUsize::new(0));
    for _ in 0..10 * MOST_AT_ONCE {
        let (desk, waker) = (Arc::clone(&stand.desk), waker.clone());
        let woken = Arc::clone(&stand.woken);
        let (since, most) = (Arc::clone(&since), Arc::clone(&most));
        stand.call(async move {
            desk.opens(&Waker::from(Arc::clone(&woken)));
            waker.wake_by_ref();
            let turns = woken.0.load(Ordering::SeqCst);
            let calls = since.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(calls - turns * MOST_AT_ONCE, Ordering::SeqCst);
        });
    }
    stand.desk.hand_on();
    stand.until(|| since.load(Ordering::SeqCst) == 10 * MOST_AT_ONCE).await;
    stand.until(|| stand.woken() >= 10).await;
    assert_eq!(most.load(Ordering::SeqCst), MOST_AT_ONCE);
    assert!(stand.desk.room() <= MOST_SPARE, "a rush leaves no room behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_behind_a_stuck_call_is_moved_on() {
    let stand = Stand::new();
    let (begun_late, late) = oneshot::channel::<()>();
    // One before it that has no answer yet, one that wakes the connection, two behind it.
    stand.call(async move { late.await.expect("told") });
    let waker = stand.desk.waker();
    stand.call(async move { waker.wake_by_ref() });
    let (release, blocked) = mpsc::channel::<()>();
    let (began, begun) = oneshot::channel();
    stand.call(async move {
        began.send(()).expect("somebody listens");
        blocked.recv().ok();
    });
    let behind: Vec<_> = (0..2)
        .map(|_| {
            let (told, tell) = oneshot::channel();
            stand.call(async move { told.send(()).expect("somebody listens") });
            tell
        })
        .collect();
    stand.desk.hand_on();
    begun.await.expect("it blocks");
    for tell in behind {
        tell.await.expect("it is worked on");
    }
    stand.until(|| stand.woken() > 0).await;
    begun_late.send(()).expect("it goes on as a task of its own");
    // Also what comes later, and the connection that is woken later.
    let (told, tell) = oneshot::channel();
    stand.call(async move { told.send(()).expect("somebody listens") });
    stand.desk.hand_on();
    tell.await.expect("it is worked on");
    stand.poll();
    let before = stand.woken();
    stand.desk.waker().wake();
    stand.until(|| stand.woken() > before).await;
    drop(release);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_while_a_lone_call_is_stuck_is_moved_on_too() {
    let stand = Stand::new();
    let (release, blocked) = mpsc::channel::<()>();
    let (began, begun) = oneshot::channel();
    stand.call(async move {
        began.send(()).expect("somebody listens");
        blocked.recv().ok();
    });
    stand.desk.hand_on();
    begun.await.expect("it blocks");
    // Bytes arrive: without being woken, the connection would never read them.
    stand.desk.waker().wake();
    stand.until(|| stand.woken() == 1).await;
    let (told, tell) = oneshot::channel();
    stand.call(async move { told.send(()).expect("somebody listens") });
    stand.desk.hand_on();
    tell.await.expect("it is worked on");
    drop(release);
}

#[test]
fn calls_go_with_the_runtime_they_were_to_run_on() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let stand = runtime.block_on(async { Stand::new() });
    let held = Arc::new(());
    for forever in [true, false] {
        let holding = Arc::clone(&held);
        stand.call(async move {
            let _holding = holding;
            if forever { pending().await } else { ready(()).await }
        });
    }
    stand.desk.hand_on();
    drop(runtime);
    assert_eq!(Arc::strong_count(&held), 1);
}
