//! A call that did not work out: what was asked, of whom, and why it failed.
//! `dispatch` makes these, `status` turns them into code and text.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use connector_core::host::CallError;
use connector_core::{ConnectorError, MetaError, Phase};

use crate::deadline::TimeLimit;
use crate::operation::Operation;

/// A failed call.
#[derive(Debug)]
pub struct Failure {
    /// What was asked.
    pub operation: Operation,
    /// The task type, as the request said.
    pub task_type: String,
    /// Its version, as the request said.
    pub version: i32,
    /// Why it failed.
    pub cause: Cause,
}

/// Why a call failed.
#[derive(Debug)]
pub enum Cause {
    /// No connector serves that task type in that version.
    NotRegistered,
    /// The connector, or what surrounds it, said so.
    Call(CallError),
    /// The connector panicked; this is the panic message.
    Panicked(String),
    /// The deadline passed first.
    OutOfTime(TimeLimit),
    /// The deadline passed before the connector had room for the call.
    Busy(TimeLimit),
    /// The server is ending.
    Ending,
    /// The connector of that name starts jobs, and was asked to run a task within the call.
    NotSync(String),
    /// The connector was asked to run a task within the call and says that it has not ended.
    NotFinal(Phase),
}

impl Cause {
    /// The same cause for another caller of the same work.
    pub fn shared(self: &Arc<Self>) -> Self {
        match &**self {
            Self::NotRegistered => Self::NotRegistered,
            Self::Panicked(message) => Self::Panicked(message.clone()),
            Self::OutOfTime(limit) => Self::OutOfTime(*limit),
            Self::Busy(limit) => Self::Busy(*limit),
            Self::Ending => Self::Ending,
            Self::NotSync(name) => Self::NotSync(name.clone()),
            Self::NotFinal(phase) => Self::NotFinal(*phase),
            Self::Call(CallError::Meta(error)) => {
                Self::Call(CallError::Meta(MetaError::new(error.to_string())))
            }
            Self::Call(CallError::Connector(error)) => {
                let again = ConnectorError::new(error.kind(), error.message());
                let chain = SharedCause(Arc::clone(self));
                Self::Call(CallError::Connector(again.with_source(chain)))
            }
        }
    }
}

impl From<CallError> for Cause {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<ConnectorError> for Cause {
    fn from(error: ConnectorError) -> Self {
        Self::Call(error.into())
    }
}

/// The chain of causes behind an error that several callers get.
#[derive(Debug)]
struct SharedCause(Arc<Cause>);

impl fmt::Display for SharedCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Call(error) => error.fmt(f),
            other => write!(f, "{other:?}"),
        }
    }
}

impl Error for SharedCause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &*self.0 {
            Cause::Call(error) => error.source(),
            _ => None,
        }
    }
}
