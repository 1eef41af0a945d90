//! Who gets in at a port: how many connections there may be, and what each must bring before it is served.
//! `server` serves what comes out of here. A connection that gets in holds its place until it ends; one that
//! does not is told why, as far as its protocol can tell it.

mod io;
mod pages;
mod refusal;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{Stream, stream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::limits::LiveLimits;
use crate::metrics::DoorMetrics;
use crate::tls::{Tls, of_certificate};
pub(crate) use io::Admitted;
pub use io::Peer;
use io::{Io, Place};
pub(crate) use pages::Pages;
use refusal::{Reason, Refusals};

/// How every TLS record of a handshake begins.
const HANDSHAKE: u8 = 0x16;

/// The door of a port.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    tls: Option<Tls>,
    places: Arc<Semaphore>,
    limits: LiveLimits,
    refusals: Arc<Refusals>,
}

/// A connection at the door.
struct Arrival {
    stream: TcpStream,
    address: SocketAddr,
    place: Place,
}

impl Door {
    /// A door for as many connections as there are places, with TLS if that is given, for which each has the
    /// limits' time.
    pub(crate) fn new(
        tls: Option<Tls>,
        places: Arc<Semaphore>,
        limits: LiveLimits,
        metrics: DoorMetrics,
    ) -> Self {
        let refusals = Arc::new(Refusals::new(metrics, tls.is_some()));
        Self { tls, places, limits, refusals }
    }

    /// Connections that get in, as they do. Handshakes go on beside each other. An error is one of the
    /// listener; whoever waits for the next connection then may wait a moment first.
    pub(crate) fn incoming(
        self,
        listener: TcpListener,
    ) -> impl Stream<Item = std::io::Result<Admitted>> + Send + Unpin + 'static {
        let greeted = JoinSet::new();
        Box::pin(stream::unfold((self, listener, greeted), |(door, listener, mut greeted)| async {
            let next = door.next(&listener, &mut greeted).await;
            Some((next, (door, listener, greeted)))
        }))
    }

    async fn next(
        &self,
        listener: &TcpListener,
        greeted: &mut JoinSet<Option<Admitted>>,
    ) -> std::io::Result<Admitted> {
        loop {
            let (stream, address) = tokio::select! {
                Some(ended) = greeted.join_next() => match ended {
                    Ok(Some(admitted)) => return Ok(admitted),
                    Ok(None) | Err(_) => continue,
                },
                accepted = listener.accept() => accepted?,
            };
            // Answers are small and waited for. A connection that has gone already says so when it is read.
            stream.set_nodelay(true).ok();
            let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() else {
                self.refusals.refuse(Reason::Full, stream, address);
                continue;
            };
            let place = Place::new(permit, &self.refusals);
            let arrival = Arrival { stream, address, place };
            match &self.tls {
                None => {
                    let Arrival { stream, address, place } = arrival;
                    let peer = Peer::new(address, Vec::new());
                    let time = self.limits.now().handshake;
                    return Ok(Admitted::new(Io::Plain(stream), peer, place, time));
                }
                Some(tls) => {
                    drop(greeted.spawn(self.clone().greet(tls.clone(), arrival)));
                }
            }
        }
    }

    /// TLS with one connection, or nothing, and whoever runs the server is told why.
    async fn greet(self, tls: Tls, arrival: Arrival) -> Option<Admitted> {
        let Arrival { stream, address, place } = arrival;
        let (refusals, time) = (&self.refusals, self.limits.now().handshake);
        let mut first = [0];
        let shaking = async {
            match stream.peek(&mut first).await {
                // A probe that wanted to know whether somebody listens.
                Ok(0) | Err(_) => return None,
                Ok(_) if first != [HANDSHAKE] => {
                    refusals.refuse(Reason::Plaintext, stream, address);
                    return None;
                }
                Ok(_) => {}
            }
            match TlsAcceptor::from(tls.now()).accept(stream).await {
                Ok(stream) => Some(stream),
                Err(error) => {
                    refusals.tell_handshake(address, &error.to_string());
                    None
                }
            }
        };
        let Ok(stream) = timeout(time, shaking).await else {
            refusals.tell_handshake(address, &format!("it took more than {time:?}"));
            return None;
        };
        let stream = stream?;
        let certificates = stream.get_ref().1.peer_certificates();
        let names = certificates.and_then(<[_]>::first).map(of_certificate).unwrap_or_default();
        let peer = Peer::new(address, names);
        Some(Admitted::new(Io::Tls(Box::new(stream)), peer, place, time))
    }
}
