//! What the tests against Flyte 1 share: its packages, and what a Python script saw of a server.
//! No expectation lives here; those are in the tests.

use std::net::SocketAddr;
use std::path::Path;

use connector_core::Registry;
use connector_service::Server;
use interop_tests::script::Transcript;
use interop_tests::venv::{Packages, Venv};
use serde_json::Value;
use tokio::net::TcpListener;

/// The official packages of Flyte 1.
pub const FLYTEKIT: Packages = Packages {
    name: "flyte1-venv",
    folder: env!("CARGO_MANIFEST_DIR"),
    requirements: include_str!("../requirements.txt"),
    constraints: include_str!("../constraints.txt"),
};

/// The environment with them; `None` where it cannot be had, which one line says.
#[must_use]
pub fn flytekit(target: &Path, what: &str) -> Option<Venv> {
    Venv::of(FLYTEKIT, target, what)
}

/// Serves connectors that a test has made itself, for as long as its runtime lives.
///
/// # Panics
/// If there is no free port.
pub async fn serve(registry: Registry) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let server = Server::builder().registry(registry).build();
    tokio::spawn(server.serve(listener, None, std::future::pending()));
    address
}

/// What a script printed that was run with these arguments: a document with `steps`.
///
/// # Panics
/// If the script breaks off or prints something else.
#[must_use]
pub fn transcript(venv: &Venv, script: &str, arguments: &[&str]) -> Transcript {
    let output = venv.script(script).args(arguments).output().expect("the script runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} broke off:\n{errors}");
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{script} printed no JSON: {error}\n{errors}"));
    let steps = document["steps"].as_array().expect("steps");
    Transcript::new(steps.clone())
}
