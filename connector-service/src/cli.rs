//! The command line: flags, their environment variables, and one-line usage errors.
//! `app` acts on it. Python's spellings are accepted, and under the name `c0` the flags are Python's.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use connector_gate::TextLimit;
use tracing_subscriber::filter::LevelFilter;

use crate::limits::Limits;
use crate::python::PythonArgs;
use crate::run::RunArgs;
use crate::telemetry::{LogFormat, log_level};
use crate::wanted::Wanted;

const EXIT_CODES: &str = "Exit codes: 0 ended cleanly; 1 cannot start or serve; 2 wrong command line. \
    `run` has its own, see `run --help`.\n\
    Every flag of `serve` can also be set by an environment variable, shown in brackets.";

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
    /// Serve the linked connectors (what happens without a command, too).
    Serve(Box<ServeArgs>),
    /// Start everything but the listeners, and fail where a server would leave a connector out; for CI.
    Check(Box<ServeArgs>),
    /// Print the linked connectors with their task types and versions.
    List,
    /// Print what a connector takes and gives: settings, inputs, outputs, secrets.
    Describe(DescribeArgs),
    /// Write the Python task class of a connector, as a module or a package.
    Python(PythonArgs),
    /// Run one task from here to its end, without Flyte.
    Run(Box<RunArgs>),
}

/// What the arguments ask for.
#[derive(Debug)]
pub(crate) enum Command {
    /// Serve.
    Serve(Box<ServeArgs>),
    /// Start everything but the listeners.
    Check(Box<ServeArgs>),
    /// Print the connectors.
    List,
    /// Print what one takes and gives.
    Describe(DescribeArgs),
    /// Write the Python task class of one.
    Python(PythonArgs),
    /// Run a task.
    Run(Box<RunArgs>),
}

/// The arguments of `describe`.
#[derive(Debug, Args)]
pub(crate) struct DescribeArgs {
    /// The task type.
    pub(crate) task_type: String,
    /// Print a JSON Schema instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
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
    /// End after that many seconds; for tests.
    #[arg(long, env = "CONNECTOR_TIMEOUT", value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
    /// Refuse to start unless this connector is served; may be given several times.
    #[arg(long, env = "CONNECTOR_EXPECT", value_name = "TASK_TYPE[@VERSION]")]
    #[arg(value_delimiter = ',', value_parser = Wanted::parse)]
    pub(crate) expect: Vec<Wanted>,
    /// Largest request taken, in bytes.
    #[arg(long, env = "CONNECTOR_MAX_REQUEST_BYTES", default_value_t = Limits::default().max_request_bytes)]
    #[arg(value_name = "BYTES")]
    max_request_bytes: usize,
    /// Largest answer sent, in bytes; a stock executor receives 4 MiB.
    #[arg(long, env = "CONNECTOR_MAX_RESPONSE_BYTES", default_value_t = Limits::default().max_response_bytes)]
    #[arg(value_name = "BYTES")]
    max_response_bytes: usize,
    /// Longest text of an error or of a job's state, in bytes once percent-encoded; stock proxies take
    /// 4 KiB of headers.
    #[arg(long, env = "CONNECTOR_MAX_ERROR_BYTES", default_value_t = Limits::default().max_error_bytes)]
    #[arg(value_name = "BYTES", value_parser = error_bytes)]
    max_error_bytes: usize,
    /// Longest time a call may take; a create goes on without its caller.
    #[arg(long, env = "CONNECTOR_MAX_CALL_SECONDS", default_value_t = Limits::default().max_call.as_secs())]
    #[arg(value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    max_call_seconds: u64,
    /// How long running calls may go on after SIGTERM.
    #[arg(long, env = "CONNECTOR_GRACE_SECONDS", default_value_t = Limits::default().grace.as_secs())]
    #[arg(value_name = "SECONDS")]
    grace_seconds: u64,
    /// How much to log.
    #[arg(long, env = "CONNECTOR_LOG_LEVEL", default_value = "info", value_name = "LEVEL")]
    #[arg(value_parser = log_level)]
    pub(crate) log_level: LevelFilter,
    /// How to log.
    #[arg(long, env = "CONNECTOR_LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// Accepted for Python's sake: worker threads follow the processors.
    #[arg(long, hide = true, value_name = "N")]
    pub(crate) worker: Option<u64>,
    /// Accepted for Python's sake: connectors are linked, not loaded. Both `--modules a b`, as
    /// `ConnectorEnvironment` of the SDK writes it, and `--modules a --modules b`.
    #[arg(long, hide = true, value_name = "MODULE", num_args = 1..)]
    pub(crate) modules: Vec<String>,
}

