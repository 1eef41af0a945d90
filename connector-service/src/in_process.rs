//! A server in this process, reached over memory: no port, and the bytes are those of the network.
//! `run` drives one; embedders and tests may, too.
//! What is served and how it is called is the caller's business.

use futures_util::StreamExt as _;
use hyper_util::rt::TokioIo;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use crate::server::{Server, ServerError};
use crate::shutdown::Ended;

/// How many bytes may be under way in one direction.
const PIPE: usize = 64 * 1024;

/// A running server in this process. Dropping it ends it as SIGTERM would, without waiting.
#[derive(Debug)]
pub struct InProcess {
    channel: Channel,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<Ended, ServerError>>,
}

impl InProcess {
    /// Serves on the current runtime.
    #[must_use]
    pub fn serve(server: Server) -> Self {
        let (connections, incoming) = mpsc::unbounded_channel();
        let incoming = UnboundedReceiverStream::new(incoming).map(Ok::<_, std::io::Error>);
        let (stop, stopped) = oneshot::channel::<()>();
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
        Self { channel: endpoint.connect_with_connector_lazy(connect), stop, served }
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
    pub async fn stop(self) -> Result<(), ServerError> {
        let Self { channel, stop, served } = self;
        drop((channel, stop));
        served.await.map_err(ServerError::new)?.map(|_ended| ())
    }
}
