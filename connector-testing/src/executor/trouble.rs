//! What befalls one task on the executor's side: crashes, haste, aborts.
//! Tests hand one to `FakeExecutor::run_with`; what the connector or the vendor does wrong is theirs.

use std::time::Duration;

/// What the executor does to one task besides running it.
///
/// ```
/// use std::time::Duration;
/// use connector_testing::{RepeatedCreate, Trouble};
///
/// // The executor dies after the create was answered and before it wrote the answer down.
/// let trouble = Trouble {
///     repeated_create: Some(RepeatedCreate::AfterAnswer { pause: Duration::from_secs(15) }),
///     ..Trouble::default()
/// };
/// # drop(trouble);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Sends the create of the first attempt more than once.
    pub repeated_create: Option<RepeatedCreate>,
    /// Deadlines of the creates of the first attempts, in their order. Attempts beyond have the
    /// deadline of the rules.
    pub create_deadlines: Vec<Duration>,
    /// When the executor restarts, counted from the start of the task, in rising order: it goes on
    /// from what it has stored, which is the metadata and the number of failed polls, with a poll at
    /// once.
    pub restarts: Vec<Duration>,
    /// When the task is aborted, counted from its start.
    pub abort_after: Option<Duration>,
    /// Sends every delete that worked once more.
    pub delete_twice: bool,
}

/// How an attempt comes to be created more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatedCreate {
    /// That many creates at the same time; the last one's answer counts.
    Concurrent {
        /// How many.
        calls: usize,
    },
    /// The executor dies once it has the answer, and creates again after a pause.
    AfterAnswer {
        /// How long it is down.
        pause: Duration,
    },
    /// The executor cannot write down that the job was created, and creates again after a pause. The
    /// first answer counts; the second is dropped.
    NotWrittenDown {
        /// How long it is until the second create.
        pause: Duration,
    },
    /// The executor dies while the call runs, and creates again after a pause.
    WhileCalling {
        /// How long the first call runs.
        after: Duration,
        /// How long the executor is down.
        pause: Duration,
    },
}
