//! One `use` for authors: everything a first connector names.
//! Re-exports only; nothing is defined here.

pub use crate::logs::{LogLine, LogPage, LogQuery, Logs};
pub use crate::metrics::{Metric, MetricsQuery, Series};
pub use crate::{
    AsyncConnector, CallContext, Charset, ConnectorError, ConnectorSpec, CreateTask, DataFrame,
    Dir, DynamicConfig, DynamicConnection, DynamicInputs, DynamicOutputs, ErrorKind, File,
    FlyteType, IdempotencyKey, JobId, OrKind, Outputs, Phase, RawMeta, Resource, Result, Secret,
    Settings, TaskConfig, TaskConnection, TaskContext, TaskInputs, TaskLog, TaskOutputs, connector,
    literal, pb,
};
pub use serde::{Deserialize, Serialize};
