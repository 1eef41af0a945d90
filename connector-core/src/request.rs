//! What comes into a connector: the task to create, and the context of every call.
//! `erased` builds these from the server's raw requests.
//! Nothing here knows a service's request messages: two Flyte generations share it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::flyte::Flyte;
use crate::key::ConnectorKey;
use crate::pb;
use crate::spec::ConnectorSpec;
use crate::wire::Wire;

/// Which connector was called, and until when the caller waits.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CallContext {
    /// Task type and version of the call.
    pub key: ConnectorKey,
    /// When the caller stops waiting: the earlier of its own deadline and the server's limit.
    pub deadline: Option<Instant>,
    /// Which Flyte calls.
    pub flyte: Flyte,
    /// The request in its own bytes, where the server keeps them.
    pub(crate) wire: Option<Arc<Wire>>,
}

impl CallContext {
    /// A call of that connector by Flyte 2, which waits for ever.
    #[must_use]
    pub const fn new(key: ConnectorKey) -> Self {
        Self { key, deadline: None, flyte: Flyte::V2, wire: None }
    }

    /// Sets [`CallContext::deadline`].
    #[must_use]
    pub fn deadline(mut self, deadline: impl Into<Option<Instant>>) -> Self {
        self.deadline = deadline.into();
        self
    }

    /// Sets [`CallContext::flyte`].
    #[must_use]
    pub const fn flyte(mut self, flyte: Flyte) -> Self {
        self.flyte = flyte;
        self
    }

    // For a server that passes requests on, as `host` is.
    /// Sets the request in its own bytes.
    #[doc(hidden)]
    #[must_use]
    pub fn with_wire(mut self, wire: Option<Arc<Wire>>) -> Self {
        self.wire = wire;
        self
    }

    /// The request in its own bytes, if they were kept.
    #[doc(hidden)]
    #[must_use]
    pub fn wire(&self) -> Option<&Wire> {
        self.wire.as_deref()
    }

    /// How long the caller still waits; zero once the deadline has passed.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

/// The context of a call about one job.
#[non_exhaustive]
pub struct TaskContext<C: ConnectorSpec + ?Sized> {
    /// Secrets and settings that Flyte resolved for the task. They are those of the moment of
    /// creation: a secret rotated since is not seen.
    pub connection: C::Connection,
    /// Where the task's outputs belong: a storage prefix, unique per attempt. Empty on delete.
    pub output_prefix: String,
    /// Which connector was called, and until when the caller waits.
    pub call: CallContext,
}

impl<C: ConnectorSpec + ?Sized> TaskContext<C> {
    /// The context of a call without an output prefix.
    #[must_use]
    pub const fn new(connection: C::Connection, call: CallContext) -> Self {
        Self { connection, output_prefix: String::new(), call }
    }

    /// Sets [`TaskContext::output_prefix`].
    #[must_use]
    pub fn output_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.output_prefix = prefix.into();
        self
    }
}

impl<C: ConnectorSpec + ?Sized> fmt::Debug for TaskContext<C> {
    // The connection is left out: it may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskContext")
            .field("output_prefix", &self.output_prefix)
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}

/// A task to create.
#[non_exhaustive]
pub struct CreateTask<C: ConnectorSpec + ?Sized> {
    /// The task's inputs.
    pub inputs: C::Inputs,
    /// Keys and values that accompany the inputs. The stock executor sends none.
    pub input_context: Vec<(String, String)>,
    /// The task's settings, from `TaskTemplate.custom`.
    pub config: C::Config,
    /// The task template, for what the typed fields do not cover (interface, container, sql). Its
    /// `custom` has moved into `config`.
    pub template: Box<pb::TaskTemplate>,
    /// Who runs this, and for which attempt. Absent when a client other than the executor calls.
    pub execution: Option<Box<TaskExecution>>,
    /// Connection, output prefix, deadline.
    pub context: TaskContext<C>,
}

impl<C: ConnectorSpec + ?Sized> CreateTask<C> {
    /// A task with an empty template, of nobody's execution.
    #[must_use]
    pub fn new(inputs: C::Inputs, config: C::Config, context: TaskContext<C>) -> Self {
        Self {
            inputs,
            input_context: Vec::new(),
            config,
            template: Box::default(),
            execution: None,
            context,
        }
    }

    /// Sets [`CreateTask::template`].
    #[must_use]
    pub fn template(mut self, template: impl Into<Box<pb::TaskTemplate>>) -> Self {
        self.template = template.into();
        self
    }

    /// Sets [`CreateTask::execution`].
    #[must_use]
    pub fn execution(mut self, execution: impl Into<Option<TaskExecution>>) -> Self {
        self.execution = execution.into().map(Box::new);
        self
    }
}

impl<C: ConnectorSpec + ?Sized> fmt::Debug for CreateTask<C> {
    // Inputs, settings and template are left out: they may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateTask")
            .field("execution", &self.execution)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// The execution a task belongs to, as `TaskExecutionMetadata` tells it.
///
/// The executors of both Flytes fill identity, namespace, labels, annotations, service account and
/// environment; the other fields stay at their defaults.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct TaskExecution {
    /// Project, domain, execution name, node and attempt (counted from 0).
    pub id: Option<pb::TaskExecutionIdentifier>,
    /// Kubernetes namespace of the execution.
    pub namespace: String,
    /// Labels of the execution.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the execution.
    pub annotations: BTreeMap<String, String>,
    /// Kubernetes service account the task would run under.
    pub k8s_service_account: String,
    /// Environment variables for the task.
    pub environment_variables: BTreeMap<String, String>,
    /// How many attempts the task has in all.
    pub max_attempts: i32,
    /// Whether the task may be placed on interruptible capacity.
    pub interruptible: bool,
    /// After how many failures interruptible capacity is no longer used.
    pub interruptible_failure_threshold: i32,
    /// Who started the execution.
    pub identity: Option<pb::Identity>,
}

impl TaskExecution {
    /// An execution of which the identity is known; the rest is set field by field.
    #[must_use]
    pub fn new(id: pb::TaskExecutionIdentifier) -> Self {
        Self { id: Some(id), ..Self::default() }
    }
}
