//! The key of an attempt: what it depends on, what it does not, and its exact text for all time.
//! The vectors were computed by another program from the rule in `idempotency/mod.rs`.

#![expect(clippy::unwrap_used, reason = "a task of the tests that has no key must fail them")]

use std::collections::BTreeMap;

use connector_core::idempotency::{Charset, ExecutionIdentity, IdempotencyKey};
use connector_core::{
    CallContext, ConnectorKey, ConnectorSpec, CreateTask, JobId, TaskContext, TaskExecution,
    TaskType, pb,
};
use proptest::prelude::*;

const FIRST: ExecutionIdentity<'_> = ExecutionIdentity {
    org: "acme",
    project: "films",
    domain: "production",
    name: "r7k",
    node_id: "a0",
    attempt: 0,
};
const PREFIX: &str = "s3://bucket/ab/r7k/a0/1";

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

fn execution(identity: &ExecutionIdentity<'_>) -> TaskExecution {
    let execution_id = pb::WorkflowExecutionIdentifier {
        org: identity.org.to_owned(),
        project: identity.project.to_owned(),
        domain: identity.domain.to_owned(),
        name: identity.name.to_owned(),
    };
    let node_execution_id = pb::NodeExecutionIdentifier {
        node_id: identity.node_id.to_owned(),
        execution_id: Some(execution_id),
    };
    let id = pb::TaskExecutionIdentifier {
        task_id: None,
        node_execution_id: Some(node_execution_id),
        retry_attempt: identity.attempt,
    };
    TaskExecution::new(id)
}

fn task(execution: Option<TaskExecution>, output_prefix: &str) -> CreateTask<Anyone> {
    let key = ConnectorKey { task_type: TaskType::parse("any").unwrap(), version: 0 };
    let context = TaskContext::new((), CallContext::new(key)).output_prefix(output_prefix);
    CreateTask::new((), (), context).execution(execution)
}

fn key(identity: &ExecutionIdentity<'_>, output_prefix: &str) -> IdempotencyKey {
    task(Some(execution(identity)), output_prefix).idempotency_key().unwrap()
}

#[test]
fn the_texts_are_pinned() {
    let second = ExecutionIdentity { attempt: 1, ..FIRST };
    let no_node = ExecutionIdentity { node_id: "", ..FIRST };
    let far = ExecutionIdentity {
        org: "",
        project: "käse",
        domain: "開発",
        name: "ré",
        node_id: "n",
        attempt: u32::MAX,
    };
    for (key, hex, base32, uuid) in [
        (
            key(&FIRST, PREFIX),
            "c501d158c306ebb7226142d25fd7e2a583c8b6533df05405a4249fa2c2af511c",
            "yua5cwgda3v3oitbiljf7v7cuwb4rnsthxyfibneesp2fqvpkeoa",
            "c501d158-c306-8bb7-a261-42d25fd7e2a5",
        ),
        (
            key(&second, PREFIX),
            "27bd22e4a5861c4f9c44fb25b5be4ca06b00f3118df2828f13b56aa4123896c8",
            "e66sfzffqyoe7hce7ms3lpsmubvqb4yrrxzifdytwvvkierys3ea",
            "27bd22e4-a586-8c4f-9c44-fb25b5be4ca0",
        ),
        (
            key(&no_node, PREFIX),
            "99c9e28bfe68ea43ad1a763d983d6bd23451df7ac37daecbe523316386d0919b",
            "the6fc76ndvehli2oy6zqpll2i2fdx32yn625s7femywhbwqsgnq",
            "99c9e28b-fe68-8a43-ad1a-763d983d6bd2",
        ),
        (
            key(&far, ""),
            "0c2b23dac5b1368c8423cee4bb66d4643ae9b70e008f3f3ee36779a3bb454538",
            "bqvshwwfwe3izbbdz3slwzwumq5otnyoacht6pxdm542ho2fiu4a",
            "0c2b23da-c5b1-868c-8423-cee4bb66d464",
        ),
        (
            task(None, PREFIX).idempotency_key().unwrap(),
            "3bf33f8c8c18a45f7fe9fe611d4dc43b607d0bd3fca66bad22771385bc27a121",
            "hpzt7demdcsf677j7zqr2toehnqh2c6t7stgxljco4jylpbhueqq",
            "3bf33f8c-8c18-845f-bfe9-fe611d4dc43b",
        ),
    ] {
        assert_eq!(key.as_str(), hex);
        assert_eq!(key.to_string(), hex);
        assert_eq!(format!("{key:?}"), format!("IdempotencyKey({hex:?})"));
        assert_eq!(key.bigquery_job_id(), hex);
        assert_eq!(key.databricks_token(), hex);
        assert_eq!(key.dns_label(), format!("k{base32}"));
        assert_eq!(key.uuid(), uuid);
        assert_eq!(key.limited(Charset::Hex, 64).unwrap(), hex);
        assert_eq!(key.limited(Charset::LowerAlphanumeric, 52).unwrap(), base32);
        assert_eq!(key.limited(Charset::LowerAlphanumeric, usize::MAX).unwrap(), base32);
    }
}

