//! A way to a database that can become slow, or lead nowhere.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

/// What comes through arrives after this delay.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    delay: watch::Sender<Duration>,
}

impl Proxy {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (delay, delays) = watch::channel(Duration::ZERO);
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
                    continue;
                };
                let (caller, server) = (caller.into_split(), server.into_split());
                tokio::spawn(pass(caller.0, server.1, delays.clone()));
                tokio::spawn(pass(server.0, caller.1, delays.clone()));
            }
        });
        Self { port: own, delay }
    }

    pub(crate) fn delay(&self, delay: Duration) {
        self.delay.send_replace(delay);
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delays: watch::Receiver<Duration>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let delay = *delays.borrow();
        sleep(delay).await;
        let Some(bytes) = buffer.get(..read) else { return };
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
