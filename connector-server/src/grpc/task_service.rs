//! `AsyncConnectorService`: one short method per call: decode, dispatch to the gate, encode.
//! `grpc` mounts it; what a failure looks like is decided in `gate` and `status`.

use std::sync::Arc;

use connector_core::erased::CallError;
use prost::Message;
use tonic::{Request, Response, Status};

use super::answer_size::{fitting, state_that_fits};
use super::{convert, log_stream};
use crate::dispatch::Dispatcher;
use crate::failure::Failure;
use crate::operation::Operation;
use crate::pb;
use crate::pb::async_connector_service_server::AsyncConnectorService;
use crate::{deadline, dispatch, status};

/// The service.
#[derive(Debug)]
pub(crate) struct TaskService {
    dispatcher: Arc<Dispatcher>,
    max_response_bytes: usize,
}

impl TaskService {
    pub(crate) const fn new(dispatcher: Arc<Dispatcher>, max_response_bytes: usize) -> Self {
        Self { dispatcher, max_response_bytes }
    }
}

fn refuse(failure: &Failure) -> Status {
    status::of(failure)
}

#[tonic::async_trait]
impl AsyncConnectorService for TaskService {
    async fn create_task(
        &self,
        request: Request<pb::CreateTaskRequest>,
    ) -> Result<Response<pb::CreateTaskResponse>, Status> {
        let timeout = deadline::caller_timeout(request.metadata().as_ref());
        let request = request.into_inner();
        let (task_type, version) = request
            .template
            .as_ref()
            .map_or((String::new(), 0), |task| (task.r#type.clone(), task.task_type_version));
        let input_bytes = request.inputs.as_ref().map_or(0, Message::encoded_len);
        self.dispatcher.metrics().observe_input_bytes(&task_type, input_bytes);
        let route = dispatch::Route { task_type, version, timeout };
        self.dispatcher
            .run(Operation::Create, route, |gate, call| async move {
                let request = convert::create(request, call.context.clone());
                let resource_meta = gate.create(request, &call).await?;
                Ok(pb::CreateTaskResponse { resource_meta })
            })
            .await
            .map(Response::new)
            .map_err(|failure| refuse(&failure))
    }

    async fn get_task(
        &self,
        request: Request<pb::GetTaskRequest>,
    ) -> Result<Response<pb::GetTaskResponse>, Status> {
        let (headers, _, mut request) = request.into_parts();
        let route = convert::call(request.task_category.take(), headers.as_ref());
        let limit = self.max_response_bytes;
        self.dispatcher
            .run(Operation::Get, route, |gate, call| async move {
                let request = convert::get(request, call.context.clone());
                let resource = gate.get(request, &call).await?;
                Ok(state_that_fits(convert::resource(resource), limit))
            })
            .await
            .map(Response::new)
            .map_err(|failure| refuse(&failure))
    }

    async fn delete_task(
        &self,
        request: Request<pb::DeleteTaskRequest>,
    ) -> Result<Response<pb::DeleteTaskResponse>, Status> {
        let (headers, _, mut request) = request.into_parts();
        let route = convert::call(request.task_category.take(), headers.as_ref());
        self.dispatcher
            .run(Operation::Delete, route, |gate, call| async move {
                gate.delete(convert::delete(request, call.context.clone()), &call).await?;
                Ok(pb::DeleteTaskResponse {})
            })
            .await
            .map(Response::new)
            .map_err(|failure| refuse(&failure))
    }

    async fn get_task_metrics(
        &self,
        request: Request<pb::GetTaskMetricsRequest>,
    ) -> Result<Response<pb::GetTaskMetricsResponse>, Status> {
        let (headers, _, mut request) = request.into_parts();
        let route = convert::call(request.task_category.take(), headers.as_ref());
        let limit = self.max_response_bytes;
        let asked = self.dispatcher.run(Operation::GetMetrics, route, |gate, call| async move {
            let request =
                convert::metrics(request, call.context.clone()).map_err(CallError::Connector)?;
            let query = &request.query;
            // The protocol has a code of its own for a range without data.
            let ranged = query.start.is_some() || query.end.is_some();
            let backwards = query.start.zip(query.end).is_some_and(|(start, end)| end < start);
            let metrics =
                if backwards { Vec::new() } else { gate.get_metrics(request, &call).await? };
            if ranged && metrics.is_empty() {
                return Ok(None);
            }
            let results = metrics.into_iter().map(convert::metric).collect();
            let answer = pb::GetTaskMetricsResponse { results };
            fitting(answer, limit, "ask for a shorter range or a larger step").map(Some)
        });
        match asked.await.map_err(|failure| refuse(&failure))? {
            Some(answer) => Ok(Response::new(answer)),
            None => Err(Status::out_of_range("there are no metrics in the time range asked for")),
        }
    }

    type GetTaskLogsStream = log_stream::LogMessages;

    async fn get_task_logs(
        &self,
        request: Request<pb::GetTaskLogsRequest>,
    ) -> Result<Response<Self::GetTaskLogsStream>, Status> {
        let (headers, _, mut request) = request.into_parts();
        let route = convert::call(request.task_category.take(), headers.as_ref());
        let asked = route.clone();
        let limit = self.max_response_bytes;
        self.dispatcher
            .run_guarded(Operation::GetLogs, route, |gate, call| async move {
                gate.get_logs(convert::logs(request, call.context.clone()), &call).await
            })
            .await
            .map(|(logs, guard)| Response::new(log_stream::messages(logs, asked, guard, limit)))
            .map_err(|failure| refuse(&failure))
    }
}