#[test]
fn without_a_name_the_prefix_counts() {
    let of_prefix = task(None, PREFIX).idempotency_key().unwrap();
    let nameless = ExecutionIdentity { name: "", ..FIRST };
    assert_eq!(execution(&nameless).execution_identity(), None);
    for told in [Some(TaskExecution::default()), Some(execution(&nameless))] {
        assert_eq!(task(told.clone(), PREFIX).idempotency_key(), Some(of_prefix.clone()));
        assert_eq!(task(told.clone(), PREFIX).previous_idempotency_key(), None);
        assert_eq!(task(told, "").idempotency_key(), None);
    }
    assert_eq!(task(None, "").idempotency_key(), None);
    assert_eq!(task(None, PREFIX).previous_idempotency_key(), None);
}

#[test]
fn parts_without_a_node_are_told_apart_by_the_prefix() {
    let no_node = ExecutionIdentity { node_id: "", ..FIRST };
    assert_ne!(key(&no_node, "s3://b/x"), key(&no_node, "s3://b/y"));
    assert_eq!(key(&no_node, "s3://b/x"), key(&no_node, "s3://b/x"));
    let second = ExecutionIdentity { attempt: 1, ..no_node };
    assert_ne!(key(&no_node, "s3://b/x"), key(&second, "s3://b/x"));
    assert_eq!(task(Some(execution(&second)), "s3://b/x").previous_idempotency_key(), None);
    assert_eq!(
        task(Some(execution(&second)), "").previous_idempotency_key(),
        Some(key(&no_node, ""))
    );
}

#[test]
fn too_short_says_how_long() {
    for (charset, message) in [
        (Charset::Hex, "hexadecimal digits needs at least 24"),
        (Charset::LowerAlphanumeric, "lower-case letters and digits needs at least 20"),
        (Charset::DnsLabel, "a DNS label needs at least 21"),
    ] {
        let key = IdempotencyKey::of_identity(&FIRST);
        let error = key.limited(charset, charset.min_len() - 1).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
        assert_eq!(key.limited(charset, charset.min_len()).unwrap().len(), charset.min_len());
    }
}

#[test]
fn a_readable_prefix_is_made_legal() {
    let key = IdempotencyKey::of_identity(&FIRST);
    assert_eq!(key.bigquery_job_id_with_prefix("run.7 käse-"), format!("run_7_k_se-{key}"));
    assert_eq!(key.bigquery_job_id_with_prefix(""), key.as_str());
    let long = key.bigquery_job_id_with_prefix(&"ä".repeat(5000));
    assert_eq!(long.len(), 1024);
    assert!(long.ends_with(key.as_str()), "{long}");
}

fn is_lower_alphanumeric(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

prop_compose! {
    fn texts()(texts in prop::array::uniform5("[a-c/]{0,3}|\\PC{1,12}")) -> [String; 5] {
        texts
    }
}

fn identity(texts: &[String; 5], attempt: u32) -> ExecutionIdentity<'_> {
    let [org, project, domain, name, node_id] = texts;
    ExecutionIdentity { org, project, domain, name, node_id, attempt }
}

