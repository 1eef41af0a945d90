//! Rule: when an attempt begins, every earlier one of its task is over, not only the one right before it: the
//! create of that one may never have come here.
//! Whoever begins ends the last one that had begun, which had ended those before itself.

use connector_core::ConnectorError;

use super::Creates;
use super::identity::Identity;
use crate::failure::Cause;
use crate::memory::Key;

/// The last attempt of a task that has begun in this process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    number: u32,
    key: Key,
}

impl Creates {
    /// Notes that an attempt begins. The one that was the last of its task, which is over now. Called with the
    /// flights locked, so that attempts begin one after the other.
    ///
    /// # Errors
    /// A later attempt has begun: nobody can be waiting for this one, and nobody would end its job.
    pub(super) fn begin(&self, identity: &Identity) -> Result<Option<Key>, Cause> {
        let Some((task, number)) = identity.task else {
            return Ok(None);
        };
        let last = self.begun.get(&task);
        if last.is_some_and(|last| last.number > number) {
            return Err(Cause::from(ConnectorError::retryable(
                "a later attempt of this task has begun, so that this one is not created any more",
            )));
        }
        self.begun.put(task, Begun { number, key: identity.key });
        Ok(last.map(|last| last.key).filter(|key| *key != identity.key))
    }
}
