//! What is to be carried out for one attempt of a task.

use std::time::Duration;

use crate::parameters::Bound;

/// One statement for one attempt of a task.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// What the attempt is called in PostgreSQL: its row, its session and its table.
    pub(crate) job: String,
    /// The job of the attempt before, if there was one.
    pub(crate) previous: Option<String>,
    /// The run of Flyte, for people.
    pub(crate) run: String,
    pub(crate) bound: Bound,
    /// How long the statement may take.
    pub(crate) statement_limit: Option<Duration>,
    /// How long it may wait for a lock.
    pub(crate) lock_limit: Option<Duration>,
}
