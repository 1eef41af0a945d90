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
#[non_exhaustive]
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

    /// Sets the outputs; they count with [`Phase::Succeeded`] only.
    #[must_use]
    pub fn outputs(mut self, outputs: impl Into<Outputs<O>>) -> Self {
        self.outputs = outputs.into();
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
#[non_exhaustive]
pub enum Outputs<O = DynamicOutputs> {
    /// The task declares none.
    #[default]
    None,
    /// Here they are.
    Inline(O),
    /// The job itself wrote `outputs.pb` under the output prefix.
    WrittenByTask,
}

impl<O> Outputs<O> {
    /// The outputs, if they are here.
    #[must_use]
    pub const fn inline(&self) -> Option<&O> {
        match self {
            Self::Inline(outputs) => Some(outputs),
            Self::None | Self::WrittenByTask => None,
        }
    }

    /// The outputs, if they are here.
    #[must_use]
    pub fn into_inline(self) -> Option<O> {
        match self {
            Self::Inline(outputs) => Some(outputs),
            Self::None | Self::WrittenByTask => None,
        }
    }

    /// Whether nobody gives any: they are neither here nor written by the job.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

impl<O> From<O> for Outputs<O> {
    fn from(outputs: O) -> Self {
        Self::Inline(outputs)
    }
}

/// A link to a log or a page about the job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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

    /// Sets [`TaskLog::format`].
    #[must_use]
    pub const fn format(mut self, format: MessageFormat) -> Self {
        self.format = format;
        self
    }

    /// Sets [`TaskLog::kind`].
    #[must_use]
    pub const fn kind(mut self, kind: LinkKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets [`TaskLog::ready`].
    #[must_use]
    pub const fn ready(mut self, ready: bool) -> Self {
        self.ready = ready;
        self
    }

    /// Sets [`TaskLog::show_while_pending`].
    #[must_use]
    pub const fn show_while_pending(mut self, show: bool) -> Self {
        self.show_while_pending = show;
        self
    }

    /// Sets [`TaskLog::hide_once_finished`].
    #[must_use]
    pub const fn hide_once_finished(mut self, hide: bool) -> Self {
        self.hide_once_finished = hide;
        self
    }

    /// Sets [`TaskLog::icon_uri`].
    #[must_use]
    pub fn icon_uri(mut self, uri: impl Into<String>) -> Self {
        self.icon_uri = uri.into();
        self
    }
}

/// How the content behind a link is to be read; numbers as on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(i32)]
#[non_exhaustive]
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
#[non_exhaustive]
pub enum LinkKind {
    /// A page of the outside system.
    #[default]
    External = 0,
    /// A dashboard.
    Dashboard = 1,
    /// A development environment.
    Ide = 2,
}

#[cfg(test)]
mod tests {
    use super::{LinkKind, MessageFormat, Outputs, Resource, TaskLog};
    use crate::phase::Phase;

    #[test]
    fn only_inline_outputs_are_at_hand() {
        for (outputs, inline, is_none) in [
            (Outputs::Inline(1), Some(1), false),
            (Outputs::WrittenByTask, None, false),
            (Outputs::None, None, true),
        ] {
            assert_eq!((outputs.inline(), outputs.is_none()), (inline.as_ref(), is_none));
            assert_eq!(outputs.into_inline(), inline);
        }
        let resource: Resource<i64> = Resource::running().outputs(1);
        assert_eq!((resource.phase, resource.outputs), (Phase::Running, Outputs::Inline(1)));
    }

    #[test]
    fn a_link_says_everything_the_wire_can() {
        let link = TaskLog::new("Farm", "https://farm.example/7")
            .format(MessageFormat::Json)
            .kind(LinkKind::Dashboard)
            .ready(false)
            .show_while_pending(true)
            .hide_once_finished(true)
            .icon_uri("https://farm.example/icon.svg");
        let TaskLog { uri, name, format, kind, ready, icon_uri, .. } = &link;
        assert_eq!((name.as_str(), uri.as_str()), ("Farm", "https://farm.example/7"));
        assert_eq!((*format as i32, *kind as i32, *ready), (2, 1, false));
        assert_eq!(icon_uri, "https://farm.example/icon.svg");
        assert!(link.show_while_pending && link.hide_once_finished);
    }
}
