//! `use connector_core::prelude::*;` is all that a first connector needs.
//!
//! Everything in here is a re-export and stands under a path of its own, too.

// Re-exports only; nothing is defined here.

pub use crate::idempotency::{Charset, IdempotencyKey};
pub use crate::logs::{LogLine, LogPage, LogQuery, Logs};
pub use crate::metrics::{Metric, MetricsQuery, Series};
pub use crate::{
    AsyncConnector, CallContext, ConnectorError, ConnectorSpec, CreateTask, DataFrame, Datetime,
    Dir, DynamicConfig, DynamicConnection, DynamicInputs, DynamicOutputs, ErrorKind, File,
    FlyteType, JobId, OrKind, Outputs, Phase, Policy, RawMeta, Resource, Result, Secret, Settings,
    StateTable, SyncConnector, TaskConfig, TaskConnection, TaskContext, TaskInputs, TaskLog,
    TaskOutputs, blocking, connector, literal, pb,
};
#[doc = include_str!("../docs/deserialize.md")]
pub use connector_macros::Deserialize;
#[doc = include_str!("../docs/serialize.md")]
pub use connector_macros::Serialize;
pub use serde::de::Deserialize;
pub use serde::ser::Serialize;
