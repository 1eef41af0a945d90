//! What is one attempt under Flyte 1, where a node's name is unique in its own workflow only.

#![expect(clippy::unwrap_used, reason = "a task of the tests that has no key must fail them")]

use std::collections::BTreeSet;

use connector_core::idempotency::IdempotencyKey;
use connector_core::prelude::*;
use connector_core::{ConnectorKey, Flyte, TaskExecution, TaskType};

/// A connector that asks for nothing.
struct Anyone;

impl ConnectorSpec for Anyone {
    const NAME: &'static str = "Anyone";
    const TASK_TYPES: &'static [&'static str] = &["any"];
    const VERSIONS: &'static [i32] = &[0];
    type Meta = JobId;
    type Config = ();
    type Inputs = ();
    type Outputs = ();
    type Connection = ();
}

/// The task of a node, always of the same name in the same execution.
fn task(flyte: Flyte, attempt: u32, output_prefix: &str) -> CreateTask<Anyone> {
    let execution_id = pb::WorkflowExecutionIdentifier {
        project: "films".to_owned(),
        domain: "production".to_owned(),
        name: "f7k".to_owned(),
        ..Default::default()
    };
    let node =
        pb::NodeExecutionIdentifier { node_id: "n0".to_owned(), execution_id: Some(execution_id) };
    let id = pb::TaskExecutionIdentifier {
        node_execution_id: Some(node),
        retry_attempt: attempt,
        ..Default::default()
    };
    let key = ConnectorKey { task_type: TaskType::parse("any").unwrap(), version: 0 };
    let call = CallContext::new(key).flyte(flyte);
    let context = TaskContext::new((), call).output_prefix(output_prefix);
    CreateTask::new((), (), context).execution(TaskExecution::new(id))
}

fn key(attempt: u32, output_prefix: &str) -> IdempotencyKey {
    task(Flyte::V1, attempt, output_prefix).idempotency_key().unwrap()
}

fn previous(attempt: u32, output_prefix: &str) -> Option<IdempotencyKey> {
    task(Flyte::V1, attempt, output_prefix).previous_idempotency_key()
}

const ROOT: &str = "s3://b/metadata/propeller/films-production-f7k";

#[test]
fn the_folder_tells_nodes_of_one_name_apart() {
    let nodes = ["n0/data", "n1/data/0/n0/data", "n2/data/0/n0/data", "n0/data/0/1"];
    let keys: BTreeSet<IdempotencyKey> =
        nodes.iter().map(|node| key(0, &format!("{ROOT}/{node}/0"))).collect();
    assert_eq!(keys.len(), nodes.len());
    // Created again it is the same attempt, with or without an end of the path.
    assert_eq!(key(0, &format!("{ROOT}/n0/data/0")), key(0, &format!("{ROOT}/n0/data/0/")));
    // Under Flyte 2 all of them would be one action.
    let two =
        |node: &str| task(Flyte::V2, 0, &format!("{ROOT}/{node}/0")).idempotency_key().unwrap();
    assert_eq!(two("n0/data"), two("n1/data"));
    assert!(!keys.contains(&two("n0/data")));
}

#[test]
fn the_attempt_before_has_the_number_before() {
    let prefix = |number| format!("{ROOT}/n0/data/{number}");
    assert_eq!(previous(2, &prefix(2)), Some(key(1, &prefix(1))));
    assert_eq!(previous(1, &prefix(1)), Some(key(0, &prefix(0))));
    assert_eq!(previous(0, &prefix(0)), None);
    // The number in the path is the attempt, also where nobody says so beside it.
    assert_eq!(previous(0, &prefix(1)), Some(key(0, &prefix(0))));
    assert_ne!(key(0, &prefix(0)), key(1, &prefix(0)), "and what is said beside it counts, too");
    // A name that only looks like a number belongs to the folder.
    for folder in ["n0/data/01", "n0/data/x"] {
        let prefix = format!("{ROOT}/{folder}");
        assert_eq!(previous(1, &prefix), Some(key(0, &prefix)));
        assert_eq!(previous(0, &prefix), None);
    }
}

#[test]
fn without_a_prefix_the_name_is_all_there_is() {
    let two = task(Flyte::V2, 1, "");
    assert_eq!(Some(key(1, "")), two.idempotency_key());
    assert_eq!(previous(1, ""), two.previous_idempotency_key());
}

#[test]
fn a_key_is_the_same_for_all_time() {
    // Computed by another program from the rule in `idempotency/`.
    assert_eq!(key(1, "s3://b/n0/1").as_str(), EXPECTED);
}

const EXPECTED: &str = "c0086635fdea0b433a9e1646c20cbc4961584120dfd23275d530335714dbaa95";
