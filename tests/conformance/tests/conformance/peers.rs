//! Peers that are there and do nothing, are gone without a word, or do not read: each is planted in numbers, and
//! others must be served beside it.

use std::process::Command;
use std::time::Duration;

use conformance_tests::Running;
use conformance_tests::probe::meta;
use conformance_tests::program::Program;
use conformance_tests::running::{get, logs};
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};

const PATIENCE: Duration = Duration::from_secs(60);
/// What a client of HTTP/2 says first, settings without a wish, and that it has seen the server's.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\0\x04\x01\0\0\0\0";

fn program(flags: &[&str]) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes"));
    command.args(["--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"]).args(flags);
    Program::start(command)
}

async fn greeted(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    stream.write_all(HELLO).await.expect("sent");
    // The server has it as a connection of HTTP/2 once it answers.
    stream.read_exact(&mut [0; 9]).await.expect("settings");
    stream
}

async fn channel(port: u16) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).expect("a URI");
    endpoint.connect().await.expect("a connection")
}

async fn is_served(channel: Channel) -> bool {
    let job = get("echo", r#"{"x": 1}"#);
    AsyncConnectorServiceClient::new(channel).get_task(job).await.is_ok()
}

#[tokio::test]
async fn two_thousand_idle_connections_hold_little_and_hold_nobody_up() {
    const MANY: u64 = 2_000;
    // Room for the sockets of both sides, wherever the tests run.
    let own = std::process::id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &own, "--nofile=8192:"]).status();
    assert!(raised.expect("prlimit").success(), "no room for so many sockets");
    let server = program(&[]);
    let kept = channel(server.port()).await;
    assert!(is_served(kept.clone()).await);
    let before = server.memory();
    let mut idle = Vec::new();
    for _ in 0..MANY {
        idle.push(greeted(server.port()).await);
    }
    assert!(is_served(kept.clone()).await, "those before");
    assert!(is_served(channel(server.port()).await).await, "those after");
    let each = server.memory().saturating_sub(before) / MANY;
    assert!(each < 48 << 10, "{each} bytes for each connection");
    let ticks = server.processor_ticks();
    assert!(is_served(kept).await);
    assert!(server.processor_ticks() - ticks < 20, "idle connections cost time");
    // They are still there: nobody was closed to make room.
    for stream in &idle {
        let mut byte = [0];
        assert!(
            stream.try_read(&mut byte).is_ok_and(|read| read > 0) || stream.peer_addr().is_ok()
        );
    }
}

#[tokio::test]
async fn who_does_not_read_holds_no_more_than_fits_into_his_windows() {
    const STALLED: usize = 40;
    let server = program(&[]);
    let before = server.memory();
    let mut held = Vec::new();
    for _ in 0..STALLED {
        let mut tasks = AsyncConnectorServiceClient::new(channel(server.port()).await);
        // Pages without end, of which nothing is read.
        let pages = tasks.get_task_logs(logs("probe", meta("endless"))).await;
        held.push(pages.expect("a stream").into_inner());
    }
    // Long enough for a server that made pages in advance to make hundreds of MiB of them.
    let ticks = server.processor_ticks();
    for _ in 0..200 {
        assert!(is_served(channel(server.port()).await).await);
    }
    let each = server.memory().saturating_sub(before) / STALLED as u64;
    assert!(each < 2 << 20, "{} KiB for each reader that stalls", each >> 10);
    assert!(server.processor_ticks() - ticks < 1_000, "it works for those who do not read");
    // One that reads after all gets what there is.
    let mut late = held.pop().expect("one");
    let mut read = 0;
    while read < 8 << 20 {
        let page = timeout(PATIENCE, late.message()).await.expect("a page").unwrap();
        read += prost::Message::encoded_len(&page.expect("there is more"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_gone_without_a_word_is_found_out() {
    let server = Running::start().await;
    let alive = server.channel().await;
    assert!(is_served(alive.clone()).await);
    // It answers nothing: a machine that lost its power, behind a network that tells nobody.
    let mut gone = greeted(server.grpc.port()).await;
    let mut told = Vec::new();
    let closed = timeout(Duration::from_secs(300), gone.read_to_end(&mut told)).await;
    drop(closed.expect("it is closed within minutes"));
    let is_ping = |frame: &[u8]| frame[..4] == [0, 0, 8, 6];
    assert!(told.windows(9).any(is_ping), "it was asked first: {told:?}");
    assert!(is_served(alive).await, "who answers pings stays");
    server.stop().await;
}
