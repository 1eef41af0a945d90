//! Which connectors a server serves, and what can be wrong with them.
//!
//! A server collects every connector that is linked into its binary; nobody need touch a
//! [`Registry`](crate::Registry) for that. Tests and embedders make their own:
//!
//! ```
//! use connector_core::prelude::*;
//! use connector_core::{Registry, registry::RegistryError};
//!
//! # #[connector(task_type = "render")]
//! # #[derive(Debug, Default)]
//! # pub struct RenderFarm;
//! # impl AsyncConnector for RenderFarm {
//! #     async fn create(&self, _: CreateTask<Self>) -> Result<JobId> { Ok(JobId::new("j")) }
//! #     async fn get(&self, _: &JobId, _: &TaskContext<Self>) -> Result<Resource> {
//! #         Ok(Resource::running())
//! #     }
//! #     async fn delete(&self, _: &JobId, _: &TaskContext<Self>) -> Result<()> { Ok(()) }
//! # }
//! async fn connectors() -> Result<Registry, RegistryError> {
//!     Registry::builder().register(RenderFarm).variables(std::env::vars()).build().await
//! }
//! # fn main() {}
//! ```
//!
//! Two connectors for one task type and version are an error that names both places; to take over from
//! another on purpose there is [`RegistryBuilder::replace`]. A connector whose `init` fails is left out,
//! and is listed in [`Registry::failures`](crate::Registry::failures).

// `builder` makes a `table` of `entry`s, once at start, and `report` says what is wrong. Lookups take no
// lock.

mod builder;
pub(crate) mod entry;
pub(crate) mod readers;
mod report;
pub(crate) mod table;

pub use builder::RegistryBuilder;
pub use report::{Duplicate, InitFailure, RegistryError};
pub use table::NamedConnector;

pub use crate::registration::Place;
pub use crate::variables::VariableError;
