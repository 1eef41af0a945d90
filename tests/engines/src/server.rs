//! The binary of this project as a process that tests kill and start again.

use std::process::Command;

use conformance_tests::program::Program;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use interop_tests::peer::binary;
use tonic::transport::{Channel, Endpoint};

use crate::target;

/// A server with its settings.
#[derive(Debug)]
pub struct Server {
    variables: Vec<(String, String)>,
    program: Option<Program>,
}

impl Server {
    /// Starts one with those variables.
    ///
    /// # Panics
    /// It cannot be built or does not start.
    #[must_use]
    pub fn start(variables: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut server = Self { variables: variables.iter().map(owned).collect(), program: None };
        server.start_again();
        server
    }

    /// Kills it (SIGKILL): what it knew is gone.
    pub fn kill(&mut self) {
        self.program = None;
    }

    /// Starts it again, with the same settings.
    ///
    /// # Panics
    /// It does not start.
    pub fn start_again(&mut self) {
        let mut command = Command::new(binary(&target()).unwrap_or_else(|error| panic!("{error}")));
        command
            .args(["serve", "--host", "127.0.0.1", "--port", "0", "--prometheus-port", "0"])
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        self.program = Some(Program::start(command));
    }

    /// The process.
    ///
    /// # Panics
    /// It was killed.
    #[must_use]
    pub fn program(&self) -> &Program {
        self.program.as_ref().expect("a server that runs")
    }

    /// A client on a connection of its own.
    ///
    /// # Panics
    /// It cannot be reached.
    pub async fn client(&self) -> AsyncConnectorServiceClient<Channel> {
        AsyncConnectorServiceClient::new(self.channel().await)
    }

    /// A connection of its own.
    ///
    /// # Panics
    /// It cannot be reached.
    pub async fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(self.program().grpc.clone()).expect("a URI");
        endpoint.connect().await.expect("a connection")
    }
}
