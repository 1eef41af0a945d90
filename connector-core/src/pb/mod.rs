//! The messages that both sides of the wire share: literals, types, templates, identifiers.
//! Everything in the sibling files is generated from `proto/` by `cargo run -p codegen`; only this file is
//! written by hand. Requests, responses and services are not here: they are the server's.

/// The generated packages, nested as their names are.
#[expect(
    missing_docs,
    clippy::doc_markdown,
    clippy::large_enum_variant,
    reason = "generated: a field whose name says it all has no comment in proto/"
)]
mod flyteidl2 {
    pub mod common {
        include!("flyteidl2.common.rs");
    }
    pub(super) mod core {
        include!("flyteidl2.core.rs");
    }
    pub mod logs {
        pub mod dataplane {
            include!("flyteidl2.logs.dataplane.rs");
        }
    }
    pub mod task {
        include!("flyteidl2.task.rs");
    }
}

pub use flyteidl2::core::*;
pub use flyteidl2::{common, logs, task};
