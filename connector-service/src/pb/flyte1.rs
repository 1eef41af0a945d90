//! The agent services of Flyte 1: what connectors are called there.
//!
//! What differs from Flyte 2 is here, in the packages `flyteidl.admin` and `flyteidl.service`. What is the
//! same on the wire is not there twice: signatures name the messages of the [parent module](super) and of
//! [`connector_core::pb`].

// Generated, but for this file; see `mod.rs`.

/// The packages, nested as their names are.
#[expect(
    missing_docs,
    unused_qualifications,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::doc_markdown,
    clippy::missing_errors_doc,
    reason = "generated: a field whose name says it all has no comment in proto/"
)]
mod flyteidl {
    pub(super) mod admin {
        include!("flyteidl.admin.rs");
    }
    pub(super) mod service {
        include!("flyteidl.service.rs");
    }
}

pub use flyteidl::admin::*;
pub use flyteidl::service::*;
