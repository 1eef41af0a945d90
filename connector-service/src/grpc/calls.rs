//! A call about a task between its request, which a service has converted, and its answer: dispatched, encoded
//! and kept within what its caller takes. The services of both Flytes end here; their answers are the same.

use std::sync::Arc;

use connector_core::Result as Converted;
use connector_core::host::{CreateRequest, JobRequest, QueryRequest};
use connector_core::logs::LogQuery;
use connector_core::metrics::MetricsQuery;
use connector_gate::{Cause, Dispatcher, Failure, Operation, Route, TextLimit};
use tonic::{Response, Status};

use super::answer_size::{fitting, state_that_fits};
use super::log_stream::LogMessages;
use super::{convert, log_stream};
use crate::limits::LiveLimits;
use crate::pb;
use crate::status;

/// What the services of tasks share.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(super) dispatcher: Arc<Dispatcher>,
    limits: LiveLimits,
    texts: TextLimit,
}

impl Calls {
    pub(super) fn new(dispatcher: Arc<Dispatcher>, limits: LiveLimits) -> Self {
        let texts = limits.now().texts();
        Self { dispatcher, limits, texts }
    }

    /// The largest answer that callers take, in bytes.
    pub(super) fn max_response_bytes(&self) -> usize {
        self.limits.now().max_response_bytes
    }

    /// A failure as its caller sees it.
    pub(super) fn refusal(&self, failure: &Failure) -> Status {
        status::of(failure, self.texts)
    }

    /// # Errors
    /// The status of a call that failed, here and below.
    pub(super) async fn create(
        &self,
        route: Route,
        request: CreateRequest,
        input_bytes: usize,
    ) -> Result<Response<pb::CreateTaskResponse>, Status> {
        let created = self.dispatcher.create(route, request, input_bytes).await;
        let resource_meta = created.map_err(|failure| self.refusal(&failure))?;
        Ok(Response::new(pb::CreateTaskResponse { resource_meta }))
    }

    pub(super) async fn get(
        &self,
        route: Route,
        request: JobRequest,
    ) -> Result<Response<pb::GetTaskResponse>, Status> {
        let asked = self.dispatcher.get(route, request).await;
        let state = convert::resource(asked.map_err(|failure| self.refusal(&failure))?);
        Ok(Response::new(state_that_fits(state, self.max_response_bytes())))
    }

    pub(super) async fn delete(
        &self,
        route: Route,
        request: JobRequest,
    ) -> Result<Response<pb::DeleteTaskResponse>, Status> {
        let deleted = self.dispatcher.delete(route, request).await;
        deleted.map_err(|failure| self.refusal(&failure))?;
        Ok(Response::new(pb::DeleteTaskResponse {}))
    }

    /// Measurements; a request that cannot be read is counted as a call, too.
    pub(super) async fn metrics(
        &self,
        route: Route,
        request: Converted<QueryRequest<MetricsQuery>>,
    ) -> Result<Response<pb::GetTaskMetricsResponse>, Status> {
        let request = match request {
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
        match fitting(answer, self.max_response_bytes(), "ask for a shorter range or a larger step")
        {
            Ok(answer) => {
                guard.succeed();
                Ok(Response::new(answer))
            }
            Err(cause) => Err(self.refusal(&guard.fail(cause))),
        }
    }

    /// The messages of a job's log.
    pub(super) async fn logs(
        &self,
        route: Route,
        request: QueryRequest<LogQuery>,
    ) -> Result<LogMessages, Status> {
        let asked = self.dispatcher.get_logs(route, request).await;
        let (logs, guard) = asked.map_err(|failure| self.refusal(&failure))?;
        Ok(log_stream::messages(logs, guard, self.max_response_bytes(), self.texts))
    }
}
