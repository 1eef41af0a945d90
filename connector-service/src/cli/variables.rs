//! Flags from environment variables: which there are, what they say, what is wrong with them.
//! `cli` asks, after it has read the command line, which goes before. No value of a variable is shown.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::ffi::{OsStr, OsString};

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::one_line;

/// The variables of this process, or of a test.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Those of this process.
    pub(crate) fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// Names and values that are text; no others can be meant for a connector.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().filter_map(|(name, value)| {
            Some((name.to_str()?.to_owned(), value.to_str()?.to_owned()))
        })
    }

    /// The names that are text.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(|name| name.to_str())
    }

    /// The names of those whose values are no text.
    pub(crate) fn no_texts(&self) -> impl Iterator<Item = &str> {
        let no_text = |value: &OsString| value.to_str().is_none();
        self.0.iter().filter(move |(_, value)| no_text(value)).filter_map(|(name, _)| name.to_str())
    }

    /// The value of a variable; an empty one is none.
    pub(crate) fn get(&self, name: &OsStr) -> Option<&OsStr> {
        self.0.get(name).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Whether Kubernetes has set a variable for a Service whose name happens to make it one of ours:
    /// `CONNECTOR_PORT=tcp://10.0.0.1:8000` for one that is called `connector`.
    pub(crate) fn is_link(&self, name: &str) -> bool {
        let value = self.get(OsStr::new(name)).and_then(OsStr::to_str).unwrap_or_default();
        let protocols = ["tcp://", "udp://", "sctp://"];
        name.ends_with("_PORT") && protocols.iter().any(|protocol| value.starts_with(protocol))
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// The variables of a command's flags and of those of its subcommands.
pub(super) fn names(command: &Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(Arg::get_env);
    let own = own.map(|name| name.to_string_lossy().into_owned());
    own.chain(command.get_subcommands().flat_map(names)).collect()
}

/// A command that reads no variables by itself.
pub(super) fn without(command: Command) -> Command {
    command.mut_args(|arg| arg.env(Resettable::Reset)).mut_subcommands(without)
}

/// Flags that the command line leaves open and variables give.
#[derive(Debug, Default)]
pub(super) struct Added {
    /// What to put among the arguments.
    pub(super) arguments: Vec<OsString>,
    /// Which flag came from which variable.
    from: Vec<(String, String)>,
    /// What to tell the operator.
    pub(super) warnings: Vec<String>,
}

impl Added {
    /// What `environment` adds to a command line that was read as `matches`.
    pub(super) fn to(command: &Command, matches: &ArgMatches, environment: &Environment) -> Self {
        let mut added = Self::default();
        for arg in command.get_arguments() {
            let (Some(name), Some(long)) = (arg.get_env(), arg.get_long()) else { continue };
            let given = matches.value_source(arg.get_id().as_str());
            if given == Some(ValueSource::CommandLine) {
                continue;
            }
            let Some(value) = environment.get(name) else { continue };
            let name = name.to_string_lossy().into_owned();
            if environment.is_link(&name) {
                added.warnings.push(format!(
                    "{name} is ignored: Kubernetes sets it for a Service of that name; use --{long}, or \
                     set `enableServiceLinks: false` for the pod"
                ));
                continue;
            }
            let mut argument = OsString::from(format!("--{long}="));
            argument.push(value);
            added.arguments.push(argument);
            added.from.push((format!("--{long}"), name));
        }
        added
    }

    /// What is wrong with what was added. The command line itself was fine.
    pub(super) fn complaint(&self, error: &Error) -> String {
        let text = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => text.as_str(),
            _ => "",
        };
        // It is shown with the name of its value: `--port <PORT>`.
        let wrong = text(ContextKind::InvalidArg).split([' ', '=', '[']).next();
        let Some((_, name)) = self.from.iter().find(|(flag, _)| Some(flag.as_str()) == wrong)
        else {
            let names: Vec<&str> = self.from.iter().map(|(_, name)| name.as_str()).collect();
            return format!("the environment ({}): {}", names.join(", "), one_line(error));
        };
        let reason = match (error.kind(), error.source(), error.get(ContextKind::ValidValue)) {
            (ErrorKind::ValueValidation, Some(reason), _) => reason.to_string(),
            (ErrorKind::InvalidValue, _, Some(ContextValue::Strings(values))) => {
                format!("the values are {}", values.join(" and "))
            }
            (ErrorKind::InvalidUtf8, ..) => "it is no text".to_owned(),
            _ => return format!("the environment variable {name}: {}", one_line(error)),
        };
        format!("error: the environment variable {name}: {reason}; see --help\n")
    }
}
