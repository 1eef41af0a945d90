//! The object-safe twin of `AsyncConnector`: raw requests in, raw answers out.
//! The registry holds connectors in this form and the server calls them through it.
//! The one blanket impl decodes before and encodes after the author's method; no policy lives here.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::connector::AsyncConnector;
use crate::error::{ConnectorError, Result, all_of};
use crate::flyte::{Flyte, writing_for};
use crate::idempotency::IdempotencyKey;
use crate::logs::{LogQuery, Logs};
use crate::meta::{MetaError, ResourceMeta};
use crate::metrics::{Metric, MetricsQuery};
use crate::not_found::NotFound;
use crate::pb;
use crate::phase::Phase;
pub use crate::raw::{CreateRequest, JobRequest, QueryRequest};
use crate::request::{CallContext, CreateTask, TaskContext};
use crate::resource::{Outputs, Resource};
use crate::secret::{OperatorSecrets, read_as_meant};
use crate::spec::ConnectorSpec;
use crate::task::{NamedLiterals, TaskConfig, TaskConnection, TaskInputs, TaskOutputs};
use crate::typed::Interface;

/// The question for the job of an attempt.
#[derive(Clone)]
pub struct FindRequest {
    /// The attempt's key, as the connector was given it.
    pub key: IdempotencyKey,
    /// Where outputs belong.
    pub output_prefix: String,
    /// Resolved secrets and settings; absent and empty mean the same.
    pub connection: Option<pb::Connection>,
}

impl fmt::Debug for FindRequest {
    // The connection may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FindRequest").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The state of a job, with outputs as literals; there are some only when the job succeeded.
pub type ErasedResource = Resource<NamedLiterals>;

/// Why a call through the erased form failed.
#[derive(Debug)]
pub enum CallError {
    /// The resource metadata of the request cannot be read.
    Meta(MetaError),
    /// The connector, or the decoding of what it declares, failed.
    Connector(ConnectorError),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meta(error) => error.fmt(f),
            Self::Connector(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Meta(_) => None,
            Self::Connector(error) => error.source(),
        }
    }
}

impl From<ConnectorError> for CallError {
    fn from(error: ConnectorError) -> Self {
        Self::Connector(error)
    }
}

/// A connector as the server sees it. Implemented for every [`AsyncConnector`].
///
/// Requests are what a caller sent; `call` is what the server made of it: which connector, until when.
#[async_trait]
pub trait DynConnector: fmt::Debug + Send + Sync + 'static {
    /// What the connector takes and gives.
    fn describe(&self) -> Interface;

    /// Whether its tasks are done within one call: it is run, and no job is created.
    fn is_sync(&self) -> bool {
        false
    }

    /// Where it calls whatever task it has, as URLs.
    fn endpoints(&self) -> Vec<String> {
        Vec::new()
    }

    /// Runs a task and tells how it ended.
    ///
    /// # Errors
    /// What the connector says, or inputs, settings or a connection that do not fit its types; every
    /// connector that starts jobs says that it cannot.
    async fn run(
        &self,
        request: CreateRequest,
        call: CallContext,
    ) -> Result<ErasedResource, CallError> {
        drop(request);
        let task_type = call.key.task_type;
        let text = format!("the connector for task type `{task_type}` starts jobs; create one");
        Err(ConnectorError::unsupported(text).into())
    }

    /// Starts a job; answers its encoded metadata.
    ///
    /// # Errors
    /// What the connector says, or inputs, settings or a connection that do not fit its types.
    async fn create(&self, request: CreateRequest, call: CallContext) -> Result<Bytes, CallError>;

    /// Whether the connector can find a job by its key.
    fn finds(&self) -> bool {
        false
    }

    /// The encoded metadata of the job that was created under a key, if there is one. Nothing where
    /// [`DynConnector::finds`] says no.
    ///
    /// # Errors
    /// What the connector says, or a connection that does not fit its type.
    async fn find(
        &self,
        request: FindRequest,
        call: CallContext,
    ) -> Result<Option<Bytes>, CallError> {
        drop((request, call));
        Ok(None)
    }

    /// Says where a job stands.
    ///
    /// # Errors
    /// Unreadable metadata, or what the connector says.
    async fn get(
        &self,
        request: JobRequest,
        call: CallContext,
    ) -> Result<ErasedResource, CallError>;

    /// Says where several jobs stand: one answer per request, in order.
    async fn get_many(
        &self,
        requests: Vec<(JobRequest, CallContext)>,
    ) -> Vec<Result<ErasedResource, CallError>>;

    /// Cancels a job.
    ///
    /// # Errors
    /// Unreadable metadata, or what the connector says.
    async fn delete(&self, request: JobRequest, call: CallContext) -> Result<(), CallError>;

    /// Measurements of a job.
    ///
    /// # Errors
    /// Unreadable metadata, or what the connector says.
    async fn get_metrics(
        &self,
        request: QueryRequest<MetricsQuery>,
        call: CallContext,
    ) -> Result<Vec<Metric>, CallError>;

    /// Log lines of a job.
    ///
    /// # Errors
    /// Unreadable metadata, or what the connector says.
    async fn get_logs(
        &self,
        request: QueryRequest<LogQuery>,
        call: CallContext,
    ) -> Result<Logs, CallError>;
}

