//! Who may speak to a server that is started by its command line: TLS, certificates, tokens, and what those
//! who may not are told.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use conformance_tests::certificates::Authority;
use conformance_tests::program::Program;
use conformance_tests::running::get;
use connector_service::pb::ListConnectorsRequest;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use connector_service::pb::connector_metadata_service_client::ConnectorMetadataServiceClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

const PATIENCE: Duration = Duration::from_secs(60);

/// A server with these flags, on free ports of this machine.
fn command(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probes"));
    command.args(["--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"]).args(flags);
    command
}

fn with_tls(authority: &Authority, flags: &[&str]) -> Program {
    let mut command = command(flags);
    command.arg("--tls-cert").arg(authority.path("tls.crt"));
    command.arg("--tls-key").arg(authority.path("tls.key"));
    Program::start(command)
}

async fn list(channel: Channel, token: Option<&str>) -> Result<usize, Status> {
    let mut request = Request::new(ListConnectorsRequest {});
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().expect("a header");
        request.metadata_mut().insert("authorization", value);
    }
    let listed = ConnectorMetadataServiceClient::new(channel).list_connectors(request).await?;
    Ok(listed.into_inner().connectors.len())
}

/// Codes of HTTP/2.
const ENHANCE_YOUR_CALM: u8 = 0xb;
const INADEQUATE_SECURITY: u8 = 0xc;

/// The code and the words of the GOAWAY that a client in plaintext is sent. What it makes of them is a
/// matter of its timing.
async fn farewell(port: u16) -> (u8, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.expect("sent");
    let mut told = Vec::new();
    stream.read_to_end(&mut told).await.expect("an end in good order");
    // Settings have 9 bytes, the head of the GOAWAY 9, the last stream 4 and the code as many.
    assert_eq!((told[3], told[12]), (4, 7), "{told:?}");
    (told[25], String::from_utf8_lossy(&told[26..]).into_owned())
}

async fn plaintext(port: u16) -> Result<Channel, tonic::transport::Error> {
    Endpoint::from_shared(format!("http://127.0.0.1:{port}")).expect("a URI").connect().await
}