proptest! {
    // The few short texts make equal fields, and equal runs of fields, likely.
    #[test]
    fn keys_are_equal_exactly_for_equal_identities(
        one in texts(), other in texts(), first in 0_u32..3, second in 0_u32..3,
    ) {
        let (one, other) = (identity(&one, first), identity(&other, second));
        prop_assert_eq!(
            one == other,
            IdempotencyKey::of_identity(&one) == IdempotencyKey::of_identity(&other)
        );
    }

    #[test]
    fn a_letter_that_moves_to_the_next_field_changes_the_key(
        texts in texts(), field in 0_usize..4, attempt in any::<u32>(),
    ) {
        let mut moved = texts.clone();
        if let Some(letter) = moved[field].pop() {
            moved[field + 1].insert(0, letter);
            prop_assert_ne!(
                IdempotencyKey::of_identity(&identity(&texts, attempt)),
                IdempotencyKey::of_identity(&identity(&moved, attempt))
            );
        }
    }

    #[test]
    fn the_attempt_before_is_known(texts in texts(), attempt in any::<u32>()) {
        let identity = identity(&texts, attempt);
        prop_assume!(!identity.name.is_empty() && !identity.node_id.is_empty());
        let before = attempt.checked_sub(1).map(|attempt| ExecutionIdentity { attempt, ..identity });
        let task = task(Some(execution(&identity)), PREFIX);
        prop_assert_eq!(task.previous_idempotency_key(), before.map(|before| key(&before, PREFIX)));
        prop_assert_ne!(task.previous_idempotency_key(), task.idempotency_key());
    }

    #[test]
    fn nothing_else_counts(
        labels in prop::collection::vec(("[a-z]{1,4}", "\\PC{0,8}"), 0..6),
        text in "\\PC{0,8}",
        prefix in "\\PC{0,20}",
        number in any::<i32>(),
    ) {
        let backwards: BTreeMap<_, _> = labels.iter().rev().cloned().collect();
        let mut told = execution(&FIRST);
        told.namespace.clone_from(&text);
        told.labels = labels.into_iter().collect();
        told.annotations.clone_from(&backwards);
        told.k8s_service_account = text;
        told.environment_variables = backwards;
        told.max_attempts = number;
        told.interruptible = number > 0;
        told.interruptible_failure_threshold = number;
        told.identity = Some(pb::Identity::default());
        prop_assert_eq!(
            task(Some(told), &prefix).idempotency_key(),
            Some(IdempotencyKey::of_identity(&FIRST))
        );
    }

    #[test]
    fn spellings_keep_their_characters_and_lengths(
        texts in texts(), attempt in any::<u32>(), max_len in 24_usize..80, prefix in "\\PC{0,1100}",
    ) {
        let key = IdempotencyKey::of_identity(&identity(&texts, attempt));
        prop_assert!(is_lower_alphanumeric(key.as_str()) && key.as_str().len() == 64);
        for (charset, longest) in
            [(Charset::Hex, 64), (Charset::LowerAlphanumeric, 52), (Charset::DnsLabel, 53)]
        {
            let text = key.limited(charset, max_len).unwrap();
            prop_assert_eq!(text.len(), max_len.min(longest));
            prop_assert!(is_lower_alphanumeric(&text), "{}", text);
        }
        let label = key.dns_label();
        prop_assert!(label.len() <= 63 && label.starts_with(|c: char| c.is_ascii_lowercase()));
        let job_id = key.bigquery_job_id_with_prefix(&prefix);
        prop_assert!(job_id.len() <= 1024 && job_id.ends_with(key.as_str()));
        prop_assert!(
            job_id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')), "{}", job_id
        );
        let uuid: Vec<usize> = key.uuid().split('-').map(str::len).collect();
        prop_assert_eq!(uuid, [8, 4, 4, 4, 12]);
    }
}
