//! The executor-aware rules: what a failing call should look like to Flyte's executor.
//! The gRPC services apply them around the connector's answer; each rule is one file.
//! No rule knows a wire message or the network.

pub(crate) mod unknown_job;
pub(crate) mod unreadable_meta;

use connector_core::erased::ErasedResource;
use connector_core::{Outputs, Phase};

/// A job that reports failure for good, with a reason.
fn failed(message: String) -> ErasedResource {
    ErasedResource {
        phase: Phase::Failed,
        message,
        log_links: Vec::new(),
        outputs: Outputs::None,
        custom_info: prost_types::Struct::default(),
        good_for: None,
        unknown_state: None,
    }
}
