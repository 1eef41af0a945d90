//! A call that did not work out: what was asked, of whom, and why it failed.
//! `dispatch` makes these, `status` turns them into code and text.

use connector_core::erased::CallError;

use crate::deadline::TimeLimit;
use crate::operation::Operation;

/// A failed call.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What was asked.
    pub(crate) operation: Operation,
    /// The task type, as the request said.
    pub(crate) task_type: String,
    /// Its version, as the request said.
    pub(crate) version: i32,
    /// Why it failed.
    pub(crate) cause: Cause,
}

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum Cause {
    /// No connector serves that task type in that version.
    NotRegistered,
    /// The connector, or what surrounds it, said so.
    Call(CallError),
    /// The connector panicked; this is the panic message.
    Panicked(String),
    /// The deadline passed first.
    OutOfTime(TimeLimit),
}
