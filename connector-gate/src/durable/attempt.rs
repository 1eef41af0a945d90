//! What an attempt is called in the store: the same in every process and in every release.
//! `create/identity.rs` has the same notion of it for this process alone, by a quicker hash.

use connector_core::CallContext;
use connector_core::host::CreateRequest;
use connector_core::host::digest::{digest, hex};
use connector_core::idempotency::IdempotencyKey;
use prost::Message;

use crate::state_store::Attempt;

/// Stands in front of everything hashed; another derivation takes another number.
const DERIVATION: &str = "flyte-connector/attempt/1";

/// The attempt that a create is of, without its request; none where it names no execution.
pub(super) fn of(context: &CallContext, request: &CreateRequest) -> Option<Attempt> {
    let identity = request.execution.as_deref()?.execution_identity()?;
    let (key, previous) = request.idempotency_keys(context.flyte);
    let content = content(request);
    let version = context.key.version;
    let row = |key: IdempotencyKey| {
        let task_type = context.key.task_type.as_str().as_bytes();
        let fields =
            [DERIVATION.as_bytes(), task_type, &version.to_be_bytes(), key.as_str().as_bytes()];
        hex(&digest(fields.into_iter().chain([content.as_slice()])))
    };
    Some(Attempt {
        key: row(key?),
        previous: previous.map(row),
        task_type: context.key.task_type.to_string(),
        version,
        run: identity.name.to_owned(),
        request: None,
    })
}

/// Settings and inputs, which have any order. What else a template says may differ between two sendings.
fn content(request: &CreateRequest) -> [u8; 32] {
    let inputs = request.inputs.iter();
    let mut inputs: Vec<[u8; 32]> = inputs
        .map(|(name, literal)| digest([name.as_bytes(), literal.encode_to_vec().as_slice()]))
        .collect();
    inputs.sort_unstable();
    let custom = request.template.custom.as_ref().map(Message::encode_to_vec).unwrap_or_default();
    digest(inputs.iter().map(<[u8; 32]>::as_slice).chain([custom.as_slice()]))
}

#[cfg(test)]
mod tests {
    use connector_core::host::CreateRequest;
    use connector_core::literal::integer;
    use connector_core::pb::{
        NodeExecutionIdentifier, TaskExecutionIdentifier, WorkflowExecutionIdentifier,
    };
    use connector_core::{
        CallContext, ConnectorKey, Flyte, NamedLiterals, TaskExecution, TaskType, pb,
    };

    fn context() -> CallContext {
        let task_type = TaskType::parse("render").unwrap();
        CallContext::new(ConnectorKey { task_type, version: 1 })
    }

    fn request(attempt: u32, inputs: &[(&str, i64)]) -> CreateRequest {
        let execution_id =
            Some(WorkflowExecutionIdentifier { name: "r".to_owned(), ..Default::default() });
        let node = NodeExecutionIdentifier { node_id: "a0".to_owned(), execution_id };
        let id = TaskExecutionIdentifier {
            node_execution_id: Some(node),
            retry_attempt: attempt,
            ..Default::default()
        };
        let inputs = inputs.iter().map(|(name, value)| ((*name).to_owned(), integer(*value)));
        CreateRequest {
            template: Box::new(pb::TaskTemplate::default()),
            inputs: inputs.collect::<NamedLiterals>(),
            input_context: Vec::new(),
            output_prefix: format!("s3://out/{attempt}"),
            execution: Some(Box::new(TaskExecution::new(id))),
            connection: None,
        }
    }

    #[test]
    fn a_row_is_called_the_same_by_every_process_and_release() {
        let of = |attempt, inputs: &[_]| super::of(&context(), &request(attempt, inputs)).unwrap();
        let first = of(0, &[("a", 1), ("b", 2)]);
        // Another name would make two jobs of one attempt while a new release is rolled out.
        assert_eq!(first.key, "9b2a5129e8583b08f39ddcedfb2f146804a0c0b89e5ba6b39f87f51edc082111");
        assert_eq!((first.previous.as_ref(), first.run.as_str()), (None, "r"));
        assert_eq!(of(0, &[("b", 2), ("a", 1)]), first, "inputs come in any order");
        let second = of(1, &[("a", 1), ("b", 2)]);
        assert_eq!(second.previous.as_ref(), Some(&first.key));
        for other in [of(0, &[("a", 2), ("b", 1)]), of(0, &[("a", 1)]), second.clone()] {
            assert_ne!(other.key, first.key);
        }
        let flyte_1 = super::of(&context().flyte(Flyte::V1), &request(0, &[("a", 1), ("b", 2)]));
        assert_ne!(flyte_1.unwrap().key, first.key, "its prefix counts, too");
        let nobody = CreateRequest { execution: None, ..request(0, &[]) };
        assert_eq!(super::of(&context(), &nobody), None);
    }
}
