//! The flags of `doctor`: those of `serve`, and how to reach another service.
//! With `--connect` the flags of `serve` say what the other one should be like.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::serve::ServeArgs;

const AFTER_HELP: &str = "\
Without --connect: makes the connectors of this binary as `serve` would, tries where they call, and prints \
what Flyte's executor must be told. The flags of `serve` mean what they mean there.

With --connect: tries a connector service, in whatever language it is written, as the executor would reach \
it: name, connection, TLS, gRPC, token, health, lists. Of the flags of `serve`, --expect says what it must \
list, and --auth-token-file has the token to bring, its first.

Every trial is bounded in time. Exit codes: 0 nothing is wrong; 1 something is, and the line begins with \
`failed`; 2 wrong command line.";

/// The arguments of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct DoctorArgs {
    /// The service to try: HOST:PORT, unix:PATH, or an `endpoint` of the executor's, such as
    /// `dns:///HOST:PORT`. `https://HOST:PORT` means --tls.
    #[arg(long, value_name = "HOST:PORT|unix:PATH", env = "CONNECTOR_CONNECT")]
    pub(crate) connect: Option<String>,
    /// Speak TLS, and trust the authorities of this system, as the executor does with `insecure: false`.
    #[arg(long, requires = "connect")]
    pub(crate) tls: bool,
    /// Speak TLS, and trust the authorities in this file instead, as PEM.
    #[arg(long, requires = "connect", value_name = "FILE")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// A certificate to show, as PEM, with those between it and the authority.
    #[arg(long, requires_all = ["connect", "tls_client_key"], value_name = "FILE")]
    pub(crate) tls_client_cert: Option<PathBuf>,
    /// The key of that certificate, as PEM.
    #[arg(long, requires_all = ["connect", "tls_client_cert"], value_name = "FILE")]
    pub(crate) tls_client_key: Option<PathBuf>,
    /// How to print what was found.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// A line for each trial.
    #[default]
    Text,
    /// One JSON object.
    Json,
}
