//! Requests to create a task from hostile bytes, run through the example connectors.
//! No request may panic; what a job answers must be a message that its reader can read.

use std::fmt::Debug;
use std::sync::LazyLock;

use connector_core::host::{
    CallError, CreateRequest, DynConnector, Entry, JobRequest, QueryRequest,
};
use connector_core::logs::LogQuery;
use connector_core::metrics::MetricsQuery;
use connector_core::pb::task;
use connector_core::{CallContext, ConnectorKey, NamedLiterals, Registry, TaskType};
use connector_examples as _;
use connector_service::pb::{CreateTaskRequest, Resource};
use fuzz_tests::campaign::Campaign;
use fuzz_tests::corpus::Corpus;
use fuzz_tests::{messages, mutation};
use proptest::prelude::*;
use prost::Message;
use tokio::runtime::{Builder, Runtime};

/// The connectors whose behaviour depends on nothing but the request.
const TASK_TYPES: [&str; 3] = ["batch_job", "echo", "typed_echo"];

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

static REGISTRY: LazyLock<Registry> =
    LazyLock::new(|| RUNTIME.block_on(Registry::linked().build()).expect("the examples agree"));

fn connectors() -> Vec<&'static Entry> {
    let wanted = |entry: &&Entry| TASK_TYPES.contains(&entry.key.task_type.as_str());
    let connectors: Vec<&Entry> = REGISTRY.entries().filter(wanted).collect();
    assert_eq!(connectors.len(), TASK_TYPES.len(), "all are linked: {connectors:?}");
    connectors
}

fn check(bytes: &[u8]) -> Result<bool, String> {
    let Ok(request) = CreateTaskRequest::decode(bytes) else {
        return Ok(false);
    };
    let mut created = false;
    // Every connector gets every request: a type that was damaged away must not end the trial.
    for entry in connectors() {
        let key = &entry.key;
        let ran = RUNTIME.block_on(job(entry.connector.as_ref(), key, request.clone()));
        created |= ran.map_err(|problem| format!("{key}: {problem}"))?;
    }
    let named = request.template.map(|task| (task.r#type, task.task_type_version));
    if let Some((task_type, version)) = named
        && let Some(found) = REGISTRY.get(&task_type, version)
    {
        let legal = TaskType::parse(&task_type).is_ok();
        assert!(legal && found.key.version == version, "{task_type:?} found {}", found.key);
    }
    Ok(created)
}

/// The life of one job; says whether there was one.
async fn job(
    connector: &dyn DynConnector,
    key: &ConnectorKey,
    request: CreateTaskRequest,
) -> Result<bool, String> {
    let CreateTaskRequest { inputs, template, output_prefix, connection, .. } = request;
    let inputs = inputs.unwrap_or_default();
    let call = CallContext::new(key.clone());
    let create = CreateRequest {
        template: template.unwrap_or_default(),
        inputs: NamedLiterals::from(inputs.literals.clone()),
        input_context: inputs.context.into_iter().map(|pair| (pair.key, pair.value)).collect(),
        output_prefix: output_prefix.clone(),
        execution: None,
        connection: connection.clone(),
    };
    let resource_meta = match connector.create(create, call.clone()).await {
        Ok(resource_meta) => resource_meta,
        Err(CallError::Connector(refused)) if !refused.message().is_empty() => return Ok(false),
        Err(other) => return Err(format!("create: {other:?}")),
    };
    let asked = JobRequest { resource_meta: resource_meta.clone(), output_prefix, connection };
    let first = poll(connector, &asked, &call).await?;
    let second = poll(connector, &asked, &call).await?;
    // Bytes are compared, because a NaN equals nothing.
    if first.is_some() && first != second {
        return Err("two polls of a finished job answer different outputs".to_owned());
    }
    if key.task_type.as_str() == "echo" {
        // Of a name that comes twice the last value counts.
        let literals = NamedLiterals::from(inputs.literals).into_entries();
        let given = task::Outputs { literals, ..Default::default() };
        if first.as_deref() != Some(&given.encode_to_vec()[..]) {
            return Err("the outputs are not the inputs".to_owned());
        }
    }
    // Neither may panic; a connector may well have no metrics and no logs.
    let query = MetricsQuery::default();
    let query = QueryRequest { resource_meta: resource_meta.clone(), query };
    drop(connector.get_metrics(query, call.clone()).await);
    let query = LogQuery::default();
    drop(connector.get_logs(QueryRequest { resource_meta, query }, call.clone()).await);
    connector.delete(asked, call).await.map_err(|error| format!("delete: {error}"))?;
    Ok(true)
}

/// One poll; answers the bytes of the outputs, if there are any.
async fn poll(
    connector: &dyn DynConnector,
    asked: &JobRequest,
    call: &CallContext,
) -> Result<Option<Vec<u8>>, String> {
    let resource = connector
        .get(asked.clone(), call.clone())
        .await
        .map_err(|error| format!("get: {error}"))?;
    readable(&Resource {
        message: resource.message,
        phase: resource.phase as i32,
        custom_info: Some(resource.custom_info),
        ..Default::default()
    })?;
    // On their own: a request may be as deep as protobuf's readers go, and an answer has one more
    // level around the outputs than a request around the inputs.
    let outputs = resource
        .outputs
        .into_inline()
        .map(|outputs| task::Outputs { literals: outputs.into_entries(), ..Default::default() });
    outputs.as_ref().map(readable).transpose()
}

/// The bytes of a message, which must mean the same message.
fn readable<M: Message + Debug + Default>(message: &M) -> Result<Vec<u8>, String> {
    let bytes = message.encode_to_vec();
    let read = M::decode(&bytes[..]).map_err(|error| format!("{message:?}: {error}"))?;
    if read.encode_to_vec() == bytes { Ok(bytes) } else { Err(format!("{message:?}: {read:?}")) }
}

#[test]
fn a_request_is_answered_or_refused() {
    let corpus = Corpus::of("create_task");
    let strategy = prop_oneof![
        4 => mutation::broken(&corpus),
        1 => mutation::noise(),
        3 => messages::create_task(),
    ];
    Campaign::new("create_task", env!("CARGO_TARGET_TMPDIR")).run(&corpus, &strategy, check);
}
