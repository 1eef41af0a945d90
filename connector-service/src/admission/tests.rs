//! Connections at the door of a real listener: those that get in, and what the others are told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use futures_util::StreamExt as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::server::Connected as _;

use super::{Admitted, Door, Pages};
use crate::limits::{Limits, LiveLimits};
use crate::metrics::DoorMetrics;
use crate::tls::testing::Authority;
use crate::tls::{Files, Speaks, Tls};

const LONG: Duration = Duration::from_secs(60);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A door, and who got in.
struct Opened {
    address: SocketAddr,
    inside: mpsc::UnboundedReceiver<Admitted>,
    metrics: DoorMetrics,
}

impl Opened {
    async fn with(tls: Option<Tls>, most: usize, handshake: Duration) -> Self {
        let metrics = DoorMetrics::new().unwrap();
        let limits = Limits { max_connections: most, handshake, ..Limits::default() };
        let limits = LiveLimits::new(limits);
        let door = Door::new(tls, limits.connections(), limits, metrics.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (entered, inside) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut incoming = door.incoming(listener);
            while let Some(Ok(admitted)) = incoming.next().await {
                if entered.send(admitted).is_err() {
                    return;
                }
            }
        });
        Self { address, inside, metrics }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    fn refused(&self, reason: &str) -> u64 {
        self.metrics.refusals(reason)
    }

