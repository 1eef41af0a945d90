//! Connections of the operators' port, which axum serves.

use std::net::{Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::{Admitted, Door};
use crate::seldom::Seldom;

/// How long none is taken after one could not be.
const PAUSE: Duration = Duration::from_secs(1);

type Incoming = dyn Stream<Item = std::io::Result<Admitted>> + Send;

/// A listener behind a door.
pub(crate) struct Pages {
    incoming: Pin<Box<Incoming>>,
    address: std::io::Result<SocketAddr>,
    told: Seldom,
}

impl Pages {
    pub(crate) fn new(door: Door, listener: TcpListener) -> Self {
        let address = listener.local_addr();
        Self { incoming: Box::pin(door.incoming(listener)), address, told: Seldom::default() }
    }
}

impl axum::serve::Listener for Pages {
    type Io = Admitted;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Admitted, SocketAddr) {
        loop {
            match self.incoming.next().await {
                Some(Ok(admitted)) => {
                    let nowhere = (Ipv6Addr::UNSPECIFIED, 0).into();
                    let address = admitted.address().unwrap_or(nowhere);
                    return (admitted, address);
                }
                Some(Err(error)) => {
                    self.told.tell(|untold| {
                        tracing::error!(untold, "the operators' pages cannot be reached: {error}");
                    });
                    sleep(PAUSE).await;
                }
                None => std::future::pending().await,
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        match &self.address {
            Ok(address) => Ok(*address),
            Err(error) => Err(std::io::Error::new(error.kind(), error.to_string())),
        }
    }
}
