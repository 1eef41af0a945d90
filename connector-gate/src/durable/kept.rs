//! A create as it is kept in the store, so that another process can find out how it ended: without its
//! connection, and no more of it than that needs.

use std::collections::BTreeMap;

use bytes::Bytes;
use connector_core::host::CreateRequest;
use connector_core::policy::Recovery;
use connector_core::{CallContext, Flyte, NamedLiterals, TaskExecution, pb};
use prost::Message;

/// The largest one kept, in bytes. A store holds one for each attempt.
const MOST: usize = 64 * 1024;

/// A create that may be repeated, and for which Flyte it was.
#[derive(Debug)]
pub(crate) struct Repeated {
    pub(crate) request: CreateRequest,
    pub(crate) flyte: Flyte,
}

/// The message. Its numbers are for ever: another release reads what this one wrote.
#[derive(Clone, PartialEq, Message)]
struct Kept {
    #[prost(bool, tag = "1")]
    flyte_1: bool,
    #[prost(string, tag = "2")]
    output_prefix: String,
    #[prost(message, optional, tag = "3")]
    execution: Option<Execution>,
    #[prost(message, optional, boxed, tag = "4")]
    template: Option<Box<pb::TaskTemplate>>,
    #[prost(message, repeated, tag = "5")]
    inputs: Vec<pb::task::NamedLiteral>,
    #[prost(message, repeated, tag = "6")]
    input_context: Vec<Pair>,
}

