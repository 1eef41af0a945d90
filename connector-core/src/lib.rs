//! What a connector author touches: traits, requests, resources, errors, the registry and the wire types.
//! `connector-server` calls the erased form of what is written here; connectors call nothing else.
//! No transport and no vendor may come in here, and no runtime is started.
//!
//! A Flyte *connector* runs a task on an outside system: it creates a job, polls it and cancels it.
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
//! The author's types live in [`request`] (what comes in) and [`resource`] (what goes out);
//! [`error`] says which kinds of failure exist and what Flyte makes of each.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod blocking;
pub mod connector;
pub mod custom_info;
pub mod dynamic;
pub mod erased;
pub mod error;
pub mod idempotency;
pub mod key;
pub mod literal;
pub mod logs;
pub mod meta;
pub mod metrics;
pub mod pb;
pub mod phase;
pub mod policy;
pub mod prelude;
pub mod python_json;
pub mod registration;
pub mod registry;
pub mod request;
pub mod resource;
pub mod secret;
pub mod settings;
pub mod states;
pub mod task;
pub mod typed;

pub use blocking::blocking;
#[cfg(feature = "chrono")]
pub use chrono;
pub use connector::{AsyncConnector, ConnectorSpec};
pub use dynamic::{DynamicConfig, DynamicConnection, DynamicInputs, DynamicOutputs};
pub use error::{ConnectorError, ErrorKind, OrKind, Result};
pub use idempotency::{Charset, ExecutionIdentity, IdempotencyKey};
pub use jiff;
pub use key::{ConnectorKey, TaskType};
pub use meta::{JobId, RawMeta, ResourceMeta};
pub use phase::Phase;
pub use policy::Policy;
pub use registration::Registration;
pub use registry::Registry;
pub use request::{CallContext, CreateTask, TaskContext};
pub use resource::{Outputs, Resource, TaskLog};
pub use secret::{OperatorSecrets, Secret};
pub use settings::Settings;
pub use states::StateTable;
pub use task::{NamedLiterals, TaskConfig, TaskConnection, TaskInputs, TaskOutputs};
#[cfg(feature = "time")]
pub use time;
pub use typed::{DataFrame, Datetime, Dir, File, FlyteType};

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