/// What connectors of a type take and give; none has to be made for that.
pub(crate) fn interface<C: ConnectorSpec>() -> Interface {
    Interface {
        config: C::Config::describe(),
        inputs: C::Inputs::describe(),
        outputs: C::Outputs::describe(),
        connection: C::Connection::describe(),
    }
}

/// Whether the author wrote a `find`: its future is of another type than that of the trait's own. No
/// connector has to be made for that.
pub(crate) fn finds<C: AsyncConnector>() -> bool {
    fn is_own<C: AsyncConnector, F: Future + 'static>(
        _: impl FnOnce(&'static C, &'static IdempotencyKey, &'static TaskContext<C>) -> F,
    ) -> bool {
        TypeId::of::<F>() != TypeId::of::<NotFound<C::Meta>>()
    }
    is_own(|connector: &'static C, key, context| connector.find(key, context))
}

/// The form every registered connector takes.
pub(crate) struct Erased<C> {
    connector: C,
    operator: Arc<OperatorSecrets>,
}

impl<C> Erased<C> {
    /// A connector, and the secrets its operator lends to every call.
    pub(crate) const fn new(connector: C, operator: Arc<OperatorSecrets>) -> Self {
        Self { connector, operator }
    }
}

impl<C> fmt::Debug for Erased<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<C>())
    }
}

#[async_trait]
impl<C: AsyncConnector> DynConnector for Erased<C> {
    fn describe(&self) -> Interface {
        interface::<C>()
    }

    fn endpoints(&self) -> Vec<String> {
        self.connector.endpoints()
    }

    async fn create(&self, request: CreateRequest, call: CallContext) -> Result<Bytes, CallError> {
        encoded(&self.connector.create(decoded(request, call, &self.operator)?).await?)
    }

    fn finds(&self) -> bool {
        finds::<C>()
    }

    async fn find(
        &self,
        request: FindRequest,
        call: CallContext,
    ) -> Result<Option<Bytes>, CallError> {
        let FindRequest { key, output_prefix, connection } = request;
        let cx = context(call, output_prefix, connection, &self.operator)?;
        let found = self.connector.find(&key, &cx).await?;
        found.as_ref().map(encoded).transpose()
    }

    async fn get(
        &self,
        request: JobRequest,
        call: CallContext,
    ) -> Result<ErasedResource, CallError> {
        let JobRequest { resource_meta, output_prefix, connection } = request;
        let job = C::Meta::decode(resource_meta).map_err(CallError::Meta)?;
        let cx = context(call, output_prefix, connection, &self.operator)?;
        Ok(erase(self.connector.get(&job, &cx).await?, cx.call.flyte)?)
    }

