//! What can be wrong with a set of connectors, told so that it can be mended.
//! The builder makes these; the server prints them at start.

use std::fmt;

use crate::error::ConnectorError;
use crate::key::{ConnectorKey, InvalidTaskType};
use crate::registration::Place;
use crate::variables::VariableError;

/// Why a set of connectors cannot be served.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistryError {
    /// The same task type and version was registered more than once.
    Duplicates(Vec<Duplicate>),
    /// A task type or version that Flyte cannot carry, given without the macro's checks.
    Illegal {
        /// What is wrong.
        reason: String,
        /// Where it was registered.
        place: Place,
    },
    /// One name stands for tasks that are done within their call and for jobs, which Flyte 1 cannot tell
    /// apart then.
    Mixed {
        /// The name of both connectors.
        name: &'static str,
        /// Where the one stands whose tasks are done within their call.
        sync: Place,
        /// Where the one stands that starts jobs.
        jobs: Place,
    },
    /// An operator's variable that does not fit.
    Variable(VariableError),
}

impl From<VariableError> for RegistryError {
    fn from(error: VariableError) -> Self {
        Self::Variable(error)
    }
}

/// One task type and version that two connectors claim.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Duplicate {
    /// What both claim.
    pub key: ConnectorKey,
    /// Where the first one stands.
    pub first: Place,
    /// Where the second one stands.
    pub second: Place,
}

impl RegistryError {
    pub(super) fn illegal_type(error: &InvalidTaskType, place: Place) -> Self {
        Self::Illegal { reason: error.to_string(), place }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicates(duplicates) => {
                for (index, duplicate) in duplicates.iter().enumerate() {
                    if index > 0 {
                        f.write_str("\n")?;
                    }
                    let Duplicate { key, first, second } = duplicate;
                    write!(
                        f,
                        "Duplicate connector for task type: {} and version: {}\n  \
                         first:  {first}\n  second: {second}\n  \
                         help: change the task type or version of one, leave one crate out, or \
                         override on purpose with `RegistryBuilder::replace`",
                        key.task_type, key.version
                    )?;
                }
                Ok(())
            }
            Self::Mixed { name, sync, jobs } => write!(
                f,
                "The connectors named {name:?} are of two kinds, and Flyte 1 knows one for each name\n  \
                 sync: {sync}\n  jobs: {jobs}\n  help: give one of them another `name`"
            ),
            Self::Illegal { reason, place } => write!(f, "{reason} (registered at {place})"),
            Self::Variable(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RegistryError {}

/// A connector that could not be made.
#[derive(Debug)]
#[non_exhaustive]
pub struct InitFailure {
    /// Its name for people.
    pub name: &'static str,
    /// What it would have served.
    pub keys: Vec<ConnectorKey>,
    /// Where it stands.
    pub place: Place,
    /// What its `init` said.
    pub error: ConnectorError,
}