/// The command line of Python's `c0`, which knows neither subcommands nor a host.
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
            max_call: Duration::from_secs(self.max_call_seconds),
            grace: Duration::from_secs(self.grace_seconds),
        }
    }
}

/// Text to print instead of acting, and whether it is an error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Printed {
    pub(crate) text: String,
    pub(crate) is_error: bool,
}

/// Reads the arguments, the program's name first.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, Printed> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let program = arguments.first().map(Path::new).and_then(Path::file_stem);
    let parsed = if program.is_some_and(|name| name == "c0") {
        C0::try_parse_from(arguments).map(|c0| Command::Serve(Box::new(c0.serve)))
    } else {
        Cli::try_parse_from(arguments).map(|cli| match cli.command {
            Some(Subcommands::Check(serve)) => Command::Check(serve),
            Some(Subcommands::List) => Command::List,
            Some(Subcommands::Describe(args)) => Command::Describe(args),
            Some(Subcommands::Python(args)) => Command::Python(args),
            Some(Subcommands::Run(args)) => Command::Run(args),
            Some(Subcommands::Serve(serve)) => Command::Serve(serve),
            None => Command::Serve(Box::new(cli.serve)),
        })
    };
    parsed.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            Printed { text: error.to_string(), is_error: false }
        }
        _ => Printed { text: one_line(&error.to_string()), is_error: true },
    })
}

/// What is wrong, without the usage text below it.
fn one_line(error: &str) -> String {
    let said = error.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let said: Vec<&str> =
        said.filter(|line| !line.is_empty() && !line.starts_with("For more")).collect();
    format!("{}; see --help\n", said.join(" "))
}

fn error_bytes(text: &str) -> Result<usize, String> {
    let least = TextLimit::LEAST_BYTES;
    let bytes = text.parse().ok().filter(|bytes| *bytes >= least);
    bytes.ok_or_else(|| format!("a text needs room for what is wrong: {least} bytes or more"))
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "a port is a number from 0 to 65535".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Command, Printed, ServeArgs, parse};

    fn read(line: &str) -> Result<Command, Printed> {
        parse(line.split(' ').map(Into::into))
    }

    fn serve(line: &str) -> ServeArgs {
        match read(line) {
            Ok(Command::Serve(serve)) => *serve,
            other => panic!("{line} gave {other:?}"),
        }
    }

    fn refused(line: &str) -> String {
        let printed = read(line).expect_err("an error");
        assert!(printed.is_error);
        assert_eq!(printed.text.lines().count(), 1, "{}", printed.text);
        printed.text
    }

    #[test]
    fn serves_with_or_without_the_command() {
        for line in ["connector-server", "connector-server serve"] {
            let args = serve(line);
            assert_eq!((args.host.as_str(), args.port, args.prometheus_port), ("::", 8000, 9090));
        }
        assert_eq!(serve("connector-server --port 1").port, 1);
        assert_eq!(serve("connector-server serve --port 1").port, 1);
        assert!(matches!(read("connector-server list"), Ok(Command::List)));
    }

    #[test]
    fn knows_python_spellings() {
        let line = "/bin/c0 --port 1 --prometheus_port 2 --worker 4 --timeout 3 \
                    --modules a b --modules c";
        let args = serve(line);
        assert_eq!((args.port, args.prometheus_port, args.timeout), (1, 2, Some(3)));
        assert_eq!((args.worker, args.modules.len()), (Some(4), 3));
        assert_eq!(serve("connector-server serve --prometheus_port 2").prometheus_port, 2);
        refused("c0 list");
        refused("c0 run batch_job");
    }

    #[test]
    fn says_in_one_line_what_is_wrong() {
        assert!(refused("connector-server --port 70000").contains("from 0 to 65535"));
        assert!(refused("connector-server --prot 1").contains("'--port'"));
        assert!(refused("connector-server --max-error-bytes 10").contains("256 bytes or more"));
        assert_eq!(serve("connector-server --max-error-bytes 999").limits().max_error_bytes, 999);
        assert!(refused("connector-server --expect a@x").contains("TASK_TYPE@VERSION"));
        assert!(refused("connector-server --log-level loud").contains("debug"));
        let help = read("connector-server --help").expect_err("help");
        assert!(!help.is_error && help.text.contains("CONNECTOR_PROMETHEUS_PORT"));
    }
}
