//! A task that is run within its call, from the moment its header has come.
//! `dispatch` begins it; a service reads what it is run with and ends it here, one way or the other.

use std::fmt;
use std::pin::pin;

use connector_core::host::CreateRequest;

use super::{Begun, ended, settled};
use crate::failure::{Cause, Failure};
use crate::finished::Finished;
use crate::trace;

/// A call that has found its gate. Dropped, it counts as left by its caller.
pub struct SyncCall<'a>(pub(super) Begun<'a>);

impl SyncCall<'_> {
    /// Runs the task.
    ///
    /// # Errors
    /// What the rules of such tasks let through.
    ///
    /// # Cancel safety
    /// The connector's call ends at its current `.await`, and counts as left by its caller.
    pub async fn run(self, request: CreateRequest) -> Result<Finished, Failure> {
        let Begun { gate, call, guard, span } = self.0;
        trace::note_execution(&span, request.execution.as_deref());
        let answer = pin!(gate.run(request, &call));
        settled(ended(answer, guard, span).await?)
    }

    /// The failure of a call whose request cannot be read to its end.
    #[must_use]
    pub fn refuse(self, cause: Cause) -> Failure {
        self.0.guard.fail(cause)
    }
}

impl fmt::Debug for SyncCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncCall").field("call", &self.0.call).finish_non_exhaustive()
    }
}
