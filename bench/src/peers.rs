//! The same connector in the servers of others: Python's `c0`, and grpc-go by hand.
//! `compare` takes along those that this machine has what for. They are made before the first server starts.
//! How they are built stands in `grpc_go` and in the interop tests, never here.

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use interop_tests::absent::missing;
use interop_tests::venv::Venv;

use crate::grpc_go::{self, NoServer};
use crate::process::ServingProcess;

/// The module with Python's `batch_job`, among the scripts of the interop tests.
const MODULE: &str = "reference_connectors";
const GRPC_GO: &str = "grpc-go";
const PYTHON: &str = "Python c0";

type Problem = Box<dyn std::error::Error + Send + Sync>;

/// Those that are here, ready to start.
#[derive(Debug, Default)]
pub struct Peers {
    grpc_go: Option<PathBuf>,
    python: Option<Venv>,
}

impl Peers {
    /// Makes what is needed below `target`: the server in Go, and the Python environment of the interop tests. Of what
    /// cannot be had here one line says `skipped: …`.
    ///
    /// # Errors
    /// The server in Go does not compile.
    ///
    /// # Panics
    /// Under `CI=true`, where a peer that is missing means that nothing was measured.
    pub fn made(target: &Path) -> Result<Self, NoServer> {
        let grpc_go = match grpc_go::build(target) {
            Ok(program) => Some(program),
            Err(NoServer::Absent(why)) => {
                missing(GRPC_GO, &why);
                None
            }
            Err(broken @ NoServer::Broken(_)) => return Err(broken),
        };
        Ok(Self { grpc_go, python: Venv::official_sdk(target, PYTHON) })
    }

    /// Starts them, and says what each is called.
    ///
    /// # Errors
    /// One of them does not serve within a minute.
    ///
    /// # Cancel safety
    /// Dropping the future kills those that were started.
    pub async fn start(&self) -> Result<Vec<(&'static str, ServingProcess)>, Problem> {
        let mut started = Vec::new();
        if let Some(program) = &self.grpc_go {
            started.push((GRPC_GO, ServingProcess::start(program, [""; 0]).await?));
        }
        if let Some(venv) = &self.python {
            started.push((PYTHON, python(venv).await?));
        }
        Ok(started)
    }
}

async fn python(venv: &Venv) -> Result<ServingProcess, Problem> {
    // Python does not say which port it took, so one that is free now is chosen for it.
    let free = || TcpListener::bind("127.0.0.1:0")?.local_addr();
    let (grpc, metrics) = (free()?, free()?);
    let mut command = venv.command("c0");
    command.args(["--modules", MODULE]);
    command.args([format!("--port={}", grpc.port())]);
    command.args([format!("--prometheus_port={}", metrics.port())]);
    // A server that is measured starts without variables, but for those that are given to it here.
    let variables = command.get_envs().filter_map(|(name, value)| {
        let mut variable = name.to_owned();
        variable.push("=");
        variable.push(value?);
        Some(variable)
    });
    let mut arguments: Vec<OsString> = variables.collect();
    arguments.push(command.get_program().to_owned());
    arguments.extend(command.get_args().map(ToOwned::to_owned));
    let address = Some(format!("http://{grpc}"));
    Ok(ServingProcess::start_at(Path::new("/usr/bin/env"), arguments, address).await?)
}
