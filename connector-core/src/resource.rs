//! What a connector answers about a job: phase, message, links, outputs, details.
//! Authors build a `Resource`; `erased` turns it into literals for the server.
//! Wire messages of a service package do not belong here.

use std::time::Duration;

use prost_types::Struct;

use crate::custom_info::InfoValue;
use crate::dynamic::DynamicOutputs;
use crate::phase::Phase;

/// The state of a job at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource<O = DynamicOutputs> {
    /// Where the job stands.
    pub phase: Phase,
    /// For people. The executor shows it for waiting and failed phases, not for RUNNING or ABORTED.
    pub message: String,
    /// Links to the job's logs and pages. The executor publishes them when the phase changes, so
    /// give them with every answer.
    pub log_links: Vec<TaskLog>,
    /// The outputs; they count with [`Phase::Succeeded`] only.
    pub outputs: Outputs<O>,
    /// More details, as an object of JSON values.
    pub custom_info: Struct,
    /// How long this answer stays good enough: the connector is not asked again before. The
    /// policy's `poll_interval` counts where it is longer.
    pub good_for: Option<Duration>,
    /// What the outside system said, if no phase is known for it: counted and logged.
    pub unknown_state: Option<String>,
}

impl<O> Resource<O> {
    /// A job in `phase`, with nothing else to say yet.
    #[must_use]
    pub fn new(phase: Phase) -> Self {
        Self {
            phase,
            message: String::new(),
            log_links: Vec::new(),
            outputs: Outputs::None,
            custom_info: Struct::default(),
            good_for: None,
            unknown_state: None,
        }
    }

    /// A job that waits for its turn.
    #[must_use]
    pub fn queued() -> Self {
        Self::new(Phase::Queued)
    }

    /// A job that runs.
    #[must_use]
    pub fn running() -> Self {
        Self::new(Phase::Running)
    }

    /// A job that finished well. Pass the outputs, or [`Outputs::WrittenByTask`].
    #[must_use]
    pub fn succeeded(outputs: impl Into<Outputs<O>>) -> Self {
        Self { outputs: outputs.into(), ..Self::new(Phase::Succeeded) }
    }

    /// A job that failed for good, and why.
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Phase::Failed).message(message)
    }

    /// A job that failed, where a new attempt may succeed, and why.
    #[must_use]
    pub fn retryable_failure(message: impl Into<String>) -> Self {
        Self::new(Phase::RetryableFailed).message(message)
    }

    /// Sets the message for people.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Adds a link.
    #[must_use]
    pub fn log_link(mut self, link: TaskLog) -> Self {
        self.log_links.push(link);
        self
    }

    /// Says how long this answer stays good enough, see [`Resource::good_for`].
    #[must_use]
    pub const fn good_for(mut self, span: Duration) -> Self {
        self.good_for = Some(span);
        self
    }

    /// Adds a detail to `custom_info`.
    #[must_use]
    pub fn info(mut self, key: impl Into<String>, value: impl Into<InfoValue>) -> Self {
        self.custom_info.fields.insert(key.into(), value.into().into_value());
        self
    }
}

/// Where the outputs of a finished job are.
///
/// The difference matters: for a task that declares outputs the executor writes what it is given,
/// and where nothing is given it reads `outputs.pb` under the output prefix.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Outputs<O = DynamicOutputs> {
    /// The task declares none.
    #[default]
    None,
    /// Here they are.
    Inline(O),
    /// The job itself wrote `outputs.pb` under the output prefix.
    WrittenByTask,
}

impl<O> From<O> for Outputs<O> {
    fn from(outputs: O) -> Self {
        Self::Inline(outputs)
    }
}

/// A link to a log or a page about the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskLog {
    /// Where it leads.
    pub uri: String,
    /// What people read.
    pub name: String,
    /// How the content is to be read.
    pub format: MessageFormat,
    /// What kind of page it is.
    pub kind: LinkKind,
    /// Whether the link works already.
    pub ready: bool,
    /// Whether to show it while the job waits.
    pub show_while_pending: bool,
    /// Whether to hide it once the job is finished.
    pub hide_once_finished: bool,
    /// An icon for the link, or empty.
    pub icon_uri: String,
}

impl TaskLog {
    /// A link that works already.
    #[must_use]
    pub fn new(name: impl Into<String>, uri: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            name: name.into(),
            format: MessageFormat::Unknown,
            kind: LinkKind::External,
            ready: true,
            show_while_pending: false,
            hide_once_finished: false,
            icon_uri: String::new(),
        }
    }
}

/// How the content behind a link is to be read; numbers as on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(i32)]
pub enum MessageFormat {
    /// Not said.
    #[default]
    Unknown = 0,
    /// Comma-separated values.
    Csv = 1,
    /// JSON.
    Json = 2,
}

/// What kind of page a link leads to; numbers as on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(i32)]
pub enum LinkKind {
    /// A page of the outside system.
    #[default]
    External = 0,
    /// A dashboard.
    Dashboard = 1,
    /// A development environment.
    Ide = 2,
}
