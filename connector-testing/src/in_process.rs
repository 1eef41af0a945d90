//! Connectors served in this process for a test: no port, and paused time works.
//! The conformance checks start one per rule, and authors may, too.
//! How a server is reached over memory is the server's business.

use connector_core::Registry;
use connector_service::Server;
use tonic::transport::Channel;

/// A running server in this process. Dropping it ends it as SIGTERM would, without waiting.
#[derive(Debug)]
pub struct InProcess(connector_service::InProcess);

impl InProcess {
    /// Serves these connectors on the current runtime: all of their work is done on its threads and
    /// its clock.
    #[must_use]
    pub fn serve(registry: Registry) -> Self {
        let server = Server::builder().registry(registry).without_isolation().build();
        Self(connector_service::InProcess::serve(server))
    }

    /// A channel to it. All of them share one connection.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.0.channel()
    }

    /// Ends it in good order: running calls are answered, and jobs nobody has taken are cancelled.
    ///
    /// # Errors
    /// What the server ended with.
    ///
    /// # Cancel safety
    /// The server ends all the same.
    pub async fn stop(self) -> Result<(), String> {
        self.0.stop().await.map_err(|error| error.to_string())
    }
}
