//! A server in this process, reached over memory: no port, and paused time works.
//! The conformance checks start one per rule, and authors may, too.
//! What it serves and how it is called is the caller's business.

use connector_core::Registry;
use connector_server::Server;
use hyper_util::rt::TokioIo;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

/// How many bytes may be under way in one direction.
const PIPE: usize = 64 * 1024;

/// A running server in this process. Dropping it ends it as SIGTERM would, without waiting.
#[derive(Debug)]
pub struct InProcess {
    channel: Channel,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<Result<(), connector_server::ServerError>>,
}

impl InProcess {
    /// Serves these connectors on the current runtime: all of their work is done on its threads and
    /// its clock.
    #[must_use]
    pub fn serve(registry: Registry) -> Self {
        let (connections, incoming) = mpsc::unbounded_channel();
        let incoming = UnboundedReceiverStream::new(incoming).map(Ok::<_, std::io::Error>);
        let (stop, stopped) = oneshot::channel();
        let server = Server::builder().registry(registry).without_isolation().build();
        let served = tokio::spawn(server.serve_connections(incoming, None, async {
            // Dropped or sent: both mean the end.
            stopped.await.ok();
        }));
        let connect = service_fn(move |_uri| {
            let (near, far) = tokio::io::duplex(PIPE);
            let sent = connections.send(far).map_err(std::io::Error::other);
            async { sent.map(|()| TokioIo::new(near)) }
        });
        let endpoint = Endpoint::from_static("http://in-process.invalid");
        let channel = endpoint.connect_with_connector_lazy(connect);
        Self { channel, stop: Some(stop), served }
    }

    /// A channel to it. All of them share one connection.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Ends it in good order: running calls are answered, and jobs nobody has taken are cancelled.
    ///
    /// # Errors
    /// What the server ended with.
    ///
    /// # Cancel safety
    /// The server ends all the same.
    pub async fn stop(mut self) -> Result<(), String> {
        drop(self.stop.take());
        drop(self.channel);
        match self.served.await {
            Ok(ended) => ended.map_err(|error| error.to_string()),
            Err(panicked) => Err(panicked.to_string()),
        }
    }
}
