//! One call on its way through the gate: whom it is for and how long it may take.
//! `dispatch` makes it; the rules read it.

use std::any::Any;
use std::sync::Arc;

use connector_core::CallContext;
use tokio::time::Instant;

use crate::deadline::TimeLimit;
use crate::failure::Cause;
use crate::isolation::Interrupted;
use crate::observer::Observer;

/// Something that counts until its last clone is dropped.
pub type Held = Arc<dyn Any + Send + Sync>;

/// A call under way.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// What the connector is told of it.
    pub(crate) context: CallContext,
    /// How long it may take and who says so.
    pub(crate) limit: TimeLimit,
    /// When it arrived.
    pub(crate) began: Instant,
    /// When its time is over.
    pub(crate) deadline: Instant,
    /// Who sees what happens to it.
    pub(crate) observer: Arc<dyn Observer>,
    /// What its request is counted by, if it is.
    pub(crate) held: Option<Held>,
}

impl Call {
    /// The failure that an interruption is to this call's caller.
    pub(crate) fn cause(&self, interrupted: Interrupted) -> Cause {
        match interrupted {
            Interrupted::Panicked(message) => Cause::Panicked(message),
            Interrupted::OutOfTime => Cause::OutOfTime(self.limit),
            Interrupted::Busy => Cause::Busy(self.limit),
            Interrupted::Ending => Cause::Ending,
        }
    }
}
