//! The form in which the registry holds a `SyncConnector`: it runs tasks, and has no jobs to ask about.
//! What becomes of a result under a Flyte that knows only jobs is the gate's business.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::erased::{
    CallError, CreateRequest, DynConnector, ErasedResource, JobRequest, QueryRequest, decoded,
    erase, interface,
};
use crate::error::ConnectorError;
use crate::logs::{LogQuery, Logs};
use crate::meta::MetaError;
use crate::metrics::{Metric, MetricsQuery};
use crate::request::CallContext;
use crate::secret::OperatorSecrets;
use crate::sync_connector::SyncConnector;
use crate::typed::Interface;

/// A sync connector, and the secrets its operator lends to every call.
pub(crate) struct ErasedSync<C> {
    connector: C,
    operator: Arc<OperatorSecrets>,
}

impl<C> ErasedSync<C> {
    pub(crate) const fn new(connector: C, operator: Arc<OperatorSecrets>) -> Self {
        Self { connector, operator }
    }
}

impl<C> fmt::Debug for ErasedSync<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<C>())
    }
}

/// Metadata that no result of this connector stands in.
fn no_job() -> CallError {
    CallError::Meta(MetaError::new(
        "this connector has no jobs: its tasks are done within their call",
    ))
}

fn unsupported(what: &str, call: &CallContext) -> CallError {
    let task_type = &call.key.task_type;
    let text = format!("the connector for task type `{task_type}` offers no {what}");
    ConnectorError::unsupported(text).into()
}

#[async_trait]
impl<C: SyncConnector> DynConnector for ErasedSync<C> {
    fn describe(&self) -> Interface {
        interface::<C>()
    }

    fn is_sync(&self) -> bool {
        true
    }

    fn endpoints(&self) -> Vec<String> {
        self.connector.endpoints()
    }

    async fn run(
        &self,
        request: CreateRequest,
        call: CallContext,
    ) -> Result<ErasedResource, CallError> {
        let flyte = call.flyte;
        let task = decoded(request, call, &self.operator)?;
        Ok(erase(self.connector.run(task).await?, flyte)?)
    }

    async fn create(&self, _: CreateRequest, call: CallContext) -> Result<Bytes, CallError> {
        Err(unsupported("jobs: its tasks are run", &call))
    }

    async fn get(&self, _: JobRequest, _: CallContext) -> Result<ErasedResource, CallError> {
        Err(no_job())
    }

    async fn get_many(
        &self,
        requests: Vec<(JobRequest, CallContext)>,
    ) -> Vec<Result<ErasedResource, CallError>> {
        requests.iter().map(|_| Err(no_job())).collect()
    }

    async fn delete(&self, _: JobRequest, _: CallContext) -> Result<(), CallError> {
        Err(no_job())
    }

    async fn get_metrics(
        &self,
        _: QueryRequest<MetricsQuery>,
        call: CallContext,
    ) -> Result<Vec<Metric>, CallError> {
        Err(unsupported("metrics", &call))
    }

    async fn get_logs(
        &self,
        _: QueryRequest<LogQuery>,
        call: CallContext,
    ) -> Result<Logs, CallError> {
        Err(unsupported("logs", &call))
    }
}
