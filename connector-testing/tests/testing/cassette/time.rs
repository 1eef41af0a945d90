//! Paused time and sockets: timeouts do not meet answers that are there, and hours take no time.

use std::time::Duration;

use connector_testing::{Mode, SocketTime};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use super::asked::{Caller, Shelf, get};

#[tokio::test(start_paused = true)]
async fn an_hour_of_polls_takes_an_hour_of_the_paused_clock() {
    let shelf = Shelf::of(&[get("/a", &json!({"state": "RUNNING"}))]);
    let cassette = shelf.cassette().mode(Mode::Replay).start().await.unwrap();
    let caller = Caller::of(&cassette);
    let begun = Instant::now();
    for _ in 0..120 {
        // The shortest timeout there is, as a timer counts milliseconds.
        let answer = timeout(Duration::from_millis(1), caller.get("/a")).await;
        assert_eq!(answer.expect("the answer comes before the timeout").status(), 200);
        sleep(Duration::from_secs(30)).await;
    }
    // Nothing but the waits moved the clock.
    assert_eq!(begun.elapsed().as_secs(), 3600);
    cassette.finish().unwrap();
}

/// A server on this runtime that answers after so long.
async fn slow(by: Duration) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut caller, _) = listener.accept().await.unwrap();
        sleep(by).await;
        caller.write_all(b"x").await.unwrap();
    });
    TcpStream::connect(address).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn both_ends_see_the_same_time() {
    let _time = SocketTime::keep();
    let begun = Instant::now();
    let mut early = slow(Duration::from_secs(20)).await;
    let answer = timeout(Duration::from_secs(21), early.read_u8()).await;
    assert_eq!(answer.expect("in time").unwrap(), b'x');
    assert_eq!(begun.elapsed().as_secs(), 20);

    let mut late = slow(Duration::from_secs(20)).await;
    timeout(Duration::from_secs(19), late.read_u8()).await.expect_err("too late");
    assert_eq!(begun.elapsed().as_secs(), 39);
}

/// Loopback that is slow, as it is on other systems: another thread carries the bytes.
async fn carried(answer: u8) -> TcpStream {
    let vendor = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let carrier = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (to, from) = (vendor.local_addr().unwrap(), carrier.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut caller, _) = carrier.accept().unwrap();
        let mut vendor = std::net::TcpStream::connect(to).unwrap();
        std::io::copy(&mut vendor, &mut caller).unwrap();
    });
    tokio::spawn(async move {
        let (mut caller, _) = vendor.accept().await.unwrap();
        caller.write_all(&[answer]).await.unwrap();
    });
    TcpStream::connect(from).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_clock_waits_for_what_is_on_its_way() {
    let _time = SocketTime::keep();
    let mut vendor = carried(7).await;
    // Half an hour is some tenths of a second here. Nobody waits for it if the clock may jump.
    let answer = timeout(Duration::from_secs(1800), vendor.read_u8()).await;
    assert_eq!(answer.expect("in time").unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn one_keeper_serves_all_who_ask() {
    let keepers: Vec<_> = (0..10).map(|_| SocketTime::keep()).collect();
    sleep(Duration::from_secs(3600)).await;
    drop(keepers);
    let _again = SocketTime::keep();
    let mut early = slow(Duration::from_secs(1)).await;
    timeout(Duration::from_secs(2), early.read_u8()).await.expect("in time").unwrap();
}

#[test]
fn a_keeper_outlives_its_runtime_and_serves_no_other() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    };
    let kept = runtime().block_on(async { SocketTime::keep() });
    runtime().block_on(async {
        let _time = SocketTime::keep();
        let mut early = slow(Duration::from_secs(1)).await;
        timeout(Duration::from_secs(2), early.read_u8()).await.expect("in time").unwrap();
    });
    drop(kept);
}

#[tokio::test]
async fn a_clock_that_runs_is_left_alone() {
    let _time = SocketTime::keep();
    let begun = std::time::Instant::now();
    let mut early = slow(Duration::from_millis(20)).await;
    early.read_u8().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_of_many_threads_is_left_alone() {
    let _time = SocketTime::keep();
    let mut early = slow(Duration::from_millis(1)).await;
    early.read_u8().await.unwrap();
}
