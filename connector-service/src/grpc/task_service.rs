//! `AsyncConnectorService`: one short method per call: decode, dispatch, encode.
//! `grpc` mounts it; what follows the conversion is in `calls`, and what a failure looks like is decided in
//! `connector-gate` and `status`.

use std::sync::Arc;

use prost::Message;
use tonic::{Request, Response, Status};

use super::calls::Calls;
use super::log_stream::LogMessages;
use super::{convert, log_stream};
use crate::pb;
use crate::pb::async_connector_service_server::AsyncConnectorService;

/// The service.
#[derive(Debug)]
pub(crate) struct TaskService {
    calls: Arc<Calls>,
}

impl TaskService {
    pub(super) const fn new(calls: Arc<Calls>) -> Self {
        Self { calls }
    }

    /// The messages of a job's log.
    ///
    /// # Errors
    /// The status of a call that failed.
    pub(super) async fn logs(
        &self,
        request: Request<pb::GetTaskLogsRequest>,
    ) -> Result<LogMessages, Status> {
        let (headers, extensions, mut request) = request.into_parts();
        let route = convert::job_route(request.task_category.take(), headers.as_ref(), &extensions);
        self.calls.logs(route, convert::logs(request)).await
    }
}

#[tonic::async_trait]
impl AsyncConnectorService for TaskService {
    async fn create_task(
        &self,
        request: Request<pb::CreateTaskRequest>,
    ) -> Result<Response<pb::CreateTaskResponse>, Status> {
        let (headers, extensions, request) = request.into_parts();
        let route = convert::create_route(&request, headers.as_ref(), &extensions);
        let input_bytes = request.inputs.as_ref().map_or(0, Message::encoded_len);
        self.calls.create(route, convert::create(request), input_bytes).await
    }

    async fn get_task(
        &self,
        request: Request<pb::GetTaskRequest>,
    ) -> Result<Response<pb::GetTaskResponse>, Status> {
        let (headers, extensions, mut request) = request.into_parts();
        let route = convert::job_route(request.task_category.take(), headers.as_ref(), &extensions);
        self.calls.get(route, convert::get(request)).await
    }

    async fn delete_task(
        &self,
        request: Request<pb::DeleteTaskRequest>,
    ) -> Result<Response<pb::DeleteTaskResponse>, Status> {
        let (headers, extensions, mut request) = request.into_parts();
        let route = convert::job_route(request.task_category.take(), headers.as_ref(), &extensions);
        self.calls.delete(route, convert::delete(request)).await
    }

    async fn get_task_metrics(
        &self,
        request: Request<pb::GetTaskMetricsRequest>,
    ) -> Result<Response<pb::GetTaskMetricsResponse>, Status> {
        let (headers, extensions, mut request) = request.into_parts();
        let route = convert::job_route(request.task_category.take(), headers.as_ref(), &extensions);
        self.calls.metrics(route, convert::metrics(request)).await
    }

    type GetTaskLogsStream = log_stream::ReadMessages;

    async fn get_task_logs(
        &self,
        request: Request<pb::GetTaskLogsRequest>,
    ) -> Result<Response<Self::GetTaskLogsStream>, Status> {
        let messages = self.logs(request).await?;
        Ok(Response::new(log_stream::read(messages)))
    }
}
