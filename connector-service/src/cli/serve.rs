//! The flags of `serve`, which `check` and `doctor` have, too.
//! `cli` reads them; what they mean is the business of those who are given them.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use connector_core::host::quantity;
use tracing_subscriber::filter::LevelFilter;

use super::values::{error_bytes, port, some_number, some_time};
use crate::behind::BehindArgs;
use crate::limits::Limits;
use crate::state::StateUse;
use crate::telemetry::{LogFormat, log_level};
use crate::trust::TrustArgs;
use crate::wanted::Wanted;

/// The flags of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Address to listen on; `::` is every address, of IPv4 too.
    #[arg(long, env = "CONNECTOR_HOST", default_value = "::")]
    pub(crate) host: String,
    /// Port of the gRPC services; 0 picks a free one.
    #[arg(long, env = "CONNECTOR_PORT", default_value = "8000", value_parser = port)]
    pub(crate) port: u16,
    /// Port of the metrics page and of /live and /ready; 0 picks a free one.
    #[arg(long, env = "CONNECTOR_PROMETHEUS_PORT", default_value = "9090", value_parser = port)]
    #[arg(alias = "prometheus_port")]
    pub(crate) prometheus_port: u16,
    /// End after that many seconds, or that span of time; for tests.
    #[arg(long, env = "CONNECTOR_TIMEOUT", value_name = "SECONDS", value_parser = quantity::seconds)]
    pub(crate) timeout: Option<Duration>,
    /// Refuse to start unless this connector is served; may be given several times.
    #[arg(long, env = "CONNECTOR_EXPECT", value_name = "TASK_TYPE[@VERSION]")]
    #[arg(value_delimiter = ',', value_parser = Wanted::parse)]
    pub(crate) expect: Vec<Wanted>,
    /// Largest request taken, in bytes or with a unit.
    #[arg(long, env = "CONNECTOR_MAX_REQUEST_BYTES", value_name = "BYTES", value_parser = quantity::size)]
    #[arg(default_value = "16MiB")]
    max_request_bytes: usize,
    /// Largest answer sent, in bytes or with a unit; a stock executor receives 4 MiB.
    #[arg(long, env = "CONNECTOR_MAX_RESPONSE_BYTES", value_name = "BYTES", value_parser = quantity::size)]
    #[arg(default_value = "4MiB")]
    max_response_bytes: usize,
    /// Longest text of an error or of a job's state, in bytes once percent-encoded; stock proxies take
    /// 4 KiB of headers.
    #[arg(long, env = "CONNECTOR_MAX_ERROR_BYTES", value_name = "BYTES", value_parser = error_bytes)]
    #[arg(default_value = "3.5KiB")]
    max_error_bytes: usize,
    /// Longest time a call may take; a create goes on without its caller.
    #[arg(long, env = "CONNECTOR_MAX_CALL_SECONDS", value_name = "SECONDS", value_parser = some_time)]
    #[arg(default_value = "60")]
    max_call_seconds: Duration,
    /// Most connections at a time; more are refused.
    #[arg(long, env = "CONNECTOR_MAX_CONNECTIONS", value_name = "N", default_value = "4096")]
    #[arg(value_parser = some_number)]
    max_connections: usize,
    /// Longest time for a connection to begin, and for its TLS handshake.
    #[arg(long, env = "CONNECTOR_HANDSHAKE_SECONDS", value_name = "SECONDS", value_parser = some_time)]
    #[arg(default_value = "10")]
    handshake_seconds: Duration,
    /// Most calls at a time on one connection.
    #[arg(long, env = "CONNECTOR_MAX_STREAMS", value_name = "N", default_value = "1024")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    max_streams: u32,
    /// Longest time that a request may take to arrive.
    #[arg(long, env = "CONNECTOR_REQUEST_SECONDS", value_name = "SECONDS", value_parser = some_time)]
    #[arg(default_value = "30")]
    request_seconds: Duration,
    /// Most bytes that all requests under way may hold, in bytes or with a unit.
    #[arg(long, env = "CONNECTOR_MAX_INFLIGHT_BYTES", value_name = "BYTES", value_parser = quantity::size)]
    #[arg(default_value = "64MiB")]
    max_inflight_bytes: usize,
    /// End connections at that age, give or take a tenth; their calls have the grace time.
    #[arg(long, env = "CONNECTOR_MAX_CONNECTION_AGE", value_name = "SECONDS", value_parser = some_time)]
    max_connection_age: Option<Duration>,
    /// How long to go on as before after SIGTERM, while health says `NOT_SERVING` already.
    #[arg(long, env = "CONNECTOR_LAME_DUCK_SECONDS", value_name = "SECONDS")]
    #[arg(value_parser = quantity::seconds, default_value = "0")]
    lame_duck_seconds: Duration,
    /// How long running calls may go on after that.
    #[arg(long, env = "CONNECTOR_GRACE_SECONDS", value_name = "SECONDS")]
    #[arg(value_parser = quantity::seconds, default_value = "20")]
    grace_seconds: Duration,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    #[command(flatten)]
    pub(crate) state: StateUse,
    /// TOML file of settings, below variables and flags; its keys are the names of these flags.
    #[arg(long, env = "CONNECTOR_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print every setting and where it comes from, without secrets, instead of serving.
    #[arg(long)]
    pub(super) print_config: bool,
    /// How much to log.
    #[arg(long, env = "CONNECTOR_LOG_LEVEL", default_value = "info", value_name = "LEVEL")]
    #[arg(value_parser = log_level)]
    pub(crate) log_level: LevelFilter,
    /// How to log.
    #[arg(long, env = "CONNECTOR_LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// Accepted for Python's sake: worker threads follow the processors.
    #[arg(long, env = "CONNECTOR_WORKER", hide = true, value_name = "N")]
    pub(crate) worker: Option<u64>,
    // `ConnectorEnvironment` of the SDK writes `--modules a b`; people write `--modules a --modules b`.
    #[command(flatten)]
    pub(crate) behind: BehindArgs,
}

impl ServeArgs {
    /// The limits these flags set.
    pub(crate) const fn limits(&self) -> Limits {
        Limits {
            max_request_bytes: self.max_request_bytes,
            max_response_bytes: self.max_response_bytes,
            max_error_bytes: self.max_error_bytes,
            max_call: self.max_call_seconds,
            max_connections: self.max_connections,
            handshake: self.handshake_seconds,
            max_streams: self.max_streams,
            request: self.request_seconds,
            max_inflight_bytes: self.max_inflight_bytes,
            max_connection_age: self.max_connection_age,
            lame_duck: self.lame_duck_seconds,
            grace: self.grace_seconds,
        }
    }
}