#[derive(Clone, PartialEq, Message)]
struct Pair {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Execution {
    #[prost(message, optional, tag = "1")]
    id: Option<pb::TaskExecutionIdentifier>,
    #[prost(string, tag = "2")]
    namespace: String,
    #[prost(btree_map = "string, string", tag = "3")]
    labels: BTreeMap<String, String>,
    #[prost(btree_map = "string, string", tag = "4")]
    annotations: BTreeMap<String, String>,
    #[prost(string, tag = "5")]
    k8s_service_account: String,
    #[prost(btree_map = "string, string", tag = "6")]
    environment_variables: BTreeMap<String, String>,
    #[prost(int32, tag = "7")]
    max_attempts: i32,
    #[prost(bool, tag = "8")]
    interruptible: bool,
    #[prost(int32, tag = "9")]
    interruptible_failure_threshold: i32,
    #[prost(message, optional, tag = "10")]
    identity: Option<pb::Identity>,
}

/// What is kept of a create: all of it where it can be made again, who asked for it where the connector
/// finds its job, and nothing where neither helps or it is too large.
pub(super) fn encoded(
    recovery: Recovery,
    context: &CallContext,
    request: &CreateRequest,
) -> Option<Bytes> {
    let mut kept = Kept {
        flyte_1: context.flyte == Flyte::V1,
        output_prefix: request.output_prefix.clone(),
        ..Kept::default()
    };
    let execution = request.execution.as_deref();
    match recovery {
        Recovery::Neither => return None,
        Recovery::Find => {
            let id = execution.and_then(|execution| execution.id.clone());
            kept.execution = Some(Execution { id, ..Execution::default() });
        }
        Recovery::Keys => {
            // Looked at before anything is copied: inputs can be large.
            let inputs: usize =
                request.inputs.iter().map(|(_, literal)| literal.encoded_len()).sum();
            if inputs + request.template.encoded_len() > MOST {
                return None;
            }
            kept.execution = execution.cloned().map(Execution::from);
            kept.template = Some(request.template.clone());
            kept.inputs = request.inputs.clone().into_entries();
            let context = request.input_context.iter().cloned();
            kept.input_context = context.map(|(key, value)| Pair { key, value }).collect();
        }
    }
    (kept.encoded_len() <= MOST).then(|| kept.encode_to_vec().into())
}

impl Repeated {
    /// The create that was kept; none if it cannot be read.
    pub(crate) fn of(kept: &[u8]) -> Option<Self> {
        let kept = Kept::decode(kept).ok()?;
        let context = kept.input_context.into_iter();
        let request = CreateRequest {
            template: kept.template.unwrap_or_default(),
            inputs: NamedLiterals::from(kept.inputs),
            input_context: context.map(|pair| (pair.key, pair.value)).collect(),
            output_prefix: kept.output_prefix,
            execution: kept.execution.map(|execution| Box::new(execution.into())),
            connection: None,
        };
        Some(Self { request, flyte: if kept.flyte_1 { Flyte::V1 } else { Flyte::V2 } })
    }
}

impl From<TaskExecution> for Execution {
    fn from(execution: TaskExecution) -> Self {
        Self {
            id: execution.id,
            namespace: execution.namespace,
            labels: execution.labels,
            annotations: execution.annotations,
            k8s_service_account: execution.k8s_service_account,
            environment_variables: execution.environment_variables,
            max_attempts: execution.max_attempts,
            interruptible: execution.interruptible,
            interruptible_failure_threshold: execution.interruptible_failure_threshold,
            identity: execution.identity,
        }
    }
}

impl From<Execution> for TaskExecution {
    fn from(kept: Execution) -> Self {
        let mut execution = Self::default();
        execution.id = kept.id;
        execution.namespace = kept.namespace;
        execution.labels = kept.labels;
        execution.annotations = kept.annotations;
        execution.k8s_service_account = kept.k8s_service_account;
        execution.environment_variables = kept.environment_variables;
        execution.max_attempts = kept.max_attempts;
        execution.interruptible = kept.interruptible;
        execution.interruptible_failure_threshold = kept.interruptible_failure_threshold;
        execution.identity = kept.identity;
        execution
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use connector_core::literal::string;
    use connector_core::{ConnectorKey, TaskType};

    use super::*;

    fn context() -> CallContext {
        let task_type = TaskType::parse("render").unwrap();
        CallContext::new(ConnectorKey { task_type, version: 0 }).flyte(Flyte::V1)
    }

    fn request(input: usize) -> CreateRequest {
        let mut execution = TaskExecution::new(pb::TaskExecutionIdentifier {
            retry_attempt: 3,
            ..Default::default()
        });
        execution.labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        execution.max_attempts = 4;
        let template =
            Box::new(pb::TaskTemplate { r#type: "render".to_owned(), ..Default::default() });
        CreateRequest {
            template,
            inputs: [("text", string("x".repeat(input)))].into_iter().collect(),
            input_context: vec![("k".to_owned(), "v".to_owned())],
            output_prefix: "s3://out/3".to_owned(),
            execution: Some(Box::new(execution)),
            connection: Some(pb::Connection {
                secrets: [("api_key".to_owned(), "hunter2".to_owned())].into(),
                ..Default::default()
            }),
        }
    }

    #[test]
    fn a_create_comes_back_as_it_was_but_for_its_connection() {
        let kept = encoded(Recovery::Keys, &context(), &request(10)).unwrap();
        assert!(!String::from_utf8_lossy(&kept).contains("hunter2"));
        let Repeated { request: back, flyte } = Repeated::of(&kept).unwrap();
        let sent = request(10);
        assert_eq!((back.template, back.inputs), (sent.template, sent.inputs));
        assert_eq!(
            (back.input_context, back.output_prefix),
            (sent.input_context, sent.output_prefix)
        );
        assert_eq!((back.execution, flyte, back.connection), (sent.execution, Flyte::V1, None));
        assert!(Repeated::of(b"\xff\xff").is_none());
    }

    #[test]
    fn no_more_is_kept_than_taking_over_needs() {
        assert_eq!(encoded(Recovery::Neither, &context(), &request(10)), None);
        assert_eq!(encoded(Recovery::Keys, &context(), &request(70_000)), None, "it is too large");
        let asked = encoded(Recovery::Find, &context(), &request(70_000)).unwrap();
        assert!(asked.len() < 100, "{} bytes", asked.len());
        let Repeated { request: back, .. } = Repeated::of(&asked).unwrap();
        assert!(back.inputs.is_empty() && back.execution.is_some());
        assert_eq!(back.output_prefix, "s3://out/3");
    }
}
