//! One `use` for authors: everything a first connector names.
//! Re-exports only; nothing is defined here.

pub use crate::idempotency::{Charset, IdempotencyKey};
pub use crate::logs::{LogLine, LogPage, LogQuery, Logs};
pub use crate::metrics::{Metric, MetricsQuery, Series};
pub use crate::{
    AsyncConnector, CallContext, ConnectorError, ConnectorSpec, CreateTask, DataFrame, Datetime,
    Dir, DynamicConfig, DynamicConnection, DynamicInputs, DynamicOutputs, ErrorKind, File,
    FlyteType, JobId, OrKind, Outputs, Phase, Policy, RawMeta, Resource, Result, Secret, Settings,
    StateTable, TaskConfig, TaskConnection, TaskContext, TaskInputs, TaskLog, TaskOutputs,
    blocking, connector, literal, pb,
};
pub use serde::{Deserialize, Serialize};
