//! Whether the attempts of one run of Flyte 2 can be told apart by their actions' names alone, as they are
//! here: dynamic and nested actions are named by the official SDK after everything that leads to them.
//! Under Flyte 1 that is not so; see `flyte1` in the conformance tests.

use std::collections::BTreeSet;
use std::path::Path;

use connector_core::idempotency::{ExecutionIdentity, IdempotencyKey};
use interop_tests::venv::Venv;
use serde_json::Value;

#[test]
fn every_action_of_a_run_has_a_name_of_its_own_and_the_same_after_a_crash() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let Some(venv) = Venv::official_sdk(target, "names of nested actions") else { return };
    let output = venv.script("sub_actions.py").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let runs: [Vec<Value>; 2] = serde_json::from_slice(&output.stdout).unwrap();
    let keys = runs.each_ref().map(|actions| {
        let keys = actions.iter().map(|action| {
            IdempotencyKey::of_identity(&ExecutionIdentity {
                org: "o",
                project: "p",
                domain: "d",
                name: "r7k",
                node_id: action["name"].as_str().unwrap(),
                attempt: 0,
            })
        });
        keys.collect::<Vec<_>>()
    });
    // One root, and below each action five calls, three levels deep.
    assert_eq!(runs[0].len(), 1 + 5 + 25 + 125);
    assert_eq!(keys[0], keys[1], "the same run gone through again");
    let distinct: BTreeSet<&IdempotencyKey> = keys[0].iter().collect();
    assert_eq!(distinct.len(), keys[0].len(), "two actions of one run have one name");
}
