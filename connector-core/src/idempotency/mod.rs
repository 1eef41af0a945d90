//! A name for one attempt of a task, in the spelling that an outside system takes.
//!
//! Flyte may create one attempt twice: after a timeout, or when its executor starts anew. A connector
//! that hands [`CreateTask::idempotency_key`] to the outside system, as a client token or as the job's
//! name, makes one job of both. [`IdempotencyKey`] has a whole example.
//!
//! ```
//! use connector_core::prelude::*;
//! use connector_core::idempotency::ExecutionIdentity;
//!
//! let attempt = ExecutionIdentity {
//!     org: "", project: "films", domain: "production", name: "r7k", node_id: "a0", attempt: 0,
//! };
//! let key = IdempotencyKey::of_identity(&attempt);
//! assert_eq!(key.as_str().len(), 64);
//! assert_eq!(key.limited(Charset::LowerAlphanumeric, 20)?.len(), 20);
//! # Ok::<(), connector_core::idempotency::TooShort>(())
//! ```

// The server tells repeated creates apart by the same key. Only the derivation is here: what becomes of
// a repeated create is decided by the server.

pub(crate) mod digest;
mod flyte1;
mod spelling;
pub(crate) mod task;

use std::fmt;

use crate::flyte::Flyte;
use crate::raw::CreateRequest;
use crate::request::{CreateTask, TaskExecution};
use crate::spec::ConnectorSpec;
use digest::{digest, hex};
use task::TaskOfRun;

pub use spelling::{Charset, TooShort};

/// Stands in front of everything hashed. A different derivation takes a different number: after an
/// update, a key of the old kind must not be mistaken for one of the new.
const DERIVATION: &str = "flyte-connector/idempotency-key/1";

/// Whose attempt it is: what tells one attempt of a task from every other.
///
/// Labels, annotations and the like are left out: they may differ between two creates of one
/// attempt.
// Exhaustive on purpose: one more part would be another derivation of every key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExecutionIdentity<'a> {
    /// Organization; empty in a single-tenant installation.
    pub org: &'a str,
    /// Project of the execution.
    pub project: &'a str,
    /// Domain of the execution.
    pub domain: &'a str,
    /// Name of the execution, in Flyte 2 the run.
    pub name: &'a str,
    /// Which part of the execution: the node, in Flyte 2 the action.
    pub node_id: &'a str,
    /// Counts from 0.
    pub attempt: u32,
}

impl ExecutionIdentity<'_> {
    /// The attempt before this one; `None` for the first.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        Some(Self { attempt: self.attempt.checked_sub(1)?, ..self })
    }

    fn fields(&self) -> [&str; 5] {
        [self.org, self.project, self.domain, self.name, self.node_id]
    }
}

impl TaskExecution {
    /// Whose attempt this is; `None` unless the execution has a name.
    #[must_use]
    pub fn execution_identity(&self) -> Option<ExecutionIdentity<'_>> {
        let task = self.id.as_ref()?;
        let node = task.node_execution_id.as_ref()?;
        let execution = node.execution_id.as_ref()?;
        (!execution.name.is_empty()).then_some(ExecutionIdentity {
            org: &execution.org,
            project: &execution.project,
            domain: &execution.domain,
            name: &execution.name,
            node_id: &node.node_id,
            attempt: task.retry_attempt,
        })
    }
}

impl CreateRequest {
    /// The key of the attempt to create, as [`CreateTask::idempotency_key`] gives it.
    #[must_use]
    pub fn idempotency_key(&self, flyte: Flyte) -> Option<IdempotencyKey> {
        key(flyte, self.execution.as_deref(), &self.output_prefix)
    }

    /// The task whose attempt this is, and the number of the attempt; a later one has a higher number. `None`
    /// where one attempt does not tell of the others.
    #[must_use]
    pub fn task(&self, flyte: Flyte) -> Option<(TaskOfRun<'_>, u32)> {
        let prefix = self.output_prefix.as_str();
        if let Some(attempt) = of_flyte_1(flyte, self.execution.as_deref(), prefix) {
            return Some(attempt.task());
        }
        let identity = self.execution.as_deref()?.execution_identity()?;
        let number = identity.attempt;
        (!needs_prefix(&identity, prefix)).then(|| (TaskOfRun::new(identity, ""), number))
    }
}

fn key(
    flyte: Flyte,
    execution: Option<&TaskExecution>,
    output_prefix: &str,
) -> Option<IdempotencyKey> {
    match of_flyte_1(flyte, execution, output_prefix) {
        Some(attempt) => Some(attempt.key()),
        None => IdempotencyKey::of(execution, output_prefix),
    }
}

fn previous_key(
    flyte: Flyte,
    execution: Option<&TaskExecution>,
    output_prefix: &str,
) -> Option<IdempotencyKey> {
    if let Some(attempt) = of_flyte_1(flyte, execution, output_prefix) {
        return attempt.previous().map(|previous| previous.key());
    }
    let identity = execution?.execution_identity()?;
    if needs_prefix(&identity, output_prefix) {
        return None;
    }
    Some(IdempotencyKey::of_identity(&identity.previous()?))
}

