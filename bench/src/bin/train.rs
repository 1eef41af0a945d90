//! Calls for a server that was built to count what they run, so that the next build is made for them: a part of
//! `just optimized`. Each of `bench::load::LOADS` once; then the server is asked to end, and writes what it has counted.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bench::load::{self, LOADS};
use bench::process::{SERVE, ServingProcess};
use bench::verdict;
use clap::Parser;

/// Sends a server the calls that it is going to be optimized for.
#[derive(Debug, Parser)]
struct Arguments {
    /// The server, with the example connectors: a program that prints a line `gRPC http://ADDRESS`.
    program: PathBuf,
    /// Seconds of each load.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    verdict::print(verdict::optimized(|| verdict::in_runtime(train(&arguments))))
}

async fn train(
    arguments: &Arguments,
) -> Result<(String, bool), Box<dyn std::error::Error + Send + Sync>> {
    let server = ServingProcess::start(&arguments.program, SERVE).await?;
    let mut calls = 0;
    for (_, call, shape) in LOADS {
        let length = Duration::from_secs(arguments.seconds);
        calls += load::run(server.address(), call, shape, length).await?.calls;
    }
    server.stop().await?;
    Ok((format!("{calls} calls answered\n"), calls > 0))
}
