//! A task type that another service serves, as a connector of ours: the gate calls it like every other.
//! Requests go on in their own bytes where those are at hand; else they are made of their parts.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connector_core::host::{
    CallError, CreateRequest, DynConnector, ErasedResource, Interface, JobRequest, QueryRequest,
};
use connector_core::logs::{LogPage, LogQuery, Logs};
use connector_core::metrics::{Metric, MetricsQuery};
use connector_core::{
    CallContext, ConnectorError, DynamicConfig, DynamicConnection, DynamicInputs, DynamicOutputs,
    TaskConfig, TaskConnection, TaskInputs, TaskOutputs,
};
use futures_util::future::join_all;
use futures_util::{StreamExt, TryStreamExt};
use prost::Message;
use tokio::time::sleep;
use tonic::Status;

use super::answers;
use super::pass::{Passed, read};
use super::pool::Pool;
use crate::pb;

/// How many processes may go away over one create: one that ends whoever runs it must not end all.
const TRIES: u32 = 3;
/// How long until it is sent again: who has gone is found out meanwhile.
const PAUSE: Duration = Duration::from_millis(500);

/// One task type of another service.
#[derive(Debug)]
pub(super) struct Forwarded {
    pool: Arc<Pool>,
    /// Whether the log says already that its outputs are pickles.
    pickles_told: AtomicBool,
}

impl Forwarded {
    pub(super) const fn new(pool: Arc<Pool>) -> Self {
        Self { pool, pickles_told: AtomicBool::new(false) }
    }

    /// Says once what the next task may not be able to read: this job succeeds.
    fn tell_of_pickles(&self, resource: &ErasedResource, call: &CallContext) {
        if self.pickles_told.load(Ordering::Relaxed) {
            return;
        }
        let pickled = answers::pickled(resource);
        if pickled.is_empty() || self.pickles_told.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::warn!(
            upstream = %self.service(), task_type = %call.key.task_type,
            "Python pickled the outputs {pickled:?}: a task that takes one as a list or a tuple cannot read it; \
             have the connector give a dict or a dataclass",
        );
    }

    fn service(&self) -> &str {
        self.pool.name()
    }

    /// Creates a job, once more where the process that was to do it is gone and its answer with it: whether
    /// there is a job already, only the connector finds out, by the key that it got again. Where it passes
    /// no key, the executor's next attempt would make a second job just so.
    async fn created(&self, passed: &Passed) -> Result<pb::CreateTaskResponse, Status> {
        let mut tries = 1;
        loop {
            let created = self.pool.send(|channel| {
                let passed = passed.clone();
                async move { passed.unary::<pb::CreateTaskResponse>(channel).await }
            });
            match created.await {
                Err(status) if tries < TRIES && answers::is_gone(&status) => {
                    let why = answers::text(self.service(), &status);
                    tracing::warn!(upstream = %self.service(), "a create is sent again: {why}");
                    tries += 1;
                    sleep(PAUSE).await;
                }
                told => return told,
            }
        }
    }
}

/// The request as it came, if it is one for that method.
fn as_it_came(call: &CallContext, method: &'static str) -> Option<Passed> {
    let wire = call.wire().filter(|wire| wire.method == method)?;
    Some(Passed { method, message: wire.message.clone(), within: call.remaining() })
}

/// A request made of its parts.
fn made(call: &CallContext, method: &'static str, message: &impl Message) -> Passed {
    let message = message.encode_to_vec().into();
    Passed { method, message, within: call.remaining() }
}

fn category(call: &CallContext) -> Option<pb::TaskCategory> {
    let name = call.key.task_type.to_string();
    Some(pb::TaskCategory { name, version: call.key.version })
}

/// What nobody can make of its parts: only a caller sends it.
fn nothing_to_pass(method: &str) -> ConnectorError {
    ConnectorError::transient(format!("{method} came without the bytes to pass on"))
}

/// A page of a log, with the message that it came in.
fn as_sent(message: Bytes) -> Result<LogPage, Status> {
    Ok(answers::page(read(message.clone())?).as_sent(message))
}

