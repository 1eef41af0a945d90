//! `AsyncConnectorService`: one short method per call: decode, dispatch, encode.
//! `grpc` mounts it; what a failure looks like is decided in `connector-gate` and `status`.

use std::sync::Arc;

use connector_gate::{Cause, Dispatcher, Failure, Operation, TextLimit};
use prost::Message;
use tonic::{Request, Response, Status};

use super::answer_size::{fitting, state_that_fits};
use super::log_stream::LogMessages;
use super::{convert, log_stream};
use crate::limits::Limits;
use crate::pb;
use crate::pb::async_connector_service_server::AsyncConnectorService;
use crate::status;

/// The service.
#[derive(Debug)]
pub(crate) struct TaskService {
    dispatcher: Arc<Dispatcher>,
    max_response_bytes: usize,
    texts: TextLimit,
}

impl TaskService {
    pub(crate) const fn new(dispatcher: Arc<Dispatcher>, limits: &Limits) -> Self {
        let Limits { max_response_bytes, .. } = *limits;
        Self { dispatcher, max_response_bytes, texts: limits.texts() }
    }

    fn refusal(&self, failure: &Failure) -> Status {
        status::of(failure, self.texts)
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
        let asked = self.dispatcher.get_logs(route, convert::logs(request)).await;
        let (logs, guard) = asked.map_err(|failure| self.refusal(&failure))?;
        Ok(log_stream::messages(logs, guard, self.max_response_bytes, self.texts))
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
        let request = convert::create(request);
        let created = self.dispatcher.create(route, request, input_bytes).await;
        let resource_meta = created.map_err(|failure| self.refusal(&failure))?;
        Ok(Response::new(pb::CreateTaskResponse { resource_meta }))
    }

    async fn get_task(
        &self,
        request: Request<pb::GetTaskRequest>,
    ) -> Result<Response<pb::GetTaskResponse>, Status> {
        let (headers, extensions, mut request) = request.into_parts();
        let route = convert::job_route(request.task_category.take(), headers.as_ref(), &extensions);
        let asked = self.dispatcher.get(route, convert::get(request)).await;
        let state = convert::resource(asked.map_err(|failure| self.refusal(&failure))?);
        Ok(Response::new(state_that_fits(state, self.max_response_bytes)))
    }

    async fn delete_task(
        &self,
        request: Request<pb::DeleteTaskRequest>,
    ) -> Result<Response<pb::DeleteTaskResponse>, Status> {
        let (headers, extensions, mut request) = request.into_parts();
        let route = convert::job_route(request.task_category.take(), headers.as_ref(), &extensions);
        let deleted = self.dispatcher.delete(route, convert::delete(request)).await;
        deleted.map_err(|failure| self.refusal(&failure))?;
        Ok(Response::new(pb::DeleteTaskResponse {}))
    }

    async fn get_task_metrics(
        &self,
        request: Request<pb::GetTaskMetricsRequest>,
    ) -> Result<Response<pb::GetTaskMetricsResponse>, Status> {
        let (headers, extensions, mut request) = request.into_parts();
        let route = convert::job_route(request.task_category.take(), headers.as_ref(), &extensions);
        let request = match convert::metrics(request) {
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
            // The protocol has a code of its own for a range without data; nothing has failed.
            guard.succeed();
            let nothing = "there are no metrics in the time range asked for";
            return Err(Status::out_of_range(nothing));
        }
        let results = metrics.into_iter().map(convert::metric).collect();
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
        request: Request<pb::GetTaskLogsRequest>,
    ) -> Result<Response<Self::GetTaskLogsStream>, Status> {
        let messages = self.logs(request).await?;
        Ok(Response::new(log_stream::read(messages)))
    }
}
