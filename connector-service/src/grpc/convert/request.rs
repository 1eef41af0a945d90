//! Requests of the service, as the raw requests of `connector-core`.

use std::sync::Arc;

use connector_core::host::{CreateRequest, JobRequest, QueryRequest, Wire};
use connector_core::logs::LogQuery;
use connector_core::metrics::MetricsQuery;
use connector_core::pb as core_pb;
use connector_core::{Flyte, NamedLiterals, Result, TaskExecution};
use connector_gate::{Held, Route};
use http::{Extensions, HeaderMap};

use super::time;
use crate::grpc::timeout::caller_timeout;
use crate::grpc::trace_parent::trace_parent;
use crate::held;
use crate::pb;

/// Whom a create is for.
pub(in crate::grpc) fn create_route(
    request: &pb::CreateTaskRequest,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Route {
    let (task_type, version) = named(request.template.as_deref());
    let (timeout, wire) = (caller_timeout(headers), wire(extensions));
    let trace = trace_parent(headers);
    // It may go on when its caller has left.
    let held = held::lasting().map(|held| held as Held);
    Route { task_type, version, timeout, flyte: Flyte::V2, trace, wire, held }
}

/// The task type and version of a template. A request without one names the empty type, too.
pub(in crate::grpc) fn named(template: Option<&core_pb::TaskTemplate>) -> (String, i32) {
    template.map_or((String::new(), 0), |task| (task.r#type.clone(), task.task_type_version))
}

/// Whom a call about a job is for. A request without a category names the empty type, which no
/// connector serves.
pub(in crate::grpc) fn job_route(
    category: Option<pb::TaskCategory>,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Route {
    let pb::TaskCategory { name, version } = category.unwrap_or_default();
    let timeout = caller_timeout(headers);
    let (trace, wire) = (trace_parent(headers), wire(extensions));
    Route { task_type: name, version, timeout, flyte: Flyte::V2, trace, wire, held: None }
}

/// The request in its own bytes, where a layer kept them.
fn wire(extensions: &Extensions) -> Option<Arc<Wire>> {
    extensions.get().map(Arc::clone)
}

pub(in crate::grpc) fn create(request: pb::CreateTaskRequest) -> CreateRequest {
    let pb::CreateTaskRequest {
        inputs,
        template,
        output_prefix,
        task_execution_metadata,
        connection,
    } = request;
    let core_pb::task::Inputs { literals, context } = inputs.unwrap_or_default();
    CreateRequest {
        template: template.unwrap_or_default(),
        inputs: NamedLiterals::from(literals),
        input_context: context.into_iter().map(|pair| (pair.key, pair.value)).collect(),
        output_prefix,
        execution: task_execution_metadata.map(|metadata| Box::new(execution(*metadata))),
        connection,
    }
}

fn execution(metadata: pb::TaskExecutionMetadata) -> TaskExecution {
    let pb::TaskExecutionMetadata {
        task_execution_id,
        namespace,
        labels,
        annotations,
        k8s_service_account,
        environment_variables,
        max_attempts,
        interruptible,
        interruptible_failure_threshold,
        identity,
    } = metadata;
    let mut execution = TaskExecution::default();
    execution.id = task_execution_id;
    execution.namespace = namespace;
    execution.labels = labels;
    execution.annotations = annotations;
    execution.k8s_service_account = k8s_service_account;
    execution.environment_variables = environment_variables;
    execution.max_attempts = max_attempts;
    execution.interruptible = interruptible;
    execution.interruptible_failure_threshold = interruptible_failure_threshold;
    execution.identity = identity;
    execution
}

pub(in crate::grpc) fn get(request: pb::GetTaskRequest) -> JobRequest {
    let pb::GetTaskRequest { resource_meta, output_prefix, connection, .. } = request;
    JobRequest { resource_meta, output_prefix, connection }
}

pub(in crate::grpc) fn delete(request: pb::DeleteTaskRequest) -> JobRequest {
    let pb::DeleteTaskRequest { resource_meta, connection, .. } = request;
    JobRequest { resource_meta, output_prefix: String::new(), connection }
}

pub(in crate::grpc) fn metrics(
    request: pb::GetTaskMetricsRequest,
) -> Result<QueryRequest<MetricsQuery>> {
    let pb::GetTaskMetricsRequest { resource_meta, queries, start_time, end_time, step, .. } =
        request;
    let query = MetricsQuery::new()
        .queries(queries)
        .start(start_time.map(|at| time::system_time("start_time", at)).transpose()?)
        .end(end_time.map(|at| time::system_time("end_time", at)).transpose()?)
        .step(step.map(|span| time::positive("step", span)).transpose()?);
    Ok(QueryRequest { resource_meta, query })
}

pub(in crate::grpc) fn logs(request: pb::GetTaskLogsRequest) -> QueryRequest<LogQuery> {
    let pb::GetTaskLogsRequest { resource_meta, lines, token, .. } = request;
    let query = LogQuery::new().lines((lines > 0).then_some(lines)).token(token);
    QueryRequest { resource_meta, query }
}