    async fn get_many(
        &self,
        requests: Vec<(JobRequest, CallContext)>,
    ) -> Vec<Result<ErasedResource, CallError>> {
        let mut jobs = Vec::with_capacity(requests.len());
        let read: Vec<Result<(), CallError>> = requests
            .into_iter()
            .map(|(request, call)| {
                let JobRequest { resource_meta, output_prefix, connection } = request;
                let job = C::Meta::decode(resource_meta).map_err(CallError::Meta)?;
                jobs.push((job, context(call, output_prefix, connection, &self.operator)?));
                Ok(())
            })
            .collect();
        // What cannot be read is answered here; the rest in the order of the connector's answers.
        let answers =
            if jobs.is_empty() { Vec::new() } else { self.connector.get_many(&jobs).await };
        let mut answers = answers.into_iter().zip(&jobs).map(|(answer, (_, cx))| {
            answer.and_then(|resource| erase(resource, cx.call.flyte)).map_err(CallError::from)
        });
        let missing = || ConnectorError::transient("`get_many` left out an answer for this job");
        read.into_iter()
            .map(|read| read.and_then(|()| answers.next().unwrap_or_else(|| Err(missing().into()))))
            .collect()
    }

    async fn delete(&self, request: JobRequest, call: CallContext) -> Result<(), CallError> {
        let JobRequest { resource_meta, output_prefix, connection } = request;
        let job = C::Meta::decode(resource_meta).map_err(CallError::Meta)?;
        let cx = context(call, output_prefix, connection, &self.operator)?;
        Ok(self.connector.delete(&job, &cx).await?)
    }

    async fn get_metrics(
        &self,
        request: QueryRequest<MetricsQuery>,
        call: CallContext,
    ) -> Result<Vec<Metric>, CallError> {
        let QueryRequest { resource_meta, query } = request;
        let job = C::Meta::decode(resource_meta).map_err(CallError::Meta)?;
        Ok(self.connector.get_metrics(&job, query, &call).await?)
    }

    async fn get_logs(
        &self,
        request: QueryRequest<LogQuery>,
        call: CallContext,
    ) -> Result<Logs, CallError> {
        let QueryRequest { resource_meta, query } = request;
        let job = C::Meta::decode(resource_meta).map_err(CallError::Meta)?;
        Ok(self.connector.get_logs(&job, query, &call).await?)
    }
}

/// The task of a request, in the author's types.
///
/// # Errors
/// Everything in it that does not fit them.
pub(crate) fn decoded<C: ConnectorSpec>(
    request: CreateRequest,
    call: CallContext,
    operator: &OperatorSecrets,
) -> Result<CreateTask<C>> {
    let CreateRequest { mut template, inputs, input_context, output_prefix, execution, connection } =
        request;
    // The settings are moved into their type; leaving a second copy would double large ones.
    let custom = template.custom.take().unwrap_or_default();
    let (inputs, config, context) = all_of(
        C::Inputs::from_literals(inputs),
        C::Config::from_custom(custom),
        context(call, output_prefix, connection, operator),
    )?;
    Ok(CreateTask { inputs, input_context, config, template, execution, context })
}

fn encoded(meta: &impl ResourceMeta) -> Result<Bytes, CallError> {
    let encoded = meta.encode();
    encoded.map_err(|error| ConnectorError::permanent(error.to_string()).with_source(error).into())
}

fn context<C: ConnectorSpec>(
    call: CallContext,
    output_prefix: String,
    connection: Option<pb::Connection>,
    operator: &OperatorSecrets,
) -> Result<TaskContext<C>> {
    let mut connection = connection.unwrap_or_default();
    read_as_meant(&mut connection.secrets);
    let connection = C::Connection::with_operator(connection, operator)?;
    Ok(TaskContext { connection, output_prefix, call })
}

/// The state of a job with its outputs as literals, as the Flyte that asks spells them.
///
/// # Errors
/// Outputs that Flyte cannot carry.
pub(crate) fn erase<O: TaskOutputs>(resource: Resource<O>, flyte: Flyte) -> Result<ErasedResource> {
    let Resource { phase, message, log_links, outputs, custom_info, good_for, unknown_state } =
        resource;
    // Outputs of a job that has not succeeded mean nothing to the executor, so they are left out.
    let outputs = match outputs {
        Outputs::Inline(outputs) if phase == Phase::Succeeded => {
            Outputs::Inline(writing_for(flyte, || outputs.into_literals())?)
        }
        Outputs::WrittenByTask => Outputs::WrittenByTask,
        Outputs::Inline(_) | Outputs::None => Outputs::None,
    };
    Ok(ErasedResource { phase, message, log_links, outputs, custom_info, good_for, unknown_state })
}
