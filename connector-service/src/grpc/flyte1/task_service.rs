//! `AsyncAgentService`: one short method per call: decode, dispatch, encode.
//! `flyte1` mounts it. Its answers are those of Flyte 2's service, byte for byte.

use std::sync::Arc;

use connector_gate::{Cause, Dispatcher, Failure, Operation, TextLimit};
use prost::Message;
use tonic::{Request, Response, Status};

use super::convert;
use crate::grpc::answer_size::{fitting, state_that_fits};
use crate::grpc::{convert as shared, log_stream};
use crate::limits::Limits;
use crate::pb;
use crate::pb::flyte1;
use crate::pb::flyte1::async_agent_service_server::AsyncAgentService;
use crate::status;

/// The service.
#[derive(Debug)]
pub(super) struct AgentService {
    dispatcher: Arc<Dispatcher>,
    max_response_bytes: usize,
    texts: TextLimit,
}

impl AgentService {
    pub(super) const fn new(dispatcher: Arc<Dispatcher>, limits: &Limits) -> Self {
        let Limits { max_response_bytes, .. } = *limits;
        Self { dispatcher, max_response_bytes, texts: limits.texts() }
    }

    fn refusal(&self, failure: &Failure) -> Status {
        status::of(failure, self.texts)
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
        let created = self.dispatcher.create(route, shared::create(request), input_bytes).await;
        let resource_meta = created.map_err(|failure| self.refusal(&failure))?;
        Ok(Response::new(pb::CreateTaskResponse { resource_meta }))
    }

    async fn get_task(
        &self,
        request: Request<flyte1::GetTaskRequest>,
    ) -> Result<Response<pb::GetTaskResponse>, Status> {
        let (headers, extensions, mut request) = request.into_parts();
        let (category, task_type) = (request.task_category.take(), request.task_type.split_off(0));
        let route = convert::job_route(category, task_type, headers.as_ref(), &extensions);
        let asked = self.dispatcher.get(route, convert::get(request)).await;
        let state = shared::resource(asked.map_err(|failure| self.refusal(&failure))?);
        Ok(Response::new(state_that_fits(state, self.max_response_bytes)))
    }

    async fn delete_task(
        &self,
        request: Request<flyte1::DeleteTaskRequest>,
    ) -> Result<Response<pb::DeleteTaskResponse>, Status> {
        let (headers, extensions, mut request) = request.into_parts();
        let (category, task_type) = (request.task_category.take(), request.task_type.split_off(0));
        let route = convert::job_route(category, task_type, headers.as_ref(), &extensions);
        let deleted = self.dispatcher.delete(route, convert::delete(request)).await;
        deleted.map_err(|failure| self.refusal(&failure))?;
        Ok(Response::new(pb::DeleteTaskResponse {}))
    }

    async fn get_task_metrics(
        &self,
        request: Request<flyte1::GetTaskMetricsRequest>,
    ) -> Result<Response<pb::GetTaskMetricsResponse>, Status> {
        let (headers, extensions, mut request) = request.into_parts();
        let (category, task_type) = (request.task_category.take(), request.task_type.split_off(0));
        let route = convert::job_route(category, task_type, headers.as_ref(), &extensions);
        let request = match shared::metrics(convert::metrics(request)) {
            Ok(request) => request,
            Err(error) => {
                let cause = Cause::from(error);
                let failure = self.dispatcher.refused(Operation::GetMetrics, route, cause);
                return Err(self.refusal(&failure));
            }
        };
        let ranged = request.query.start.is_some() || request.query.end.is_some();
        let asked = self.dispatcher.get_metrics(route, request).await;
        let (metrics, guard) = asked.map_err(|failure| self.refusal(&failure))?;
        if ranged && metrics.is_empty() {
            guard.succeed();
            let nothing = "there are no metrics in the time range asked for";
            return Err(Status::out_of_range(nothing));
        }
        let results = metrics.into_iter().map(shared::metric).collect();
        let answer = pb::GetTaskMetricsResponse { results };
        match fitting(answer, self.max_response_bytes, "ask for a shorter range or a larger step") {
            Ok(answer) => {
                guard.succeed();
                Ok(Response::new(answer))
            }
            Err(cause) => Err(self.refusal(&guard.fail(cause))),
        }
    }

    type GetTaskLogsStream = log_stream::ReadMessages;

    async fn get_task_logs(
        &self,
        request: Request<flyte1::GetTaskLogsRequest>,
    ) -> Result<Response<Self::GetTaskLogsStream>, Status> {
        let (headers, extensions, mut request) = request.into_parts();
        let (category, task_type) = (request.task_category.take(), request.task_type.split_off(0));
        let route = convert::job_route(category, task_type, headers.as_ref(), &extensions);
        let asked = self.dispatcher.get_logs(route, shared::logs(convert::logs(request))).await;
        let (logs, guard) = asked.map_err(|failure| self.refusal(&failure))?;
        let messages = log_stream::messages(logs, guard, self.max_response_bytes, self.texts);
        Ok(Response::new(log_stream::read(messages)))
    }
}
