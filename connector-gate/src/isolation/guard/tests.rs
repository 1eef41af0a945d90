//! What the guard looks at, when it sleeps, and what it is for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};

use super::{ALONE, BUSY, Crowd, LOOK, Places, Seen};

#[test]
fn one_thread_is_always_left() {
    let runtime = Builder::new_multi_thread().worker_threads(3).build().unwrap();
    let places = Places::new(runtime.handle().clone());
    let (one, two) = (places.take(), places.take());
    assert!(one.is_some() && two.is_some() && places.take().is_none());
    drop(one);
    assert!(places.take().is_some());
    let alone = Builder::new_current_thread().build().unwrap();
    assert!(Places::new(alone.handle().clone()).take().is_none());
}

/// How often the guard looked, by a crowd that counts.
#[derive(Debug)]
struct Counting {
    looks: AtomicU64,
    wanted: u64,
    enough: Mutex<Option<mpsc::Sender<()>>>,
}

impl Crowd for Counting {
    fn relieve(&self) -> bool {
        let looks = self.looks.fetch_add(1, Ordering::SeqCst) + 1;
        if looks == self.wanted {
            drop(self.enough.lock().unwrap().take());
        }
        looks < self.wanted
    }
}

#[test]
fn a_crowd_is_relieved_until_it_says_that_nobody_waits_and_then_the_guard_sleeps() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let places = Places::new(runtime.handle().clone());
    for _ in 0..3 {
        let (enough, told) = mpsc::channel();
        let enough = Mutex::new(Some(enough));
        let counting = Arc::new(Counting { looks: AtomicU64::new(0), wanted: 5, enough });
        let crowd: Arc<dyn Crowd> = Arc::<Counting>::clone(&counting);
        places.watch_crowd(&crowd);
        assert!(told.recv_timeout(Duration::from_secs(10)).is_err(), "told by hanging up");
        asleep(&places);
        assert_eq!(counting.looks.load(Ordering::SeqCst), 5);
    }
}

/// Waits until the guard sleeps.
fn asleep(places: &Places) {
    let asked = Instant::now();
    while places.minds.load(Ordering::SeqCst) {
        assert!(asked.elapsed() < Duration::from_secs(10), "the guard never sleeps");
        std::thread::yield_now();
    }
}

#[test]
fn a_step_that_is_still_there_keeps_the_guard_awake_and_a_short_one_does_not() {
    let runtime = Builder::new_multi_thread().worker_threads(3).build().unwrap();
    let places = Places::new(runtime.handle().clone());
    drop(places.take().expect("a place"));
    asleep(&places);
    let mut seen = vec![Seen::default(); places.turns.len()];
    assert!(!places.look(&mut seen), "one step since the last look");
    let place = places.take().expect("a place");
    for looks in 0..5 {
        assert!(places.look(&mut seen));
        assert_eq!(seen.iter().map(|it| it.looks).max(), Some(looks));
    }
    drop(place);
    (0..BUSY).for_each(|_| drop(places.take().expect("a place")));
    assert!(places.look(&mut seen), "many steps since the last look");
    assert!(!places.look(&mut seen));
}

/// Steps of a server with little to do, and whether the guard looked at any of them.
#[cfg(target_os = "linux")]
#[test]
fn a_lone_step_wakes_nobody() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let places = Places::new(runtime.handle().clone());
    // On a busy machine this thread may lose its processor within a step, which then takes long.
    let began = Instant::now();
    let (took, looks) = loop {
        std::thread::park_timeout(2 * ALONE);
        let step = Instant::now();
        let place = places.take().expect("a place");
        assert!(places.minds.load(Ordering::SeqCst), "somebody would look at it");
        drop(place);
        let looks = places.minds.load(Ordering::SeqCst);
        let took = step.elapsed();
        if took < LOOK / 2 || began.elapsed() > Duration::from_secs(60) {
            break (took, looks);
        }
    };
    assert!(!looks, "the guard was woken by a step of {took:?}");
}

/// What a stuck thread would stop without a guard: whoever waits for sockets.
#[test]
fn sockets_are_served_while_a_thread_is_stuck() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let places = Places::new(runtime.handle().clone());
    let (release, blocked) = mpsc::channel::<()>();
    let (began, begun) = mpsc::channel();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut byte = [0];
            while socket.read_exact(&mut byte).await.is_ok() {
                socket.write_all(&byte).await.unwrap();
            }
        });
        tokio::spawn(async move {
            let _place = places.take().expect("a place");
            began.send(()).unwrap();
            blocked.recv().ok();
        });
        let mut socket = TcpStream::connect(address).await.unwrap();
        tokio::task::block_in_place(|| begun.recv().unwrap());
        for _ in 0..20 {
            let asked = Instant::now();
            socket.write_all(b"?").await.unwrap();
            socket.read_exact(&mut [0]).await.unwrap();
            assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
        }
        assert!(Handle::current().metrics().num_workers() == 2);
    });
    drop(release);
    runtime.shutdown_background();
}
