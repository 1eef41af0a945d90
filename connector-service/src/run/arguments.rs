//! The flags of `run`, and the forms their values have.
//! `cli` reads them; `task` makes a task of them. Nothing is looked up or opened here.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use connector_core::host::quantity;
use tracing_subscriber::filter::LevelFilter;

use crate::behind::BehindArgs;
use crate::telemetry::log_level;
use crate::wanted::Wanted;

const AFTER_HELP: &str = "\
The job is created, polled and, on Ctrl-C, deleted as Flyte's executor does it: over gRPC, with a \
deadline of 10 seconds per call. Outputs go to standard output, everything else to standard error.

Secrets: every entry of `secrets` in the settings names an environment variable, whose value the \
connector receives under the entry's key. Entries of `configs` are handed over as they are.

Exit codes: 0 the task succeeded; 1 the task failed, was interrupted, --twice found two jobs, or \
a delete failed; \
2 wrong usage, or the run cannot start.";

/// The arguments of `run`.
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct RunArgs {
    /// The task type; without a version the newest that is served.
    #[arg(value_name = "TASK_TYPE[@VERSION]", value_parser = Wanted::parse)]
    pub(crate) task: Wanted,
    /// An input; may be given several times, and goes before --inputs. A value is read as the type
    /// the connector or the template declares, otherwise as JSON, otherwise as text.
    #[arg(long, value_name = "NAME=VALUE", value_parser = Assignment::parse)]
    pub(crate) input: Vec<Assignment>,
    /// A file with a JSON object of inputs by name; what a run prints can be given back.
    #[arg(long, value_name = "FILE")]
    pub(crate) inputs: Option<PathBuf>,
    /// A setting, or a file with a JSON object of settings; may be given several times. Single
    /// settings go before files, and both before those of the template.
    #[arg(long, value_name = "KEY=VALUE|FILE", value_parser = Setting::parse)]
    pub(crate) config: Vec<Setting>,
    /// A task template: a serialised `flyteidl2.core.TaskTemplate` or its protobuf JSON. A `TaskSpec`, as the
    /// SDK's `serialize` gives it, will do as well; its default inputs count where no others are given.
    #[arg(long, value_name = "FILE")]
    pub(crate) template: Option<PathBuf>,
    /// How long to wait between two polls, such as 3, 500ms or 1m.
    #[arg(long, value_name = "SPAN", default_value = "3s", value_parser = quantity::seconds)]
    pub(crate) interval: Duration,
    /// Print the job's log when it has ended.
    #[arg(long)]
    pub(crate) logs: bool,
    /// How many new attempts a retryable failure may have.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) retries: u32,
    /// Write the outputs to a file, as `outputs.pb` has them, instead of printing JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Create every job twice, as the executor may, and say whether both answers are equal.
    #[arg(long)]
    pub(crate) twice: bool,
    /// Delete the job when it has ended, as Flyte does with every task. A delete that fails would be
    /// repeated for ever there, so here it is a failure.
    #[arg(long)]
    pub(crate) delete_after: bool,
    /// Use the connector service at this address, in whatever language it is written, instead of
    /// the connectors linked into this binary.
    #[arg(long, value_name = "HOST:PORT|unix:PATH", env = "CONNECTOR_CONNECT")]
    pub(crate) connect: Option<String>,
    /// TOML file of settings of the server, as `serve --config` takes it.
    #[arg(long, env = "CONNECTOR_CONFIG", value_name = "FILE")]
    settings: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) behind: BehindArgs,
    /// How much of the server's own log to show.
    #[arg(long, env = "CONNECTOR_RUN_LOG_LEVEL", default_value = "error", value_name = "LEVEL")]
    #[arg(value_parser = log_level)]
    pub(crate) log_level: LevelFilter,
}

/// `NAME=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Assignment {
    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                Ok(Self { name: name.to_owned(), value: value.to_owned() })
            }
            _ => Err("it must read NAME=VALUE".to_owned()),
        }
    }
}

/// What `--config` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Setting {
    /// One setting.
    One(Assignment),
    /// A file of them.
    File(PathBuf),
}

impl Setting {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("it must read KEY=VALUE or be the name of a file".to_owned()),
            one if one.contains('=') => Assignment::parse(one).map(Self::One),
            file => Ok(Self::File(file.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Assignment, Setting};

    #[test]
    fn the_first_equals_sign_parts_name_and_value() {
        let one = Assignment { name: "a".to_owned(), value: "b=c".to_owned() };
        assert_eq!(Assignment::parse("a=b=c"), Ok(one.clone()));
        assert!(Assignment::parse("a").is_err() && Assignment::parse("=a").is_err());
        assert_eq!(Setting::parse("a=b=c"), Ok(Setting::One(one)));
        assert_eq!(Setting::parse("a.json"), Ok(Setting::File("a.json".into())));
        assert!(Setting::parse("").is_err());
    }
}
