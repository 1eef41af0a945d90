//! The command line: flags, their environment variables, and one-line usage errors.
//! `app` acts on it. Python's spellings are accepted, and under the names `c0` and `pyflyte` the command line
//! is Python's.

mod pyflyte;
mod settings;
mod values;
mod variables;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::error::{Error, ErrorKind};
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use connector_core::host::quantity;
use tracing_subscriber::filter::LevelFilter;

use crate::behind::BehindArgs;
use crate::config::Reloading;
use crate::limits::Limits;
use crate::python::PythonArgs;
use crate::run::RunArgs;
use crate::state::StateUse;
use crate::state::command::StateCommand;
use crate::telemetry::{LogFormat, log_level};
use crate::trust::TrustArgs;
use crate::wanted::Wanted;
use values::{error_bytes, port, some_number, some_time};
use variables::Added;
pub(crate) use variables::Environment;

const EXIT_CODES: &str = "Exit codes: 0 ended cleanly; 1 cannot start or serve; 2 wrong command line; \
    3 calls or creates were cut off by the end; 4 the database of --state was not there and --state-required. \
    `run` and `state` have their own, see their --help.\n\
    Every flag of `serve` can also be set by an environment variable, shown in brackets; an empty one is \
    none. Sizes and spans of time take units, such as 16MiB and 30s.";

/// Serves Flyte connectors over gRPC.
#[derive(Debug, Parser)]
#[command(name = "connector-server", version, after_help = EXIT_CODES)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Subcommands>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Serve the connectors (what happens without a command, too).
    Serve(Box<ServeArgs>),
    /// Start everything but the listeners, and fail where a server would leave a connector out; for CI.
    Check(Box<ServeArgs>),
    /// Print the connectors with their task types and versions, and which of them do not start.
    List(ListArgs),
    /// Print what a connector takes and gives: settings, inputs, outputs, secrets.
    Describe(DescribeArgs),
    /// Write the Python task class of a connector, as a module or a package.
    Python(PythonArgs),
    /// Run one task from here to its end, without Flyte.
    Run(Box<RunArgs>),
    /// Print what outlives a server (--state): attempts and jobs; have one cancelled or forgotten.
    State(StateCommand),
}

/// What the arguments ask for.
#[derive(Debug)]
pub(crate) enum Command {
    /// Serve.
    Serve(Box<ServeArgs>),
    /// Start everything but the listeners.
    Check(Box<ServeArgs>),
    /// Print the connectors.
    List(ListArgs),
    /// Print what one takes and gives.
    Describe(DescribeArgs),
    /// Write the Python task class of one.
    Python(PythonArgs),
    /// Run a task.
    Run(Box<RunArgs>),
    /// Print the state, or change it.
    State(StateCommand),
    /// Print this.
    Print(String),
}

/// The arguments of `list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// How to print them. JSON is made of their types alone: no connector is started.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
    #[command(flatten)]
    pub(crate) behind: BehindArgs,
}

/// The form of a list of connectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON list, one object for each task type and version.
    Json,
}

/// The arguments of `describe`.
#[derive(Debug, Args)]
pub(crate) struct DescribeArgs {
    /// The task type.
    pub(crate) task_type: String,
    /// Print a JSON Schema instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) behind: BehindArgs,
}

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
    print_config: bool,
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

/// The command line of Python's `c0`, which knows neither subcommands nor a host; that of Flyte 1 is the same
/// behind two words.
#[derive(Debug, Parser)]
#[command(name = "c0", version, after_help = EXIT_CODES)]
struct C0 {
    #[command(flatten)]
    serve: ServeArgs,
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

/// Text to print instead of acting, and whether it is an error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Printed {
    pub(crate) text: String,
    pub(crate) is_error: bool,
}

/// A command line that was read.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) command: Command,
    /// What the operator should know of the variables.
    pub(crate) warnings: Vec<String>,
    /// The variables, and below them what a file of settings says.
    pub(crate) environment: Environment,
    /// That file.
    pub(crate) reloading: Option<Reloading>,
}

/// The environment variables that flags are read from.
pub(crate) fn variables() -> Vec<String> {
    variables::names(&Cli::command())
}

