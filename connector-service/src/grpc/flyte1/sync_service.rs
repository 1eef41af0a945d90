//! `SyncAgentService`: tasks that are run within the call. A header and the inputs come in, one header with
//! the result goes out.
//! `flyte1` mounts it; what becomes of errors is decided in `connector-gate`.

use std::pin::Pin;
use std::sync::Arc;

use connector_core::{ConnectorError, pb as core_pb};
use connector_gate::Cause;
use futures_util::{Stream, StreamExt, stream};
use http::HeaderMap;
use tonic::{Request, Response, Status, Streaming};

use super::convert;
use crate::grpc::calls::Calls;
use crate::pb::flyte1::execute_task_sync_request::Part;
use crate::pb::flyte1::sync_agent_service_server::SyncAgentService;
use crate::pb::flyte1::{CreateRequestHeader, ExecuteTaskSyncRequest, ExecuteTaskSyncResponse};

/// The service.
#[derive(Debug)]
pub(super) struct SyncService {
    calls: Arc<Calls>,
}

/// What a caller reads.
type Answers = Pin<Box<dyn Stream<Item = Result<ExecuteTaskSyncResponse, Status>> + Send>>;

impl SyncService {
    pub(super) const fn new(calls: Arc<Calls>) -> Self {
        Self { calls }
    }

    /// The answer, once header and inputs are there; whatever comes after them is left unread, and the
    /// end of the requests is not waited for.
    async fn answer(
        &self,
        headers: &HeaderMap,
        requests: &mut Streaming<ExecuteTaskSyncRequest>,
    ) -> Result<ExecuteTaskSyncResponse, Status> {
        let header = header(requests).await?;
        let route = convert::run_route(&header, headers);
        let call = self.calls.dispatcher.begin_sync(route);
        let call = call.map_err(|failure| self.calls.refusal(&failure))?;
        let inputs = match inputs(requests).await {
            Ok(inputs) => inputs,
            Err(Unread::Broken(status)) => return Err(status),
            Err(Unread::Missing(what)) => {
                let cause = Cause::from(ConnectorError::invalid_task(what));
                return Err(self.calls.refusal(&call.refuse(cause)));
            }
        };
        let finished = call.run(convert::run(header, inputs)).await;
        let finished = finished.map_err(|failure| self.calls.refusal(&failure))?;
        Ok(convert::finished(finished, self.calls.max_response_bytes()))
    }
}

/// Reads what a call begins with. Whom a call is for that begins otherwise, nobody knows.
async fn header(
    requests: &mut Streaming<ExecuteTaskSyncRequest>,
) -> Result<CreateRequestHeader, Status> {
    let found = match requests.message().await? {
        Some(ExecuteTaskSyncRequest { part: Some(Part::Header(header)) }) => return Ok(header),
        Some(ExecuteTaskSyncRequest { part: Some(Part::Inputs(_)) }) => "inputs",
        Some(ExecuteTaskSyncRequest { part: None }) => "a message without a part",
        None => "nothing",
    };
    Err(Status::invalid_argument(format!(
        "a call that runs a task begins with its header, then come the inputs; this one began with \
         {found}"
    )))
}

/// Why there are no inputs.
enum Unread {
    /// The caller sent something else.
    Missing(&'static str),
    /// The caller cannot be read any more.
    Broken(Status),
}

/// Reads what comes after the header.
async fn inputs(
    requests: &mut Streaming<ExecuteTaskSyncRequest>,
) -> Result<core_pb::task::Inputs, Unread> {
    let what = match requests.message().await.map_err(Unread::Broken)? {
        Some(ExecuteTaskSyncRequest { part: Some(Part::Inputs(inputs)) }) => return Ok(inputs),
        Some(ExecuteTaskSyncRequest { part: Some(Part::Header(_)) }) => {
            "the inputs are missing: a second header came in their place"
        }
        Some(ExecuteTaskSyncRequest { part: None }) => {
            "the inputs are missing: a message without a part came in their place"
        }
        None => "the inputs are missing: the stream of requests ended after the header",
    };
    Err(Unread::Missing(what))
}

#[tonic::async_trait]
impl SyncAgentService for SyncService {
    type ExecuteTaskSyncStream = Answers;

    async fn execute_task_sync(
        &self,
        request: Request<Streaming<ExecuteTaskSyncRequest>>,
    ) -> Result<Response<Answers>, Status> {
        let (headers, _, mut requests) = request.into_parts();
        let answer = self.answer(headers.as_ref(), &mut requests).await?;
        // The requests are let go of with the answer and not before it: a caller who goes on sending is
        // not cut off in the middle.
        let answers = stream::once(async move {
            drop(requests);
            Ok(answer)
        });
        Ok(Response::new(answers.boxed()))
    }
}
