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
use crate::config::Setting;

/// The variables of this process, or of a test; below them what a file of settings says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<OsString, OsString>,
    /// Where in a file those stand that are none of the process: "`port` of connectors.toml".
    places: BTreeMap<String, String>,
}

impl Environment {
    /// Those of this process.
    pub(crate) fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// These variables, and below them the settings of a file.
    pub(super) fn above(mut self, settings: &[Setting], file: &str) -> Self {
        for Setting { variable, value, key } in settings {
            if self.get(OsStr::new(variable)).is_none() || self.is_link(variable) {
                self.variables.insert(variable.into(), value.into());
                self.places.insert(variable.clone(), format!("`{key}` of {file}"));
            }
        }
        self
    }

    /// Whether a file says it, and no variable of the process.
    pub(crate) fn is_of_file(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// What to call a variable: with its name, or its place in a file.
    pub(crate) fn called(&self, name: &str) -> String {
        let place = self.places.get(name).cloned();
        place.unwrap_or_else(|| format!("the environment variable {name}"))
    }

    /// A text that calls variables by their names, with those of a file called by their places.
    pub(crate) fn told(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, place) in &self.places {
            let called = format!("the environment variable {name}");
            let mut told = String::new();
            let mut rest = text.as_str();
            while let Some((before, after)) = rest.split_once(&called) {
                let is_longer = after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
                told.extend([before, if is_longer { &called } else { place }]);
                rest = after;
            }
            told.push_str(rest);
            text = told;
        }
        text
    }

    /// Names and values that are text; no others can be meant for a connector.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (String, String)> {
        self.variables.iter().filter_map(|(name, value)| {
            Some((name.to_str()?.to_owned(), value.to_str()?.to_owned()))
        })
    }

    /// The names that are text.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().filter_map(|name| name.to_str())
    }

    /// The names of those whose values are no text.
    pub(crate) fn no_texts(&self) -> impl Iterator<Item = &str> {
        let no_text = |value: &OsString| value.to_str().is_none();
        self.variables
            .iter()
            .filter(move |(_, value)| no_text(value))
            .filter_map(|(name, _)| name.to_str())
    }

    /// The value of a variable; an empty one is none.
    pub(crate) fn get(&self, name: &OsStr) -> Option<&OsStr> {
        self.variables.get(name).map(OsString::as_os_str).filter(|value| !value.is_empty())
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
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { variables: variables.collect(), places: BTreeMap::new() }
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
    /// Which flag came from which variable, and what that is called.
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
            added.from.push((format!("--{long}"), environment.called(&name)));
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
            return format!("{}: {}", names.join(", "), one_line(error));
        };
        let reason = match (error.kind(), error.source(), error.get(ContextKind::ValidValue)) {
            (ErrorKind::ValueValidation, Some(reason), _) => reason.to_string(),
            (ErrorKind::InvalidValue, _, Some(ContextValue::Strings(values))) => {
                format!("the values are {}", values.join(" and "))
            }
            (ErrorKind::InvalidUtf8, ..) => "it is no text".to_owned(),
            _ => return format!("{name}: {}", one_line(error)),
        };
        format!("error: {name}: {reason}; see --help\n")
    }
}