    async fn until_refused(&self, reason: &str) {
        while self.refused(reason) == 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// An authority with a folder of files for a server.
struct Signing {
    authority: Authority,
    folder: tempfile::TempDir,
}

impl Signing {
    fn new() -> Self {
        let signing = Self { authority: Authority::new(), folder: tempfile::tempdir().unwrap() };
        let (certificate, key) = signing.authority.signed(&["localhost"]);
        let write = |name: &str, pem| std::fs::write(signing.folder.path().join(name), pem);
        write("tls.crt", certificate).unwrap();
        write("tls.key", key).unwrap();
        write("ca.crt", signing.authority.certificate()).unwrap();
        signing
    }

    fn tls(&self, asks: bool) -> Tls {
        let path = |name: &str| self.folder.path().join(name);
        let (certificate, key) = (path("tls.crt"), path("tls.key"));
        let client_ca = asks.then(|| path("ca.crt"));
        Files { certificate, key, client_ca }.open(Speaks::Http2).unwrap()
    }

    /// TLS with the server, as somebody with these names.
    async fn speak(
        &self,
        stream: TcpStream,
        names: Option<&[&str]>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        let authority = self.authority.certificate();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match names {
            None => config.with_no_client_auth(),
            Some(names) => {
                let (certificate, key) = self.authority.signed(names);
                let chain = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                config.with_client_auth_cert(vec![chain], key).unwrap()
            }
        };
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

#[tokio::test]
async fn one_too_many_is_told_so_and_a_place_is_free_again_with_its_connection() {
    let mut opened = Opened::with(None, 1, LONG).await;
    let first = opened.connect().await;
    let inside = opened.inside.recv().await.unwrap();
    let mut second = opened.connect().await;
    second.write_all(PREFACE).await.unwrap();
    let mut told = Vec::new();
    second.read_to_end(&mut told).await.unwrap();
    assert!(told.starts_with(&[0, 0, 0, 4, 0]), "settings come first: {told:?}");
    let text = String::from_utf8_lossy(&told);
    assert!(text.ends_with("this server has 1 connections and takes no more"), "{text}");
    assert_eq!((opened.refused("limit"), opened.metrics.connections.get()), (1, 1));
    drop((first, inside));
    let third = opened.connect().await;
    let inside = opened.inside.recv().await.unwrap();
    assert_eq!(inside.connect_info().address(), Some(third.local_addr().unwrap()));
    drop(inside);
    assert_eq!(opened.metrics.connections.get(), 0);
}

#[tokio::test]
async fn tls_gets_in_with_the_names_of_the_caller_and_nobody_else_does() {
    let signing = Signing::new();
    let mut opened = Opened::with(Some(signing.tls(true)), 8, LONG).await;
    let names = ["spiffe://c/ns/flyte/sa/x", "executor.flyte.svc"];
    let mut near = signing.speak(opened.connect().await, Some(&names)).await.unwrap();
    let mut far = opened.inside.recv().await.unwrap();
    let peer = tonic::transport::server::Connected::connect_info(&far);
    assert_eq!(peer.names(), ["executor.flyte.svc", "spiffe://c/ns/flyte/sa/x"]);
    near.write_all(b"here").await.unwrap();
    let mut read = [0; 4];
    far.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"here");

    // With TLS 1.3 a client learns of it when it reads.
    let refused = match signing.speak(opened.connect().await, None).await {
        Err(error) => error,
        Ok(mut stream) => stream.read_to_end(&mut Vec::new()).await.unwrap_err(),
    };
    assert!(refused.to_string().contains("CertificateRequired"), "{refused}");
    opened.until_refused("handshake").await;
    let stranger = Signing::new();
    assert!(stranger.speak(opened.connect().await, None).await.is_err());
    assert!(opened.inside.try_recv().is_err(), "only the first got in");
}

#[tokio::test]
async fn plaintext_at_a_port_with_tls_is_told_so_and_probes_are_no_news() {
    let signing = Signing::new();
    let mut opened = Opened::with(Some(signing.tls(false)), 8, LONG).await;
    drop(opened.connect().await);
    let mut plain = opened.connect().await;
    plain.write_all(PREFACE).await.unwrap();
    let mut told = Vec::new();
    plain.read_to_end(&mut told).await.unwrap();
    assert!(String::from_utf8_lossy(&told).ends_with("this port speaks TLS"), "{told:?}");
    assert_eq!((opened.refused("plaintext"), opened.refused("handshake")), (1, 0));
    assert!(opened.inside.try_recv().is_err());
}

#[tokio::test]
async fn tls_at_a_port_in_plaintext_is_noticed() {
    let mut opened = Opened::with(None, 8, LONG).await;
    let signing = Signing::new();
    let client = opened.connect().await;
    let mut inside = opened.inside.recv().await.unwrap();
    let begun = tokio::spawn(async move { drop(signing.speak(client, None).await) });
    let mut some = [0; 16];
    assert!(inside.read(&mut some).await.unwrap() > 0);
    assert_eq!(opened.refused("tls"), 1);
    drop(inside);
    begun.await.unwrap();
}

#[tokio::test]
async fn silence_and_half_a_handshake_give_their_place_back() {
    let signing = Signing::new();
    let mut opened = Opened::with(Some(signing.tls(false)), 2, Duration::from_millis(50)).await;
    let mut silent = opened.connect().await;
    let mut half = opened.connect().await;
    half.write_all(&[0x16, 3, 1]).await.unwrap();
    assert_eq!(silent.read(&mut [0; 16]).await.unwrap(), 0, "closed");
    drop(half.read(&mut [0; 16]).await);
    assert_eq!(opened.refused("handshake"), 2);
    signing.speak(opened.connect().await, None).await.unwrap();
    assert!(opened.inside.recv().await.is_some());
}

#[tokio::test]
async fn an_operators_port_keeps_nobody_who_asks_nothing() {
    let metrics = DoorMetrics::new().unwrap();
    let handshake = Duration::from_millis(100);
    let limits = LiveLimits::new(Limits { handshake, ..Limits::default() });
    let door = Door::new(None, limits.connections(), limits.clone(), metrics);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().route("/live", get(|| std::future::ready("alive")));
    tokio::spawn(Pages::new(door, listener, limits).serve(routes));
    let mut asks = TcpStream::connect(address).await.unwrap();
    asks.write_all(b"GET /live HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(b"GET /live HTTP/1.1\r\nhost: half-of-a-name").await.unwrap();
    let (mut answer, mut nothing) = (String::new(), String::new());
    let closed = async {
        asks.read_to_string(&mut answer).await.unwrap();
        half.read_to_string(&mut nothing).await.unwrap();
    };
    timeout(LONG, closed).await.expect("both are closed");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("alive"), "{answer}");
    assert!(!nothing.contains("alive"), "{nothing}");
}
