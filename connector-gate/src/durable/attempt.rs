//! What an attempt is called in the store: the same in every process and in every release.
//! `create/identity.rs` has the same notion of it for this process alone, by a quicker hash.

use connector_core::CallContext;
use connector_core::host::CreateRequest;
use connector_core::host::digest::{digest, hex};
use prost::Message;

use crate::state_store::Attempt;

/// Stand in front of everything hashed; another derivation takes another number.
const ATTEMPT: &str = "flyte-connector/attempt/1";
const TASK: &str = "flyte-connector/attempts-of/1";

/// The attempt that a create is of, without its request; none where it names no execution.
pub(super) fn of(context: &CallContext, request: &CreateRequest) -> Option<Attempt> {
    let identity = request.execution.as_deref()?.execution_identity()?;
    let content = content(request);
    let version = context.key.version;
    let row = |derivation: &str, name: &str| {
        let task_type = context.key.task_type.as_str().as_bytes();
        let version = version.to_be_bytes();
        let fields = [derivation.as_bytes(), task_type, &version, name.as_bytes()];
        hex(&digest(fields.into_iter().chain([content.as_slice()])))
    };
    let (task, number) = request.task(context.flyte).unzip();
    Some(Attempt {
        key: row(ATTEMPT, request.idempotency_key(context.flyte)?.as_str()),
        task: task.map(|task| row(TASK, &task.name())),
        number: number.unwrap_or_default(),
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
        assert_eq!((first.number, first.run.as_str()), (0, "r"));
        assert_eq!(of(0, &[("b", 2), ("a", 1)]), first, "inputs come in any order");
        let second = of(1, &[("a", 1), ("b", 2)]);
        assert_eq!((&second.task, second.number), (&first.task, 1));
        let task = "f42ad6f2ee7de2a015bd8a15a6f0624e5fb4c75d3f02586827833c4d73b8b548";
        assert_eq!(
            first.task.as_deref(),
            Some(task),
            "nor would the next attempt end this one's job"
        );
        assert_ne!(of(0, &[("a", 1)]).task, first.task, "other inputs are another task");
        for other in [of(0, &[("a", 2), ("b", 1)]), of(0, &[("a", 1)]), second.clone()] {
            assert_ne!(other.key, first.key);
        }
        let flyte_1 = |attempt| {
            let request = request(attempt, &[("a", 1), ("b", 2)]);
            super::of(&context().flyte(Flyte::V1), &request).unwrap()
        };
        assert_ne!(flyte_1(0).key, first.key, "its prefix counts, too");
        assert_ne!(flyte_1(0).task, first.task);
        assert_eq!((&flyte_1(2).task, flyte_1(2).number), (&flyte_1(0).task, 2));
        let nobody = CreateRequest { execution: None, ..request(0, &[]) };
        assert_eq!(super::of(&context(), &nobody), None);
    }
}