/// The attempt, where more than its identity tells it apart.
fn of_flyte_1<'a>(
    flyte: Flyte,
    execution: Option<&'a TaskExecution>,
    output_prefix: &'a str,
) -> Option<flyte1::Attempt<'a>> {
    match flyte {
        Flyte::V1 => flyte1::Attempt::of(execution?.execution_identity()?, output_prefix),
        Flyte::V2 => None,
    }
}

impl<C: ConnectorSpec + ?Sized> CreateTask<C> {
    /// A name for this attempt, the same whenever the attempt is created again; see
    /// [`IdempotencyKey`] for what to do with it.
    ///
    /// It comes from the organization, project, domain and name of the execution, the node and the
    /// attempt; without an execution name, from the output prefix, which is unique per attempt, too.
    /// Under Flyte 1 it comes from both, as nodes of different subworkflows have equal names there.
    /// With neither it is `None`: such a create is a job of its own.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<IdempotencyKey> {
        key(self.context.call.flyte, self.execution.as_deref(), &self.context.output_prefix)
    }

    /// The key that the attempt before this one had, to find what that one left behind.
    ///
    /// It is `None` for the first attempt, and where the key comes from the output prefix alone: the
    /// prefix of one attempt does not tell that of another.
    #[must_use]
    pub fn previous_idempotency_key(&self) -> Option<IdempotencyKey> {
        previous_key(
            self.context.call.flyte,
            self.execution.as_deref(),
            &self.context.output_prefix,
        )
    }
}

/// A name for one attempt of a task: the same whenever that attempt is created again, by any
/// process and any release, and a different one for every other attempt.
///
/// Flyte may create one attempt twice. Hand the key to the outside system as its client token or as
/// the job's name, and where that job is there already, answer with it:
///
/// ```
/// use std::collections::BTreeSet;
/// use std::sync::{Mutex, PoisonError};
///
/// use connector_core::prelude::*;
///
/// /// A farm whose jobs have names, each at most once.
/// #[connector(task_type = "render")]
/// #[derive(Debug, Default)]
/// pub struct RenderFarm {
///     jobs: Mutex<BTreeSet<String>>,
/// }
///
/// impl AsyncConnector for RenderFarm {
///     async fn create(&self, task: CreateTask<Self>) -> Result<JobId> {
///         let key = task
///             .idempotency_key()
///             .ok_or_else(|| ConnectorError::invalid_task("the caller does not say who it is"))?;
///         // This farm takes at most 40 characters.
///         let key = key.limited(Charset::LowerAlphanumeric, 33).or_permanent("no job name")?;
///         let name = format!("render-{key}");
///         self.jobs.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
///         Ok(JobId::new(name))
///     }
/// #
/// #     async fn get(&self, _: &JobId, _: &TaskContext<Self>) -> Result<Resource> {
/// #         Ok(Resource::running())
/// #     }
/// #
/// #     async fn delete(&self, _: &JobId, _: &TaskContext<Self>) -> Result<()> {
/// #         Ok(())
/// #     }
/// }
/// # fn main() {}
/// ```
///
/// A connector that starts several jobs for one task puts a word of its own in front of each name.
///
/// Printed, a key is the 64 hexadecimal digits of a SHA-256, which fits nearly anywhere as it is. It
/// tells nothing about the task and may be logged.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey {
    digest: [u8; 32],
    hex: Box<str>,
}

impl IdempotencyKey {
    /// The key of the attempt that `execution` and `output_prefix` tell of; `None` if neither tells.
    ///
    /// The identity of the execution comes first, then the prefix. An identity without a node does
    /// not tell the parts of an execution apart, so there the prefix counts as well.
    #[must_use]
    pub fn of(execution: Option<&TaskExecution>, output_prefix: &str) -> Option<Self> {
        match execution.and_then(TaskExecution::execution_identity) {
            Some(identity) if needs_prefix(&identity, output_prefix) => {
                let [org, project, domain, name, _] = identity.fields();
                let attempt = identity.attempt.to_string();
                let fields = [org, project, domain, name, &attempt, output_prefix];
                Some(Self::hash("execution and output prefix", &fields))
            }
            Some(identity) => Some(Self::of_identity(&identity)),
            None if output_prefix.is_empty() => None,
            None => Some(Self::hash("output prefix", &[output_prefix])),
        }
    }

    /// The key of the attempt with that identity.
    #[must_use]
    pub fn of_identity(identity: &ExecutionIdentity<'_>) -> Self {
        let [org, project, domain, name, node_id] = identity.fields();
        let attempt = identity.attempt.to_string();
        Self::hash("execution", &[org, project, domain, name, node_id, &attempt])
    }

    /// The 64 hexadecimal digits, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.hex
    }

    fn hash(source: &str, fields: &[&str]) -> Self {
        let digest = digest([DERIVATION, source].iter().chain(fields));
        Self { digest, hex: hex(&digest).into_boxed_str() }
    }
}

fn needs_prefix(identity: &ExecutionIdentity<'_>, output_prefix: &str) -> bool {
    identity.node_id.is_empty() && !output_prefix.is_empty()
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.hex)
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IdempotencyKey").field(&self.hex).finish()
    }
}

impl AsRef<str> for IdempotencyKey {
    fn as_ref(&self) -> &str {
        &self.hex
    }
}
