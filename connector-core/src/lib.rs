//! Write a Flyte *connector*: a plug-in through which Flyte runs a task on an outside system. It creates
//! a job, polls it and cancels it.
//!
//! Annotate a struct with [`macro@connector`], implement [`AsyncConnector`] for it, and every server
//! binary that links the crate serves it.
//!
//! ```
//! use connector_core::prelude::*;
//!
//! /// What later calls need to find the job again.
//! #[derive(Debug, Serialize, Deserialize)]
//! pub struct RenderJob {
//!     pub job_id: String,
//! }
//!
//! #[connector(task_type = "render", version = 1, meta = RenderJob)]
//! #[derive(Debug, Default)]
//! pub struct RenderFarm;
//!
//! impl AsyncConnector for RenderFarm {
//!     async fn create(&self, task: CreateTask<Self>) -> Result<RenderJob> {
//!         let scene = task.config.string("scene")?.unwrap_or("default.blend");
//!         Ok(RenderJob { job_id: format!("job-{scene}") })
//!     }
//!
//!     async fn get(&self, job: &RenderJob, _cx: &TaskContext<Self>) -> Result<Resource> {
//!         let mut outputs = DynamicOutputs::default();
//!         outputs.insert("video", literal::string(format!("s3://out/{}.mp4", job.job_id)));
//!         Ok(Resource::succeeded(outputs))
//!     }
//!
//!     async fn delete(&self, _job: &RenderJob, _cx: &TaskContext<Self>) -> Result<()> {
//!         Ok(())
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! # What is where
//!
//! | for | there is |
//! |---|---|
//! | what comes in | [`CreateTask`] with inputs, settings and template; [`TaskContext`] and [`CallContext`] with every call |
//! | what goes out | [`Resource`] with a [`Phase`], [`Outputs`] and [`TaskLog`]s; [`StateTable`] for an outside system's states |
//! | what later calls need | [`ResourceMeta`]: any struct with serde's derives, [`JobId`], or [`RawMeta`] |
//! | types of tasks | the derives [`TaskInputs`](derive@TaskInputs), [`TaskOutputs`](derive@TaskOutputs), [`TaskConfig`](derive@TaskConfig), [`TaskConnection`](derive@TaskConnection), [`FlyteType`](derive@FlyteType); without them [`DynamicInputs`] and its kin |
//! | what went wrong | [`ConnectorError`] of an [`ErrorKind`]; [`OrKind`] and [`HasKind`] for other errors |
//! | one job per attempt | [`idempotency`] |
//! | credentials and settings | [`Secret`], [`Settings`], [`OperatorSecrets`] |
//! | logs, metrics | [`logs`], [`metrics`] |
//! | pace, patience, limits | [`Policy`] |
//! | work that blocks | [`blocking()`] |
//! | tasks that are done within one call | [`SyncConnector`] |
//! | tests and servers of one's own | [`Registry`] |
//!
//! Signatures name types of other crates in few places: [`jiff`] for times (re-exported), `bytes` in
//! [`RawMeta`], `prost_types::Struct` for JSON objects, `serde`, `serde_json`, `futures_core` for streams
//! of log pages, and `prost` in [`pb`]. `public-api.txt` beside this crate lists them all.

// The server calls the erased form of what is written here, through `host`; expansions of the macros name
// `__private`. No transport and no vendor may come in here, and no runtime is started.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod blocking;
mod connector;
pub mod custom_info;
mod dynamic;
mod erased;
mod erased_sync;
#[cfg(test)]
mod erased_tests;
mod error;
mod flyte;
#[doc(hidden)]
pub mod host;
pub mod idempotency;
mod init;
mod key;
pub mod literal;
pub mod logs;
mod meta;
pub mod metrics;
mod not_found;
pub mod pb;
mod phase;
pub mod policy;
pub mod prelude;
mod python_json;
mod quantity;
mod raw;
mod registration;
pub mod registry;
mod request;
mod resource;
mod secret;
/// serde, for the derives of the prelude and for `#[serde(crate = "…")]` where this crate has another
/// name.
//
// A hidden module, for else rustc would spell std's types by the names they have in serde.
#[doc(hidden)]
pub mod serde {
    pub use ::serde::*;
}
mod settings;
mod spec;
mod states;
mod struct_serde;
mod sync_connector;
mod task;
pub mod typed;
mod variables;
mod wire;

pub use blocking::blocking;
#[cfg(feature = "chrono")]
pub use chrono;
pub use connector::AsyncConnector;
pub use dynamic::{DynamicConfig, DynamicConnection, DynamicInputs, DynamicOutputs};
pub use error::{ConnectorError, ErrorKind, HasKind, OrKind, Result};
pub use flyte::Flyte;
pub use jiff;
pub use key::{ConnectorKey, InvalidTaskType, TaskType};
pub use meta::{JobId, MetaError, RawMeta, ResourceMeta};
pub use phase::Phase;
pub use policy::author::Policy;
pub use registry::table::Registry;
pub use request::{CallContext, CreateTask, TaskContext, TaskExecution};
pub use resource::{LinkKind, MessageFormat, Outputs, Resource, TaskLog};
pub use secret::{OperatorSecrets, Secret};
pub use settings::Settings;
pub use spec::{ConnectorSpec, SyncSpec};
pub use states::StateTable;
pub use sync_connector::SyncConnector;
pub use task::{NamedLiterals, TaskConfig, TaskConnection, TaskInputs, TaskOutputs};
#[cfg(feature = "time")]
pub use time;
pub use typed::datetime::Datetime;
pub use typed::file::{DataFrame, Dir, File};
pub use typed::flyte_type::FlyteType;

#[doc = include_str!("../docs/flyte_type.md")]
pub use connector_macros::FlyteType;
#[doc = include_str!("../docs/task_config.md")]
pub use connector_macros::TaskConfig;
#[doc = include_str!("../docs/task_connection.md")]
pub use connector_macros::TaskConnection;
#[doc = include_str!("../docs/task_inputs.md")]
pub use connector_macros::TaskInputs;
#[doc = include_str!("../docs/task_outputs.md")]
pub use connector_macros::TaskOutputs;
#[doc = include_str!("../docs/connector.md")]
pub use connector_macros::connector;
