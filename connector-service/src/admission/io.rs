//! A connection that got in, in plaintext or TLS, and who is at its other end.

use std::future::Future as _;
use std::io::{ErrorKind, IoSlice, Result};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use super::HANDSHAKE;
use super::refusal::Refusals;

/// Who is at the other end of a connection of the gRPC port. [Layers](crate::ServerBuilder::layer) find it
/// among the extensions of every request, if the server listens by itself ([`crate::Server::serve`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    address: Option<SocketAddr>,
    names: Arc<[String]>,
}

impl Peer {
    pub(super) fn new(address: SocketAddr, names: Vec<String>) -> Self {
        Self { address: Some(address), names: names.into() }
    }

    /// Somebody with these names, for tests.
    #[cfg(test)]
    pub(crate) fn named(names: &[&str]) -> Self {
        Self { address: None, names: names.iter().map(|name| (*name).to_owned()).collect() }
    }

    /// Where the connection comes from: the caller, or a proxy in between.
    #[must_use]
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The DNS names and URIs of the caller's certificate, if one was asked for.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

/// The place of a connection among those that may be there.
#[derive(Debug)]
pub(super) struct Place {
    refusals: Arc<Refusals>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    pub(super) fn new(permit: OwnedSemaphorePermit, refusals: &Arc<Refusals>) -> Self {
        refusals.metrics().connections.inc();
        Self { refusals: Arc::clone(refusals), _permit: permit }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.refusals.metrics().connections.dec();
    }
}

#[derive(Debug)]
pub(super) enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection that got in.
#[derive(Debug)]
pub(crate) struct Admitted {
    io: Io,
    peer: Peer,
    place: Place,
    /// How the conversation begins; nothing once it has begun.
    opening: Option<Opening>,
}

/// The first bytes of a connection.
#[derive(Debug)]
struct Opening {
    come: usize,
    time: Duration,
    over: Pin<Box<Sleep>>,
}

/// What every client of HTTP/2 says first has that many bytes.
const PREFACE: usize = 24;

impl Admitted {
    /// It has `time` to begin.
    pub(super) fn new(io: Io, peer: Peer, place: Place, time: Duration) -> Self {
        let opening = Some(Opening { come: 0, time, over: Box::pin(sleep(time)) });
        Self { io, peer, place, opening }
    }

    fn poll_io(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Io::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl Connected for Admitted {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Admitted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = self.get_mut();
        let Some(mut opening) = this.opening.take() else { return this.poll_io(cx, buf) };
        let before = buf.filled().len();
        let polled = this.poll_io(cx, buf);
        if polled.is_pending() && opening.over.as_mut().poll(cx).is_ready() {
            this.place.refusals.tell_silence(this.peer.address, opening.time);
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        let first = buf.filled().get(before);
        if opening.come == 0 && first == Some(&HANDSHAKE) && matches!(this.io, Io::Plain(_)) {
            // HTTP/2 ends such a connection by itself, without a word that would help.
            this.place.refusals.tell_tls(this.peer.address);
        }
        opening.come += buf.filled().len() - before;
        if opening.come < PREFACE {
            this.opening = Some(opening);
        }
        polled
    }
}

impl AsyncWrite for Admitted {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        match &mut self.get_mut().io {
            Io::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Io::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match &mut self.get_mut().io {
            Io::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Io::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match &mut self.get_mut().io {
            Io::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Io::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        match &mut self.get_mut().io {
            Io::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Io::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Plain(stream) => stream.is_write_vectored(),
            Io::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