#[async_trait]
impl DynConnector for Forwarded {
    fn describe(&self) -> Interface {
        Interface {
            config: DynamicConfig::describe(),
            inputs: DynamicInputs::describe(),
            outputs: DynamicOutputs::describe(),
            connection: DynamicConnection::describe(),
        }
    }

    async fn create(&self, request: CreateRequest, call: CallContext) -> Result<Bytes, CallError> {
        drop(request);
        let mut passed =
            as_it_came(&call, "CreateTask").ok_or_else(|| nothing_to_pass("CreateTask"))?;
        // A create goes on without its caller.
        passed.within = None;
        let created = self.created(&passed).await;
        let created = created.map_err(|status| answers::not_created(self.service(), &status))?;
        Ok(created.resource_meta)
    }

    async fn get(
        &self,
        request: JobRequest,
        call: CallContext,
    ) -> Result<ErasedResource, CallError> {
        let passed = as_it_came(&call, "GetTask").unwrap_or_else(|| {
            let JobRequest { resource_meta, output_prefix, connection } = request;
            let task_category = category(&call);
            let message =
                pb::GetTaskRequest { resource_meta, task_category, output_prefix, connection };
            made(&call, "GetTask", &message)
        });
        let asked = self.pool.ask(|channel| {
            let passed = passed.clone();
            async move { passed.unary::<pb::GetTaskResponse>(channel).await }
        });
        let answer = asked.await.map_err(|status| answers::unknown(self.service(), &status))?;
        let resource = answers::resource(answer)?;
        self.tell_of_pickles(&resource, &call);
        Ok(resource)
    }

    async fn get_many(
        &self,
        requests: Vec<(JobRequest, CallContext)>,
    ) -> Vec<Result<ErasedResource, CallError>> {
        join_all(requests.into_iter().map(|(request, call)| self.get(request, call))).await
    }

    async fn delete(&self, request: JobRequest, call: CallContext) -> Result<(), CallError> {
        let passed = as_it_came(&call, "DeleteTask").unwrap_or_else(|| {
            let JobRequest { resource_meta, connection, .. } = request;
            let task_category = category(&call);
            let message = pb::DeleteTaskRequest { resource_meta, task_category, connection };
            made(&call, "DeleteTask", &message)
        });
        let deleted = self.pool.send(|channel| {
            let passed = passed.clone();
            async move { passed.unary::<pb::DeleteTaskResponse>(channel).await }
        });
        let deleted = deleted.await.map_err(|status| answers::unknown(self.service(), &status));
        deleted.map(|pb::DeleteTaskResponse {}| ())
    }

    async fn get_metrics(
        &self,
        _request: QueryRequest<MetricsQuery>,
        call: CallContext,
    ) -> Result<Vec<Metric>, CallError> {
        let passed =
            as_it_came(&call, "GetTaskMetrics").ok_or_else(|| nothing_to_pass("GetTaskMetrics"))?;
        let asked = self.pool.ask(|channel| {
            let passed = passed.clone();
            async move { passed.unary::<pb::GetTaskMetricsResponse>(channel).await }
        });
        let answer = asked.await.map_err(|status| answers::unanswered(self.service(), &status))?;
        Ok(answer.results.into_iter().map(answers::metric).collect())
    }

    async fn get_logs(
        &self,
        _request: QueryRequest<LogQuery>,
        call: CallContext,
    ) -> Result<Logs, CallError> {
        let mut passed =
            as_it_came(&call, "GetTaskLogs").ok_or_else(|| nothing_to_pass("GetTaskLogs"))?;
        // A log may be followed for longer than a call may take; it ends when its reader leaves.
        passed.within = None;
        let asked = self.pool.send(|channel| {
            let passed = passed.clone();
            async move { passed.streaming(channel).await }
        });
        let messages =
            asked.await.map_err(|status| answers::unanswered(self.service(), &status))?;
        let service = Arc::clone(self.pool.name());
        let pages = messages
            .and_then(|sent| ready(as_sent(sent)))
            .map_err(move |status| answers::unanswered(&service, &status))
            .boxed();
        Ok(Logs::stream(pages))
    }
}
