//! An engine's REST API whose answers to submissions are held: the engine has said yes, and nobody hears it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A port in front of an engine that passes everything on but answers to submissions, which it holds.
#[derive(Debug)]
pub struct Held {
    address: String,
    holds: watch::Sender<bool>,
    held: Arc<AtomicUsize>,
    serves: JoinHandle<()>,
}

impl Held {
    /// In front of the engine at that address (`http://127.0.0.1:PORT`). A submission is a POST to a path that ends so.
    ///
    /// # Panics
    /// There is no port, or the address is none.
    pub async fn before(engine: &str, path: &'static str) -> Self {
        let engine = engine.strip_prefix("http://").expect("an address").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (holds, held) = (watch::Sender::new(true), Arc::new(AtomicUsize::new(0)));
        let (seen, count) = (holds.clone(), Arc::clone(&held));
        let serves = tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let Ok(there) = TcpStream::connect(&engine).await else { continue };
                tokio::spawn(pass(caller, there, path, seen.clone(), Arc::clone(&count)));
            }
        });
        Self { address, holds, held, serves }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How many answers of the engine were held so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.held.load(Ordering::SeqCst)
    }

    /// From now on answers to submissions are passed on, too. Those that were held never are.
    pub fn let_go(&self) {
        self.holds.send_replace(false);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.serves.abort();
    }
}

async fn pass(
    caller: TcpStream,
    there: TcpStream,
    path: &'static str,
    holds: watch::Sender<bool>,
    held: Arc<AtomicUsize>,
) {
    let ((from_caller, to_caller), (from_there, to_there)) =
        (caller.into_split(), there.into_split());
    let submits = watch::Sender::new(false);
    let asks = asked(from_caller, to_there, path, submits.clone());
    let answers = answered(from_there, to_caller, (submits, holds), held);
    // Whoever hangs up first ends both.
    tokio::select! {
        () = asks => {}
        () = answers => {}
    }
}

/// Passes requests on. Whether the last one is a submission stands in its first line, which comes in one piece.
async fn asked(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    path: &str,
    submits: watch::Sender<bool>,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(some @ 1..) = from.read(&mut bytes).await {
        let text = String::from_utf8_lossy(&bytes[..some]).into_owned();
        if let Some((line, _)) = text.split_once(" HTTP/1.1\r\n") {
            submits.send_replace(line.starts_with("POST ") && line.ends_with(path));
        }
        if to.write_all(&bytes[..some]).await.is_err() {
            return;
        }
    }
}

/// Passes answers on, but for one that is to be held: from there on nothing comes any more.
async fn answered(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    (submits, holds): (watch::Sender<bool>, watch::Sender<bool>),
    held: Arc<AtomicUsize>,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(some @ 1..) = from.read(&mut bytes).await {
        if *submits.borrow() && *holds.borrow() {
            held.fetch_add(1, Ordering::SeqCst);
            // Until the caller hangs up.
            std::future::pending::<()>().await;
        }
        if to.write_all(&bytes[..some]).await.is_err() {
            return;
        }
    }
}
