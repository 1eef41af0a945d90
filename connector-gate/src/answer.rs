//! Answers of the rules' own: a job in some phase, with a message for people.
//! Every rule that answers in place of the connector takes its answer from here.

use connector_core::Phase;
use connector_core::host::ErasedResource;

/// A job in that phase, with a message and nothing else.
pub(crate) fn resource(phase: Phase, message: String) -> ErasedResource {
    ErasedResource::new(phase).message(message)
}

/// A job that reports failure for good, with a reason.
pub(crate) fn failed(message: String) -> ErasedResource {
    resource(Phase::Failed, message)
}

/// A job that reports failure and may be tried again.
pub(crate) fn retryable(message: String) -> ErasedResource {
    resource(Phase::RetryableFailed, message)
}
