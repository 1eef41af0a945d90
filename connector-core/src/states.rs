//! What an outside system calls its states, as phases.
//! Connectors keep one table per system; a state that is not in it is a running job with a warning,
//! never an error, because the executor counts errors for the life of a job.

use crate::phase::Phase;
use crate::resource::Resource;

/// The states of an outside system and the phase each one means. Case does not count.
///
/// ```
/// use connector_core::prelude::*;
///
/// const STATES: StateTable = StateTable::new(&[
///     ("PENDING", Phase::Queued),
///     ("RUNNING", Phase::Running),
///     ("DONE", Phase::Succeeded),
///     ("ERROR", Phase::Failed),
/// ]);
///
/// assert_eq!(STATES.phase("done"), Some(Phase::Succeeded));
/// // A state the vendor added last week: the job goes on, and the operator hears of it.
/// let resource: Resource = STATES.resource("RESUMING");
/// assert_eq!(resource.phase, Phase::Running);
/// assert_eq!(resource.unknown_state.as_deref(), Some("RESUMING"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct StateTable {
    states: &'static [(&'static str, Phase)],
}

impl StateTable {
    /// A table of states.
    #[must_use]
    pub const fn new(states: &'static [(&'static str, Phase)]) -> Self {
        Self { states }
    }

    /// The phase of a state, if it is in the table.
    #[must_use]
    pub fn phase(&self, state: &str) -> Option<Phase> {
        let state = state.trim();
        let found = self.states.iter().find(|(known, _)| known.eq_ignore_ascii_case(state));
        found.map(|(_, phase)| *phase)
    }

    /// A job in that state. One that is not in the table counts as running and says so.
    #[must_use]
    pub fn resource<O>(&self, state: &str) -> Resource<O> {
        match self.phase(state) {
            Some(phase) => Resource::new(phase),
            None => {
                let mut resource = Resource::running().message(format!(
                    "the outside system says `{state}`, which this connector does not know; the \
                     job is taken to be running"
                ));
                resource.unknown_state = Some(state.to_owned());
                resource
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StateTable;
    use crate::phase::Phase;
    use crate::resource::Resource;

    const TABLE: StateTable =
        StateTable::new(&[("Queued", Phase::Queued), ("LOST_NODE", Phase::RetryableFailed)]);

    #[test]
    fn knows_its_states_and_goes_on_with_others() {
        assert_eq!(TABLE.phase(" queued "), Some(Phase::Queued));
        assert_eq!(TABLE.phase("lost_node"), Some(Phase::RetryableFailed));
        for unknown in ["", "QUEUED2", "état", "\u{0}"] {
            let resource: Resource = TABLE.resource(unknown);
            assert_eq!(resource.phase, Phase::Running);
            assert_eq!(resource.unknown_state.as_deref(), Some(unknown));
            assert!(resource.message.contains(unknown));
        }
        let known: Resource = TABLE.resource("QUEUED");
        assert_eq!((known.phase, known.unknown_state), (Phase::Queued, None));
    }
}
