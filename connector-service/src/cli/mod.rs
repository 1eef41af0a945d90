//! The command line: flags, their environment variables, and one-line usage errors.
//! `app` acts on it. Python's spellings are accepted, and under the names `c0` and `pyflyte` the command line
//! is Python's.

mod doctor;
mod pyflyte;
mod serve;
mod settings;
mod shells;
mod values;
mod variables;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use connector_state::redacted;

use crate::about::About;
use crate::behind::BehindArgs;
use crate::config::SettingsFile;
use crate::python::PythonArgs;
use crate::run::RunArgs;
use crate::state::command::StateCommand;
use crate::telemetry::LogFormat;
pub(crate) use doctor::{DoctorArgs, ReportFormat};
pub(crate) use serve::ServeArgs;
use variables::Added;
pub(crate) use variables::Environment;

const EXIT_CODES: &str = "Exit codes: 0 ended cleanly; 1 cannot start or serve; 2 wrong command line; \
    3 calls or creates were cut off by the end; 4 the database of --state was not there and --state-required. \
    `run`, `doctor` and `state` have their own, see their --help.\n\
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
    /// Say why it does not work: tries a service step by step, or what this binary would serve.
    Doctor(Box<DoctorArgs>),
    /// Print what a shell needs to complete this command line.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page, of this program or of one of its commands: `man | man -l -`.
    Man {
        /// The command.
        command: Option<String>,
    },
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
    /// Try a service, or what this binary would serve.
    Doctor(Box<DoctorArgs>),
    /// Print completions.
    Completions(Shell),
    /// Print a manual page.
    Man(Option<String>),
    /// Print the state, or change it.
    State(StateCommand),
    /// Print this.
    Print(String),
}

impl Command {
    /// Whether it is to print the settings that count instead.
    fn prints_settings(&self) -> bool {
        match self {
            Self::Serve(args) | Self::Check(args) => args.print_config,
            Self::Doctor(args) => args.serve.print_config,
            Self::List(_)
            | Self::Describe(_)
            | Self::Python(_)
            | Self::Run(_)
            | Self::State(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Print(_) => false,
        }
    }
}

/// The arguments of `list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// How to print them. JSON is made of their types alone: no connector is started.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
    /// TOML file of settings, as `serve` takes it.
    #[arg(long, env = "CONNECTOR_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
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
    /// TOML file of settings, as `serve` takes it.
    #[arg(long, env = "CONNECTOR_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
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
    pub(crate) file: Option<SettingsFile>,
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
    let binary = program.and_then(OsStr::to_str).unwrap_or("connector-server").to_owned();
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
    let about = About::of_process();
    let shown = values::whatever_sign(shown.version(about.short()).long_version(about.long()));
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
    let (environment, file) = match asked {
        Some(asked) => settings::below(asked, &C0::command(), own, environment)
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
        (Command::Completions(shell), _) => {
            Command::Print(shells::completions(shell, shown.clone(), &binary))
        }
        (Command::Man(about), _) => {
            let page = shells::manual(shown.clone(), &binary, about.as_deref());
            let wrong = |problem| Printed { text: format!("error: {problem}\n"), is_error: true };
            Command::Print(page.map_err(wrong)?)
        }
        (command, Some(asked)) if command.prints_settings() => {
            let all = all.subcommand().map_or(&all, |(_, own)| own);
            Command::Print(settings::printed(asked, own, all, &environment))
        }
        (command, _) => command,
    };
    Ok(Parsed { command, warnings: added.warnings, environment, file })
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
        Some(Subcommands::Doctor(args)) => Command::Doctor(args),
        Some(Subcommands::Completions { shell }) => Command::Completions(shell),
        Some(Subcommands::Man { command }) => Command::Man(command),
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
    let value = error.get(ContextKind::InvalidValue);
    let mut error = error.to_string();
    // An address may have a password in it.
    if let Some(ContextValue::String(value)) = value.filter(|_| error.contains('@')) {
        error = error.replace(value.as_str(), &redacted(value));
    }
    let said = error.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let said: Vec<&str> =
        said.filter(|line| !line.is_empty() && !line.starts_with("For more")).collect();
    format!("{}; see --help\n", said.join(" "))
}

#[cfg(test)]
mod tests;
