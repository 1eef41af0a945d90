//! What Airflow says of runs and of the tasks in them: the shapes of its answers, and what they mean.

use std::time::SystemTime;

use connector_core::prelude::*;

/// The states of a run.
pub(crate) const RUN: StateTable = StateTable::new(&[
    ("queued", Phase::Queued),
    ("running", Phase::Running),
    ("success", Phase::Succeeded),
    ("failed", Phase::Failed),
]);

/// The last line of the note of a run that was cancelled from here. Airflow itself tells a run that was
/// cancelled from one that failed by nothing.
const CANCELLED: &str = "cancelled by Flyte";
/// The same of a run that took too long.
const OVERDUE: &str = "cancelled by Flyte: it ran longer than its time limit";
/// The longest note that Airflow takes, in letters.
const MOST_NOTE: usize = 1_000;

/// Why a run is cancelled from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Flyte says so.
    Deleted,
    /// It took longer than its task allows.
    Overdue,
}

impl Why {
    /// The note of a run that had this one, once it is cancelled.
    pub(crate) fn note(self, before: Option<&str>) -> String {
        let mark = match self {
            Self::Deleted => CANCELLED,
            Self::Overdue => OVERDUE,
        };
        let room = MOST_NOTE - mark.len() - 1;
        match before.map(str::trim_end).filter(|before| !before.is_empty()) {
            Some(before) => format!("{}\n{mark}", before.chars().take(room).collect::<String>()),
            None => mark.to_owned(),
        }
    }
}

/// A run of a DAG.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Run {
    pub(crate) state: String,
    pub(crate) start_date: Option<String>,
    pub(crate) end_date: Option<String>,
    pub(crate) note: Option<String>,
}

impl Run {
    /// Where it stands; `None` if Airflow says something new.
    pub(crate) fn phase(&self) -> Option<Phase> {
        RUN.phase(&self.state)
    }

    pub(crate) fn is_final(&self) -> bool {
        self.phase().is_some_and(Phase::is_terminal)
    }

    /// Whether it was cancelled from here, and why.
    pub(crate) fn cancelled(&self) -> Option<Why> {
        let last = self.note.as_deref()?.lines().last()?;
        match last {
            CANCELLED => Some(Why::Deleted),
            OVERDUE => Some(Why::Overdue),
            _ => None,
        }
        .filter(|_| self.phase() == Some(Phase::Failed))
    }

    /// Whether somebody has called it a success before Airflow began with it: none of its tasks ran then.
    pub(crate) fn is_success_by_word(&self) -> bool {
        self.phase() == Some(Phase::Succeeded) && self.start_date.is_none()
    }
}

/// One task of a run; of a mapped one a part.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TaskInstance {
    pub(crate) task_id: String,
    pub(crate) map_index: i64,
    pub(crate) state: Option<String>,
    pub(crate) start_date: Option<String>,
    pub(crate) end_date: Option<String>,
    pub(crate) duration: Option<f64>,
    pub(crate) try_number: i64,
    /// There is one once a process has worked on it.
    pid: Option<i64>,
}

impl TaskInstance {
    pub(crate) fn state(&self) -> &str {
        self.state.as_deref().unwrap_or("none")
    }

    /// As people know it: `load`, or `load[3]` for a part of a mapped task.
    pub(crate) fn name(&self) -> String {
        match self.map_index {
            ..0 => self.task_id.clone(),
            index => format!("{}[{index}]", self.task_id),
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.state() == "failed"
    }

    /// Whether Airflow works on it, or may begin to.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.state(), "scheduled" | "queued" | "running" | "restarting")
    }

    /// Whether Airflow may have begun with it before: as its next try, or to do so, when it was cancelled before that.
    pub(crate) fn has_earlier_tries(&self) -> bool {
        self.try_number > 1 || (self.state() == "skipped" && self.has_run())
    }

    /// Whether a process has worked on it, and so there is a log.
    pub(crate) const fn has_run(&self) -> bool {
        self.pid.is_some() && self.try_number > 0
    }
}

/// A time as Airflow writes it.
pub(crate) fn time(text: Option<&str>) -> Option<SystemTime> {
    text?.parse::<jiff::Timestamp>().ok().map(SystemTime::from)
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;

    use super::{Run, Why};

    fn run(state: &str, note: Option<&str>) -> Run {
        Run { state: state.to_owned(), note: note.map(str::to_owned), ..Run::default() }
    }

    #[test]
    fn only_a_failed_run_with_our_mark_was_cancelled() {
        for (state, note, is) in [
            ("failed", Some(Why::Deleted.note(None)), Some(Why::Deleted)),
            ("failed", Some(Why::Overdue.note(Some("mine\n"))), Some(Why::Overdue)),
            ("running", Some(Why::Deleted.note(None)), None),
            ("success", Some(Why::Deleted.note(None)), None),
            ("failed", Some("cancelled by Flyte\nor so".to_owned()), None),
            ("failed", None, None),
        ] {
            assert_eq!(run(state, note.as_deref()).cancelled(), is, "{state} {note:?}");
        }
    }

    #[test]
    fn a_note_has_room_for_the_mark() {
        let note = Why::Overdue.note(Some(&"é".repeat(1_000)));
        assert_eq!(note.chars().count(), 1_000);
        assert_eq!(run("failed", Some(&note)).cancelled(), Some(Why::Overdue));
        assert_eq!(Why::Deleted.note(Some("a")), "a\ncancelled by Flyte");
    }

    #[test]
    fn a_success_without_a_start_is_a_word_only() {
        assert!(run("success", None).is_success_by_word());
        let began =
            Run { start_date: Some("2026-11-28T06:12:07Z".to_owned()), ..run("success", None) };
        assert!(!began.is_success_by_word());
        assert!(!run("failed", None).is_success_by_word());
        assert_eq!(run("deferred", None).phase(), None::<Phase>);
    }
}
