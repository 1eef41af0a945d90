//! The port of a fake vendor: its URL is known at once, and whoever needs it first has it served.
//! Fakes hold one; what is said on it is theirs.

use std::future::Future;
use std::io;
use std::net::{TcpListener, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};

use crate::SocketTime;

/// A port for a fake of a vendor.
///
/// A connector is made with the URL of its vendor before a test has a runtime on which somebody
/// could answer there: each rule of [`conformance!`](crate::conformance!) has its own, with a paused
/// clock. So the port is bound first, and [served](Self::open) when a runtime is there. Whoever
/// connects in between waits.
///
/// ```
/// use connector_testing::VendorPort;
/// use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
///
/// # fn main() -> std::io::Result<()> {
/// let port = VendorPort::bind("127.0.0.1:0")?;
/// let address = port.url().replace("http://", "");
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
/// // With axum: `port.open(|listener| async move { axum::serve(listener, routes).await })`.
/// port.open(|listener| async move {
///     let (mut caller, _) = listener.accept().await?;
///     caller.write_all(b"hello").await
/// })?;
///
/// let mut text = String::new();
/// tokio::net::TcpStream::connect(address).await?.read_to_string(&mut text).await?;
/// assert_eq!(text, "hello");
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Debug)]
pub struct VendorPort {
    url: String,
    /// Until somebody serves on it.
    listener: Mutex<Option<TcpListener>>,
}

impl VendorPort {
    /// Binds an address, which nobody serves yet. With port 0 it is a free one.
    ///
    /// # Errors
    /// The address is none, or somebody else has it.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        Ok(Self { url, listener: Mutex::new(Some(listener)) })
    }

    /// `http://HOST:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Serves on the current runtime, in its time ([`SocketTime`]). From the second call on nothing
    /// happens, as one serves already.
    ///
    /// What `serve` comes to is not looked at, and it ends with the runtime.
    ///
    /// # Errors
    /// The system takes no further listener.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open<F>(&self, serve: impl FnOnce(tokio::net::TcpListener) -> F) -> io::Result<()>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(listener) = listener else { return Ok(()) };
        let serving = serve(tokio::net::TcpListener::from_std(listener)?);
        tokio::spawn(async move {
            let _time = SocketTime::keep();
            serving.await
        });
        Ok(())
    }
}
