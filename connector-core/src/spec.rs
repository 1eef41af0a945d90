//! What a connector is: its identity and the types it speaks.
//! `#[connector]` writes it; requests are typed by it, the registry reads it.
//! What a connector does stands in `connector`.

use crate::meta::ResourceMeta;
use crate::policy::Policy;
use crate::task::{TaskConfig, TaskConnection, TaskInputs, TaskOutputs};

/// What a connector is: its identity and the types it speaks.
///
/// Written by [`macro@crate::connector`]; write it by hand only to register without macros.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connector",
    label = "this type has no task type",
    note = "put `#[connector(task_type = \"…\")]` on `{Self}`"
)]
pub trait ConnectorSpec {
    /// The name people see, for example in `ListConnectors`. Several connectors may share one.
    const NAME: &'static str;
    /// The task types served, first the main one.
    const TASK_TYPES: &'static [&'static str];
    /// The versions served of each task type.
    const VERSIONS: &'static [i32];
    /// How the server treats its calls; operators may override it.
    const POLICY: Policy = Policy::new();

    /// What later calls need to find the job again.
    type Meta: ResourceMeta;
    /// Task settings, read from `TaskTemplate.custom`.
    type Config: TaskConfig;
    /// Task inputs.
    type Inputs: TaskInputs;
    /// Task outputs.
    type Outputs: TaskOutputs;
    /// Secrets and settings that Flyte resolved for the task.
    type Connection: TaskConnection;
}

/// What a connector is whose tasks are done within one call. Its metadata is of no use.
///
/// Written by [`macro@crate::connector`] where that says `sync`; write it by hand only to register without
/// macros.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no `sync` connector",
    label = "`sync` is missing",
    note = "write `#[connector(…, sync)]` on `{Self}`",
    note = "if its tasks go on after the call, implement `AsyncConnector` and not `SyncConnector`"
)]
pub trait SyncSpec: ConnectorSpec {}
