//! Answers of the rules' own: a job in some phase, with a message for people.
//! Every rule that answers in place of the connector takes its answer from here.

use connector_core::erased::ErasedResource;
use connector_core::{Outputs, Phase};

/// A job in that phase, with a message and nothing else.
pub(crate) fn resource(phase: Phase, message: String) -> ErasedResource {
    ErasedResource {
        phase,
        message,
        log_links: Vec::new(),
        outputs: Outputs::None,
        custom_info: prost_types::Struct::default(),
        good_for: None,
        unknown_state: None,
    }
}

/// A job that reports failure for good, with a reason.
pub(crate) fn failed(message: String) -> ErasedResource {
    resource(Phase::Failed, message)
}

/// A job that reports failure and may be tried again.
pub(crate) fn retryable(message: String) -> ErasedResource {
    resource(Phase::RetryableFailed, message)
}
