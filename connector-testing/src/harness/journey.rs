//! What the polls of one job saw, from the first to the last, and assertions on it.
//! `Job::run` answers with one; authors' tests read it.

use std::fmt;

use connector_core::{FlyteType, NamedLiterals, Phase, Resource};

/// Every answer that a job's polls got.
#[derive(Debug, Clone)]
pub struct Journey {
    pub(super) polls: Vec<Resource<NamedLiterals>>,
}

impl Journey {
    /// Every answer, first the first.
    #[must_use]
    pub fn polls(&self) -> &[Resource<NamedLiterals>] {
        &self.polls
    }

    /// The phases in the order they were seen, without repetitions.
    #[must_use]
    pub fn phases(&self) -> Vec<Phase> {
        let mut phases: Vec<Phase> = self.polls.iter().map(|poll| poll.phase).collect();
        phases.dedup();
        phases
    }

    /// The message of the last answer.
    #[must_use]
    pub fn message(&self) -> &str {
        self.polls.last().map_or("", |poll| poll.message.as_str())
    }

    /// The outputs it ended with, if it succeeded with outputs that came in the answer.
    #[must_use]
    pub fn outputs(&self) -> Option<&NamedLiterals> {
        self.polls.last()?.outputs.inline()
    }

    /// One output, read as that type.
    ///
    /// # Errors
    /// In words: that it is not there, and what is; or what does not fit the type.
    pub fn output<T: FlyteType>(&self, name: &str) -> Result<T, String> {
        let literal = self.outputs().and_then(|outputs| outputs.get(name)).ok_or_else(|| {
            let names = self.outputs().into_iter().flat_map(NamedLiterals::iter);
            let names: Vec<_> = names.map(|(name, _)| name).collect();
            format!("no output {name:?}; there is: {names:?}. {self}")
        })?;
        T::from_literal(literal).map_err(|mismatches| format!("the output {name:?}: {mismatches}"))
    }

    /// Asserts on the phases, as [`phases`](Self::phases) tells them.
    ///
    /// # Panics
    /// When they are others; the text has every poll with its message.
    #[track_caller]
    pub fn assert_phases(&self, expected: impl IntoIterator<Item = Phase>) {
        let expected: Vec<Phase> = expected.into_iter().collect();
        assert!(self.phases() == expected, "expected {}. {self}", names(&expected));
    }
}

fn names(phases: &[Phase]) -> String {
    let names: Vec<&str> = phases.iter().map(|phase| phase.as_str()).collect();
    names.join(", ")
}

impl fmt::Display for Journey {
    /// Every poll that said something new.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("The polls said:")?;
        let mut last = None;
        for (number, poll) in self.polls.iter().enumerate() {
            let said = (poll.phase, poll.message.as_str());
            if last != Some(said) {
                let colon = if poll.message.is_empty() { "" } else { ": " };
                write!(f, "\n  {}. {}{colon}{}", number + 1, poll.phase.as_str(), poll.message)?;
            }
            last = Some(said);
        }
        let asked = self.polls.len();
        match self.polls.last() {
            Some(poll) if !poll.phase.is_terminal() => {
                write!(f, "\nand that was not the end after {asked} polls")
            }
            _ => Ok(()),
        }
    }
}