/// The form of log that a command line which cannot be read seems to wish.
pub(crate) fn wished_format(arguments: &[OsString], environment: &Environment) -> LogFormat {
    let mut said = arguments.iter().filter_map(|argument| argument.to_str());
    let flag = said.find_map(|word| word.strip_prefix("--log-format").map(str::to_owned));
    let format = match flag.as_deref() {
        Some("") => said.next().map(str::to_owned),
        Some(value) => Some(value.trim_start_matches('=').to_owned()),
        None => {
            let variable = environment.get(OsStr::new("CONNECTOR_LOG_FORMAT"));
            variable.and_then(OsStr::to_str).map(str::to_owned)
        }
    };
    if format.as_deref() == Some("json") { LogFormat::Json } else { LogFormat::Text }
}

/// Reads the arguments, the program's name first, and what they leave open from variables.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
) -> Result<Parsed, Printed> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let program = arguments.first().map(Path::new).and_then(Path::file_stem);
    let is_pyflyte = program.is_some_and(|name| name == "pyflyte");
    let is_c0 = is_pyflyte || program.is_some_and(|name| name == "c0");
    if is_pyflyte {
        arguments = pyflyte::without_words(arguments)?;
    }
    let shown = match (is_pyflyte, is_c0) {
        (true, _) => C0::command().name("pyflyte serve connector"),
        (_, true) => C0::command(),
        (_, false) => Cli::command(),
    };
    let read =
        |arguments: &[OsString]| variables::without(shown.clone()).try_get_matches_from(arguments);
    // The help shows the variables.
    let printed = |error| match shown.clone().try_get_matches_from(&arguments) {
        Err(shown) if is_help(&shown) => printed(&shown),
        _ => printed(&error),
    };
    let matches = read(&arguments).map_err(printed)?;
    let (asked, own, place) = match matches.subcommand() {
        Some((name, own)) => (shown.find_subcommand(name), own, 2),
        None => (Some(&shown), &matches, 1),
    };
    let (environment, reloading) = match asked {
        Some(asked) => settings::below(asked, &shown, own, environment)
            .map_err(|problem| Printed { text: format!("error: {problem}\n"), is_error: true })?,
        None => (environment.clone(), None),
    };
    let added = asked.map(|asked| Added::to(asked, own, &environment)).unwrap_or_default();
    let with = |added: &Added| {
        let mut all = arguments.clone();
        let rest = all.split_off(place.min(all.len()));
        all.extend(added.arguments.iter().cloned().chain(rest));
        all
    };
    let all = if added.arguments.is_empty() {
        matches.clone()
    } else {
        read(&with(&added))
            .map_err(|error| Printed { text: added.complaint(&error), is_error: true })?
    };
    let command = match (command(&all, is_c0).map_err(printed)?, asked) {
        (Command::Serve(args) | Command::Check(args), Some(asked)) if args.print_config => {
            let all = all.subcommand().map_or(&all, |(_, own)| own);
            Command::Print(settings::printed(asked, own, all, &environment))
        }
        (command, _) => command,
    };
    Ok(Parsed { command, warnings: added.warnings, environment, reloading })
}

fn command(matches: &ArgMatches, is_c0: bool) -> Result<Command, Error> {
    if is_c0 {
        return Ok(Command::Serve(Box::new(C0::from_arg_matches(matches)?.serve)));
    }
    let Cli { command, serve } = Cli::from_arg_matches(matches)?;
    Ok(match command {
        Some(Subcommands::Check(serve)) => Command::Check(serve),
        Some(Subcommands::List(args)) => Command::List(args),
        Some(Subcommands::Describe(args)) => Command::Describe(args),
        Some(Subcommands::Python(args)) => Command::Python(args),
        Some(Subcommands::Run(args)) => Command::Run(args),
        Some(Subcommands::State(args)) => Command::State(args),
        Some(Subcommands::Serve(serve)) => Command::Serve(serve),
        None => Command::Serve(Box::new(serve)),
    })
}

fn is_help(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
}

fn printed(error: &Error) -> Printed {
    if is_help(error) {
        Printed { text: error.to_string(), is_error: false }
    } else {
        Printed { text: one_line(error), is_error: true }
    }
}

/// What is wrong, without the usage text below it.
fn one_line(error: &Error) -> String {
    let error = error.to_string();
    let said = error.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let said: Vec<&str> =
        said.filter(|line| !line.is_empty() && !line.starts_with("For more")).collect();
    format!("{}; see --help\n", said.join(" "))
}

#[cfg(test)]
mod tests;