#[tokio::test]
async fn new_certificates_are_used_and_calls_on_old_connections_go_on() {
    let authority = Authority::new();
    let server = with_tls(&authority, &["--log-level", "info"]);
    assert!(server.grpc.starts_with("https://"), "{}", server.grpc);
    assert!(server.metrics.starts_with("http://"), "{}", server.metrics);
    let served = |stream: tokio_rustls::client::TlsStream<tokio::net::TcpStream>| {
        stream.get_ref().1.peer_certificates().expect("a certificate")[0].to_vec()
    };
    let before = served(authority.speak(server.port(), &[]).await.unwrap());
    let channel = authority.channel(server.port(), &[]).await.unwrap();
    let (stop, stopped) = tokio::sync::watch::channel(());
    // Calls without end on a connection of before; each must be answered.
    let calls = tokio::spawn(async move {
        let mut tasks = AsyncConnectorServiceClient::new(channel);
        let mut answered = 0;
        loop {
            let job = tasks.get_task(get("echo", r#"{"x": 1}"#)).await.map(|_| ());
            job.map_err(|status| format!("after {answered}: {status}"))?;
            answered += 1;
            if stopped.has_changed().unwrap_or(true) {
                return Ok::<u32, String>(answered);
            }
        }
    });
    // What cannot be used changes nothing.
    fs::write(authority.path("tls.crt"), "").unwrap();
    server.until_said("what was read before stays in use").await;
    assert_eq!(served(authority.speak(server.port(), &[]).await.unwrap()), before);
    authority.renew();
    server.until_said("certificates: read anew").await;
    assert_ne!(served(authority.speak(server.port(), &[]).await.unwrap()), before);
    drop(stop);
    let answered = calls.await.unwrap().expect("every call is answered");
    assert!(answered > 50, "only {answered} calls");
    let said = server.said();
    assert_eq!(said.matches("stays in use").count(), 1, "told once: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_certificates_under_load_drop_no_call_and_no_connection() {
    let authority = Arc::new(Authority::new());
    let server = with_tls(&authority, &["--log-level", "info"]);
    let (count, mut counted) = watch::channel(0_u32);
    let (stop, stopped) = watch::channel(());
    // Each call on a connection of its own, made while files are half written, read and taken into use.
    let callers = [(); 4].map(|()| {
        let (authority, count, port) = (Arc::clone(&authority), count.clone(), server.port());
        let stopped = stopped.clone();
        tokio::spawn(async move {
            while !stopped.has_changed().unwrap_or(true) {
                let channel = authority.channel(port, &[]).await;
                let channel = channel.map_err(|error| format!("no connection: {error:?}"))?;
                let job = get("echo", r#"{"x": 1}"#);
                let call = AsyncConnectorServiceClient::new(channel).get_task(job).await;
                call.map_err(|status| format!("no answer: {status}"))?;
                count.send_modify(|count| *count += 1);
            }
            Ok::<(), String>(())
        })
    });
    for rotation in 1..=5 {
        authority.renew();
        server.signal("HUP");
        server.until_said_times("certificates: read anew", rotation).await;
        let before = *counted.borrow_and_update();
        let answered = counted.wait_for(|count| *count >= before + 8);
        tokio::time::timeout(PATIENCE, answered).await.expect("calls go on").unwrap();
    }
    drop(stop);
    for caller in callers {
        caller.await.unwrap().expect("every call is answered");
    }
}

#[tokio::test]
async fn certificates_and_tokens_say_who_may_call() {
    let authority = Authority::new();
    let tokens = authority.path("tokens");
    fs::write(&tokens, "first-token-of-the-cluster\n").unwrap();
    let (ca, tokens_file) = (authority.path("ca.crt"), tokens.display().to_string());
    let server = with_tls(
        &authority,
        &[
            "--tls-client-ca",
            &ca.display().to_string(),
            "--tls-client-name",
            "spiffe://cluster.local/ns/flyte/*",
            "--auth-token-file",
            &tokens_file,
            "--prometheus-tls",
        ],
    );
    assert!(server.metrics.starts_with("https://"), "{}", server.metrics);
    let port = server.port();
    let executor = || authority.channel(port, &["spiffe://cluster.local/ns/flyte/sa/executor"]);
    let other = || authority.channel(port, &["spiffe://cluster.local/ns/other/sa/x"]);
    let first = Some("first-token-of-the-cluster");
    assert!(list(executor().await.unwrap(), first).await.unwrap() > 0);
    let refused = list(executor().await.unwrap(), None).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(refused.message().contains("asks for a token"), "{refused}");
    let refused = list(other().await.unwrap(), first).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.message().contains("spiffe://cluster.local/ns/other/sa/x"), "{refused}");
    // A probe has a certificate, or there is no connection at all, but no token and no name.
    let asked =
        HealthClient::new(other().await.unwrap()).check(HealthCheckRequest::default()).await;
    asked.unwrap();
    // With TLS 1.3 a client learns of it only when it reads.
    if let Ok(channel) = authority.channel(port, &[]).await {
        list(channel, first).await.expect_err("no certificate, no call");
    }
    server.until_said("a TLS handshake failed: peer sent no certificates").await;

    // One token after the other, as they are changed in operation.
    let second = Some("second-token-of-the-cluster");
    assert!(list(executor().await.unwrap(), second).await.is_err());
    fs::write(&tokens, "first-token-of-the-cluster\nsecond-token-of-the-cluster\n").unwrap();
    server.until_said("tokens of callers: read anew").await;
    for token in [first, second] {
        assert!(list(executor().await.unwrap(), token).await.unwrap() > 0, "{token:?}");
    }
    assert!(!server.said().contains("token-of-the-cluster"), "{}", server.said());
}

#[tokio::test]
async fn plaintext_and_tls_that_meet_are_told_about_each_other() {
    let authority = Authority::new();
    let server = with_tls(&authority, &[]);
    for _ in 0..3 {
        assert_eq!(
            farewell(server.port()).await,
            (INADEQUATE_SECURITY, "this port speaks TLS".to_owned())
        );
        let channel = plaintext(server.port()).await;
        assert!(channel.is_err() || list(channel.unwrap(), None).await.is_err());
    }
    server.until_said("a client speaks plaintext, and this port TLS").await;
    assert_eq!(server.said().matches("speaks plaintext").count(), 1, "{}", server.said());

    let server = Program::start(command(&[]));
    for _ in 0..3 {
        assert!(authority.channel(server.port(), &[]).await.is_err());
    }
    server.until_said("a client speaks TLS, and this port plaintext").await;
    assert_eq!(server.said().matches("a client speaks TLS").count(), 1, "{}", server.said());
}

#[tokio::test]
async fn plaintext_beyond_this_machine_is_told_loudly_and_refused_if_asked_to() {
    let beyond = |flags: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_probes"));
        command.args(["--host", "0.0.0.0", "--port", "0", "--prometheus-port", "0"]).args(flags);
        command
    };
    let server = Program::start(beyond(&[]));
    server.until_said("UNPROTECTED").await;
    drop(server);
    let output = beyond(&["--require-tls", "--timeout", "5"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("--require-tls refuses"), "{said}");
}

#[tokio::test]
async fn one_connection_too_many_is_refused_with_the_reason() {
    let server = Program::start(command(&["--max-connections", "2"]));
    let mut held = Vec::new();
    for _ in 0..2 {
        let channel = plaintext(server.port()).await.unwrap();
        assert!(list(channel.clone(), None).await.unwrap() > 0);
        held.push(channel);
    }
    let (code, why) = farewell(server.port()).await;
    assert_eq!(code, ENHANCE_YOUR_CALM);
    assert_eq!(why, "this server has 2 connections and takes no more");
    server.until_said("a connection was refused: 2 are open").await;
    for channel in held {
        assert!(list(channel, None).await.unwrap() > 0, "those inside go on");
    }
}
