//! The binary of this project as a process that tests kill and start again, and the official server beside it.

use std::process::Command;

use conformance_tests::program::Program;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use interop_tests::peer::{self, binary};
use interop_tests::venv::Venv;
use tonic::transport::{Channel, Endpoint};

use crate::target;

/// A server with its settings.
#[derive(Debug)]
pub struct Server {
    variables: Vec<(String, String)>,
    running: Option<Running>,
}

/// Whose process it is.
#[derive(Debug)]
enum Running {
    Ours(Program),
    Official(peer::Server),
}

impl Server {
    /// Starts one with those variables.
    ///
    /// # Panics
    /// It cannot be built or does not start.
    #[must_use]
    pub fn start(variables: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut server = Self { variables: variables.iter().map(owned).collect(), running: None };
        server.start_again();
        server
    }

    /// Starts `c0` with the official connectors of that environment, and with those variables.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    pub fn official(venv: &Venv, variables: &[(&str, &str)]) -> Self {
        let started = peer::Server::official(venv, variables);
        let running = Running::Official(started.unwrap_or_else(|error| panic!("{error}")));
        Self { variables: Vec::new(), running: Some(running) }
    }

    /// Kills it (SIGKILL): what it knew is gone.
    pub fn kill(&mut self) {
        self.running = None;
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
        self.running = Some(Running::Ours(Program::start(command)));
    }

    /// The process.
    ///
    /// # Panics
    /// It was killed, or is the official one.
    #[must_use]
    pub fn program(&self) -> &Program {
        match &self.running {
            Some(Running::Ours(program)) => program,
            other => panic!("no server of this project that runs: {other:?}"),
        }
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
        let address = match self.running.as_ref().expect("a server that runs") {
            Running::Ours(program) => program.grpc.clone(),
            Running::Official(server) => format!("http://{}", server.address()),
        };
        let endpoint = Endpoint::from_shared(address).expect("a URI");
        endpoint.connect().await.expect("a connection")
    }
}
