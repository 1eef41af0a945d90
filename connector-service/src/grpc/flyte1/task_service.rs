//! `AsyncAgentService`: one short method per call: decode, dispatch, encode.
//! `flyte1` mounts it. Its answers are those of Flyte 2's service, byte for byte.

use std::sync::Arc;

use prost::Message;
use tonic::{Request, Response, Status};

use super::convert;
use crate::grpc::calls::Calls;
use crate::grpc::{convert as shared, log_stream};
use crate::pb;
use crate::pb::flyte1;
use crate::pb::flyte1::async_agent_service_server::AsyncAgentService;

/// The service.
#[derive(Debug)]
pub(super) struct AgentService {
    calls: Arc<Calls>,
}

impl AgentService {
    pub(super) const fn new(calls: Arc<Calls>) -> Self {
        Self { calls }
    }
}

#[tonic::async_trait]
#[expect(deprecated, reason = "clients of old name the task type alone")]
impl AsyncAgentService for AgentService {
    async fn create_task(
        &self,
        request: Request<pb::CreateTaskRequest>,
    ) -> Result<Response<pb::CreateTaskResponse>, Status> {
        let (headers, extensions, request) = request.into_parts();
        let route = convert::create_route(&request, headers.as_ref(), &extensions);
        let input_bytes = request.inputs.as_ref().map_or(0, Message::encoded_len);
        self.calls.create(route, shared::create(request), input_bytes).await
    }

    async fn get_task(
        &self,
        request: Request<flyte1::GetTaskRequest>,
    ) -> Result<Response<pb::GetTaskResponse>, Status> {
        let (headers, extensions, mut request) = request.into_parts();
        let (category, task_type) = (request.task_category.take(), request.task_type.split_off(0));
        let route = convert::job_route(category, task_type, headers.as_ref(), &extensions);
        self.calls.get(route, convert::get(request)).await
    }

    async fn delete_task(
        &self,
        request: Request<flyte1::DeleteTaskRequest>,
    ) -> Result<Response<pb::DeleteTaskResponse>, Status> {
        let (headers, extensions, mut request) = request.into_parts();
        let (category, task_type) = (request.task_category.take(), request.task_type.split_off(0));
        let route = convert::job_route(category, task_type, headers.as_ref(), &extensions);
        self.calls.delete(route, convert::delete(request)).await
    }

    async fn get_task_metrics(
        &self,
        request: Request<flyte1::GetTaskMetricsRequest>,
    ) -> Result<Response<pb::GetTaskMetricsResponse>, Status> {
        let (headers, extensions, mut request) = request.into_parts();
        let (category, task_type) = (request.task_category.take(), request.task_type.split_off(0));
        let route = convert::job_route(category, task_type, headers.as_ref(), &extensions);
        self.calls.metrics(route, shared::metrics(convert::metrics(request))).await
    }

    type GetTaskLogsStream = log_stream::ReadMessages;

    async fn get_task_logs(
        &self,
        request: Request<flyte1::GetTaskLogsRequest>,
    ) -> Result<Response<Self::GetTaskLogsStream>, Status> {
        let (headers, extensions, mut request) = request.into_parts();
        let (category, task_type) = (request.task_category.take(), request.task_type.split_off(0));
        let route = convert::job_route(category, task_type, headers.as_ref(), &extensions);
        let messages = self.calls.logs(route, shared::logs(convert::logs(request))).await?;
        Ok(Response::new(log_stream::read(messages)))
    }
}
