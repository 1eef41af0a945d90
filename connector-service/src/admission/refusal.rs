//! What a connection that is not served is told, and what the operator is.
//! A client of gRPC prints the text of an HTTP/2 GOAWAY in its own error; of TLS it prints the alert.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::metrics::DoorMetrics;
use crate::seldom::Seldom;

/// How many refused connections are waited for at a time, and how long, so that they can read why; more are
/// closed at once.
const MOST_LINGERING: usize = 64;
const LINGER: Duration = Duration::from_secs(1);

/// HTTP/2's codes of errors: too many, and not safe enough.
const ENHANCE_YOUR_CALM: u32 = 0xb;
const INADEQUATE_SECURITY: u32 = 0xc;
/// A fatal alert of TLS, in the clear as nothing is agreed upon: an internal error.
const ALERT: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 80];

/// Why a connection is not served.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reason {
    /// There are as many as there may be.
    Full,
    /// It speaks plaintext, and the port TLS.
    Plaintext,
}

/// The refusals of a port.
#[derive(Debug)]
pub(super) struct Refusals {
    metrics: DoorMetrics,
    is_tls: bool,
    lingering: Arc<Semaphore>,
    full: Seldom,
    plaintext: Seldom,
    tls: Seldom,
    handshake: Seldom,
    silence: Seldom,
}

impl Refusals {
    pub(super) fn new(metrics: DoorMetrics, is_tls: bool) -> Self {
        Self {
            metrics,
            is_tls,
            lingering: Arc::new(Semaphore::new(MOST_LINGERING)),
            full: Seldom::default(),
            plaintext: Seldom::default(),
            tls: Seldom::default(),
            handshake: Seldom::default(),
            silence: Seldom::default(),
        }
    }

    pub(super) const fn metrics(&self) -> &DoorMetrics {
        &self.metrics
    }

    /// Tells a connection why it is not served, and closes it.
    pub(super) fn refuse(&self, reason: Reason, stream: TcpStream, peer: SocketAddr) {
        let there = self.metrics.connections.get();
        let farewell = match reason {
            Reason::Full => {
                self.metrics.refused("limit");
                self.full.tell(|untold| {
                    tracing::warn!(
                        %peer, untold,
                        "a connection was refused: {there} are open, see `--max-connections`"
                    );
                });
                if self.is_tls {
                    ALERT.to_vec()
                } else {
                    let why = format!("this server has {there} connections and takes no more");
                    goaway(ENHANCE_YOUR_CALM, &why)
                }
            }
            Reason::Plaintext => {
                self.metrics.refused("plaintext");
                self.plaintext.tell(|untold| {
                    tracing::warn!(
                        %peer, untold,
                        "a client speaks plaintext, and this port TLS: have it use TLS (for Flyte's \
                         executor `insecure: false`), or leave out `--tls-cert`"
                    );
                });
                goaway(INADEQUATE_SECURITY, "this port speaks TLS")
            }
        };
        if let Ok(permit) = Arc::clone(&self.lingering).try_acquire_owned() {
            drop(tokio::spawn(async move {
                drop(timeout(LINGER, part(stream, farewell)).await);
                drop(permit);
            }));
        }
    }

    /// Tells the operator of a handshake that did not work out.
    pub(super) fn tell_handshake(&self, peer: SocketAddr, why: &str) {
        self.metrics.refused("handshake");
        self.handshake.tell(|untold| {
            tracing::warn!(%peer, untold, "a TLS handshake failed: {why}");
        });
    }

    /// Tells the operator of a client that says nothing, or half a word.
    pub(super) fn tell_silence(&self, peer: Option<SocketAddr>, time: Duration) {
        self.metrics.refused("silence");
        self.silence.tell(|untold| {
            let peer = peer.map(|peer| peer.to_string()).unwrap_or_default();
            tracing::warn!(
                peer,
                untold,
                "a connection was closed: it did not begin within {time:?}"
            );
        });
    }

    /// Tells the operator of a client that begins with TLS on a port without.
    pub(super) fn tell_tls(&self, peer: Option<SocketAddr>) {
        self.metrics.refused("tls");
        self.tls.tell(|untold| {
            let peer = peer.map(|peer| peer.to_string()).unwrap_or_default();
            tracing::warn!(
                peer, untold,
                "a client speaks TLS, and this port plaintext: give `--tls-cert` and `--tls-key`, or have \
                 it use plaintext (for Flyte's executor `insecure: true`)"
            );
        });
    }
}

/// The last words to a connection. What it sends meanwhile is read: closed before, it would get a reset
/// instead of them.
async fn part(mut stream: TcpStream, farewell: Vec<u8>) -> std::io::Result<()> {
    stream.write_all(&farewell).await?;
    stream.shutdown().await?;
    let mut ignored = [0; 1024];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

/// The least of HTTP/2 that a server may say before it goes: settings, none, and why.
fn goaway(code: u32, why: &str) -> Vec<u8> {
    let why = why.as_bytes();
    // Eight bytes are the last stream, none, and the code.
    let length = u8::try_from(8 + why.len()).unwrap_or(u8::MAX);
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let head = [0, 0, length, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let why = why.get(..usize::from(length).saturating_sub(8)).unwrap_or(why);
    [&settings[..], &head, &code.to_be_bytes(), why].concat()
}
