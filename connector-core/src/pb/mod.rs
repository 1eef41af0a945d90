//! Flyte's own messages, for what the typed API does not cover: literals, types, templates, identifiers.
//!
//! A connector finds some in what it is given, such as
//! [`CreateTask::template`](crate::CreateTask::template), and makes others by hand, such as a
//! [`Literal`]:
//!
//! ```
//! use connector_core::prelude::*;
//!
//! fn statement(template: &pb::TaskTemplate) -> Option<&str> {
//!     match template.target.as_ref()? {
//!         pb::task_template::Target::Sql(sql) => Some(&sql.statement),
//!         _ => None,
//!     }
//! }
//! assert_eq!(statement(&pb::TaskTemplate::default()), None);
//! ```
//!
//! All of it is generated from Flyte's protobuf definitions, names and comments included: the package
//! `flyteidl2.core` stands here, and the other packages in modules of their names. `prost` is the crate
//! that encodes and decodes them.

// The sibling files are written by `cargo run -p codegen` from `proto/`; only this file is written by
// hand. Requests, responses and services are the server's.

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
