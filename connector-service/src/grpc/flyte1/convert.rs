//! Between the messages that only Flyte 1 has and the types of `connector-core`.
//! The services call these at the edge. Messages that both have go through the conversions of Flyte 2.

use std::sync::Arc;

use connector_core::host::{CreateRequest, JobRequest, Wire};
use connector_core::{ErrorKind, Flyte, pb as core_pb};
use connector_gate::{Finished, Route};
use http::{Extensions, HeaderMap};

use crate::grpc::answer_size::state_that_fits;
use crate::grpc::convert as shared;
use crate::grpc::timeout::caller_timeout;
use crate::grpc::trace_parent::trace_parent;
use crate::pb;
use crate::pb::flyte1;

/// Whom a create is for.
pub(super) fn create_route(
    request: &pb::CreateTaskRequest,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Route {
    Route { flyte: Flyte::V1, ..shared::create_route(request, headers, extensions) }
}

/// Whom a call about a job is for. Clients that predate categories name the task type alone.
pub(super) fn job_route(
    category: Option<pb::TaskCategory>,
    task_type: String,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Route {
    let category = category.filter(|category| !category.name.is_empty());
    let category = category.unwrap_or(pb::TaskCategory { name: task_type, version: 0 });
    Route { flyte: Flyte::V1, ..shared::job_route(Some(category), headers, extensions) }
}

/// Whom a task is for that is run within the call.
pub(super) fn run_route(header: &flyte1::CreateRequestHeader, headers: &HeaderMap) -> Route {
    let (task_type, version) = shared::named(header.template.as_deref());
    let wire: Option<Arc<Wire>> = None;
    let (timeout, trace) = (caller_timeout(headers), trace_parent(headers));
    Route { task_type, version, timeout, flyte: Flyte::V1, trace, wire, held: None }
}

#[expect(deprecated, reason = "the route has it already, as clients of old send it")]
pub(super) fn get(request: flyte1::GetTaskRequest) -> JobRequest {
    let flyte1::GetTaskRequest { resource_meta, output_prefix, task_type: _, task_category: _ } =
        request;
    JobRequest { resource_meta, output_prefix, connection: None }
}

pub(super) fn delete(request: flyte1::DeleteTaskRequest) -> JobRequest {
    let resource_meta = request.resource_meta;
    JobRequest { resource_meta, output_prefix: String::new(), connection: None }
}

/// A question about measurements as Flyte 2 asks it.
pub(super) fn metrics(request: flyte1::GetTaskMetricsRequest) -> pb::GetTaskMetricsRequest {
    pb::GetTaskMetricsRequest {
        resource_meta: request.resource_meta,
        queries: request.queries,
        start_time: request.start_time,
        end_time: request.end_time,
        step: request.step,
        task_category: None,
    }
}

/// A question about log lines as Flyte 2 asks it.
pub(super) fn logs(request: flyte1::GetTaskLogsRequest) -> pb::GetTaskLogsRequest {
    pb::GetTaskLogsRequest {
        resource_meta: request.resource_meta,
        lines: request.lines,
        token: request.token,
        task_category: None,
    }
}

/// A task to run.
pub(super) fn run(
    header: flyte1::CreateRequestHeader,
    inputs: core_pb::task::Inputs,
) -> CreateRequest {
    let flyte1::CreateRequestHeader { template, output_prefix, task_execution_metadata, .. } =
        header;
    shared::create(pb::CreateTaskRequest {
        inputs: Some(inputs),
        template,
        output_prefix,
        task_execution_metadata,
        connection: None,
    })
}

/// How a task ended, as its one answer, no larger than the caller takes.
pub(super) fn finished(finished: Finished, limit: usize) -> flyte1::ExecuteTaskSyncResponse {
    let Finished { resource, error } = finished;
    // Room for the error and for the two messages around the state.
    let state = shared::resource(resource);
    let state = state_that_fits(state, limit.saturating_sub(64)).resource.unwrap_or_default();
    let pb::Resource { outputs, message, log_links, phase, custom_info } = state;
    let outputs = outputs
        .map(|outputs| core_pb::task::Inputs { literals: outputs.literals, ..Default::default() });
    let resource = flyte1::Resource {
        outputs,
        message,
        log_links,
        phase,
        custom_info,
        agent_error: error.map(agent_error),
        // The state of old stays unset: the phase says it, and zero is a failure.
        ..Default::default()
    };
    let header = flyte1::ExecuteTaskSyncResponseHeader { resource: Some(resource) };
    let header = flyte1::execute_task_sync_response::Res::Header(header);
    flyte1::ExecuteTaskSyncResponse { res: Some(header) }
}

/// Propeller makes the code the error code of the task, and reads nothing else.
fn agent_error(kind: ErrorKind) -> flyte1::AgentError {
    let (again, origin) = match kind {
        ErrorKind::InvalidTask => (false, core_pb::execution_error::ErrorKind::User),
        ErrorKind::Retryable => (true, core_pb::execution_error::ErrorKind::Unknown),
        _ => (false, core_pb::execution_error::ErrorKind::Unknown),
    };
    let again = if again {
        flyte1::agent_error::Kind::Recoverable
    } else {
        flyte1::agent_error::Kind::NonRecoverable
    };
    flyte1::AgentError { code: kind.as_str().to_owned(), kind: again.into(), origin: origin.into() }
}

/// One connector as it is listed: its task types twice, as clients of old know no versions.
#[expect(deprecated, reason = "clients of old read it, and Python sends it")]
pub(super) fn agent(name: &str, is_sync: bool, categories: Vec<pb::TaskCategory>) -> flyte1::Agent {
    flyte1::Agent {
        name: name.to_owned(),
        supported_task_types: categories.iter().map(|it| it.name.clone()).collect(),
        is_sync,
        supported_task_categories: categories,
    }
}
