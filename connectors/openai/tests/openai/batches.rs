//! Batches: one for each attempt whatever happens to the answer, polls, cancels.

use connector_core::custom_info::json_to_struct;
use connector_core::prelude::*;
use connector_core::{ConnectorKey, Flyte, TaskType};
use connector_openai::{Access, Batch, BatchJob, BatchTask, Requests};
use serde_json::{Value, json};

use crate::fake::{KEY, OpenAi, Trouble, refusal};

const LIST: &str = "GET /v1/batches?limit=100";
const ORDER: &str = "POST /v1/batches";

/// A connector, and the fake that it calls.
struct Side {
    openai: OpenAi,
    batches: Batch,
}

impl Side {
    async fn open() -> Self {
        let (openai, base) = OpenAi::open().await;
        Self { openai, batches: Batch::at(Some(&base)).unwrap() }
    }

    /// A new connector beside the same OpenAI, as after a restart.
    async fn create(&self, prefix: &str, custom: Value) -> Result<BatchJob> {
        let config = BatchTask::from_custom(json_to_struct(custom).unwrap()).unwrap();
        let mut context = context();
        context.output_prefix = prefix.to_owned();
        let requests = Requests { input_file_id: "file-1".to_owned() };
        let task = CreateTask::new(requests, config, context);
        self.batches.create(task).await
    }

    async fn created(&self, prefix: &str) -> BatchJob {
        self.create(prefix, json!({})).await.unwrap()
    }

    fn count(&self) -> usize {
        self.openai.books().batches.len()
    }
}

fn context() -> TaskContext<Batch> {
    let key = ConnectorKey { task_type: TaskType::parse("openai-batch").unwrap(), version: 0 };
    let secrets = [("flyte_openai_api_key".to_owned(), KEY.to_owned())].into_iter().collect();
    let connection = pb::Connection { secrets, ..Default::default() };
    TaskContext::new(Access::from_connection(connection).unwrap(), CallContext::new(key))
}

#[tokio::test]
async fn a_batch_is_ordered_polled_and_brings_its_files() {
    let side = Side::open().await;
    let custom = json!({"openai_organization": "acme", "config": {"metadata": {"team": "films"}}});
    let job = side.create("s3://b/1", custom).await.unwrap();
    assert_eq!(job.openai_org.as_deref(), Some("acme"));
    assert_eq!(job.created_by, Flyte::V2);
    assert_eq!(side.openai.asked(), [format!("{LIST} (acme)"), format!("{ORDER} (acme)")]);
    let ordered = side.openai.books().batches[0].clone();
    assert_eq!(ordered["metadata"]["team"], "films");
    assert_eq!(ordered["metadata"]["flyte_attempt"].as_str().unwrap().len(), 64);

    let polled = side.batches.get(&job, &context()).await.unwrap();
    assert_eq!((polled.phase, polled.message.as_str()), (Phase::Running, "validating"));
    assert!(polled.outputs.into_inline().is_none());
    let counts = json!({"total": 2, "completed": 2, "failed": 0});
    side.openai.newest_is(
        &json!({"status": "completed", "output_file_id": "file-2", "request_counts": counts}),
    );
    let ended = side.batches.get(&job, &context()).await.unwrap();
    assert_eq!(
        (ended.phase, ended.message.as_str()),
        (Phase::Succeeded, "completed: 2 of 2 requests answered")
    );
    let result = ended.outputs.into_inline().unwrap().result;
    assert_eq!(result, side.openai.books().batches[0]);
    assert_eq!(side.openai.asked(), ["GET /v1/batches/batch_0 (acme)"; 2]);
}

#[tokio::test]
async fn an_attempt_has_one_batch_however_often_it_is_created() {
    let side = Side::open().await;
    let job = side.created("s3://b/1").await;
    assert_eq!(side.created("s3://b/1").await, job);
    assert_ne!(side.created("s3://b/2").await, job);
    assert_eq!(side.count(), 2);
    // One that was given up and cancelled is none.
    side.batches.delete(&job, &context()).await.unwrap();
    assert_ne!(side.created("s3://b/1").await, job);
    assert_eq!(side.count(), 3);
}

#[tokio::test]
async fn an_order_whose_answer_is_lost_is_looked_for_before_it_is_sent_again() {
    let side = Side::open().await;
    side.openai
        .books()
        .troubles
        .extend([Trouble::Refused(200, json!({"data": []})), Trouble::DoneAndLost]);
    // The list shows it at the second look.
    side.openai.books().behind = 1;
    let job = side.created("s3://b/1").await;
    assert_eq!((job.batch_id.as_str(), side.count()), ("batch_0", 1));
    assert_eq!(side.openai.asked(), [LIST, ORDER, LIST, LIST]);
}

#[tokio::test]
async fn an_order_that_never_arrived_is_sent_again() {
    let side = Side::open().await;
    side.openai
        .books()
        .troubles
        .extend([Trouble::Refused(200, json!({"data": []})), Trouble::Lost]);
    side.created("s3://b/1").await;
    assert_eq!(side.count(), 1);
    assert_eq!(side.openai.asked(), [LIST, ORDER, LIST, LIST, LIST, ORDER]);
}

#[tokio::test]
async fn an_answer_without_an_id_is_a_lost_one() {
    let side = Side::open().await;
    let none = Trouble::Refused(200, json!({"object": "batch"}));
    side.openai.books().troubles.extend([Trouble::Refused(200, json!({"data": []})), none]);
    side.created("s3://b/1").await;
    assert_eq!(side.openai.asked(), [LIST, ORDER, LIST, LIST, LIST, ORDER]);
}

#[tokio::test]
async fn limits_and_outages_are_waited_for() {
    let side = Side::open().await;
    for status in [429, 503] {
        let (status, body) = refusal(status, "later", "later");
        side.openai.trouble(Trouble::Refused(200, json!({"data": []})));
        side.openai.trouble(Trouble::Refused(status, body));
    }
    side.created("s3://b/1").await;
    assert_eq!((side.count(), side.openai.asked().len()), (1, 6));
}

#[tokio::test]
async fn where_batches_cannot_be_listed_they_are_ordered_and_never_twice() {
    let side = Side::open().await;
    let cannot = || {
        let (status, body) = refusal(404, "unknown_url", "no such call");
        Trouble::Refused(status, body)
    };
    side.openai.trouble(cannot());
    side.created("s3://b/1").await;
    side.openai.books().troubles.extend([cannot(), Trouble::DoneAndLost, cannot()]);
    let error = side.create("s3://b/2", json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);
    assert!(error.message().contains("was lost, and its batches cannot be listed"), "{error}");
    assert_eq!(side.count(), 2, "the one whose answer was lost is there, and no other");
}

#[tokio::test]
async fn a_task_with_all_metadata_of_its_own_is_ordered_and_never_twice() {
    let side = Side::open().await;
    let own: serde_json::Map<_, _> = (0..16).map(|n| (n.to_string(), "x".into())).collect();
    let custom = json!({"config": {"metadata": own}});
    side.create("s3://b/1", custom.clone()).await.unwrap();
    side.openai.trouble(Trouble::DoneAndLost);
    let error = side.create("s3://b/2", custom).await.unwrap_err();
    assert!(error.message().contains("cannot be looked for"), "{error}");
    assert_eq!(side.openai.asked(), [ORDER, ORDER]);
}

#[tokio::test]
async fn it_is_looked_for_on_as_many_pages_as_may_have_it_and_no_more() {
    let side = Side::open().await;
    let job = side.created("s3://b/1").await;
    {
        let mut books = side.openai.books();
        books.page = Some(2);
        for _ in 0..3 {
            books.order(&json!({}), 0);
        }
    }
    side.openai.asked();
    assert_eq!(side.created("s3://b/1").await, job);
    let second = format!("{LIST}&after=batch_2");
    assert_eq!(side.openai.asked(), [LIST.to_owned(), second.clone()]);
    // What is older than two days is no batch of an attempt that is being created.
    side.openai.books().batches[2]["created_at"] = 1_700_000_000.into();
    side.created("s3://b/2").await;
    assert_eq!(side.openai.asked(), [LIST, ORDER]);
    side.openai.books().batches.truncate(1);
    side.openai.books().page = Some(1);
    for _ in 0..20 {
        side.openai.books().order(&json!({}), 0);
    }
    side.created("s3://b/3").await;
    assert_eq!(side.openai.asked().len(), 10 + 1, "ten pages, and the order");
}

#[tokio::test]
async fn a_batch_of_an_attempt_is_found_by_its_key() {
    let side = Side::open().await;
    let job = side.created("s3://b/1").await;
    let tag = side.openai.books().batches[0]["metadata"]["flyte_attempt"].clone();
    let key = IdempotencyKey::of(None, "s3://b/1").unwrap();
    assert_eq!(key.as_str(), tag);
    assert_eq!(side.batches.find(&key, &context()).await.unwrap(), Some(job));
    let other = IdempotencyKey::of(None, "s3://b/2").unwrap();
    assert_eq!(side.batches.find(&other, &context()).await.unwrap(), None);
}

#[tokio::test]
async fn refusals_are_told_without_the_key() {
    let side = Side::open().await;
    for (status, code, kind) in [
        (400, "invalid_request", ErrorKind::Permanent),
        (401, "invalid_api_key", ErrorKind::Permanent),
        (429, "insufficient_quota", ErrorKind::Permanent),
    ] {
        let (status, body) = refusal(status, code, &format!("no: {KEY}"));
        side.openai.trouble(Trouble::Refused(200, json!({"data": []})));
        side.openai.trouble(Trouble::Refused(status, body));
        let error = side.create("s3://b/1", json!({})).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().contains(code) && error.message().contains("no: ***"), "{error}");
        assert!(!format!("{error:?}").contains(KEY), "{error:?}");
    }
    // A key that may not list may not order.
    let (status, body) = refusal(401, "invalid_api_key", "no");
    side.openai.trouble(Trouble::Refused(status, body));
    let error = side.create("s3://b/1", json!({})).await.unwrap_err();
    assert_eq!(error.message(), "OpenAI answered 401 Unauthorized (invalid_api_key): no");
    assert_eq!((error.kind(), side.count()), (ErrorKind::Permanent, 0));
}

#[tokio::test]
async fn what_has_ended_or_is_unknown_needs_no_cancelling() {
    let side = Side::open().await;
    let job = side.created("s3://b/1").await;
    for status in ["completed", "failed", "expired", "cancelled"] {
        side.openai.newest_is(&json!({"status": status}));
        side.batches.delete(&job, &context()).await.unwrap();
    }
    side.openai.newest_is(&json!({"status": "in_progress"}));
    let (status, body) = refusal(403, "forbidden", "may not cancel");
    side.openai.trouble(Trouble::Refused(status, body));
    let error = side.batches.delete(&job, &context()).await.unwrap_err();
    assert!(error.message().contains("may not cancel"), "{error}");
    side.batches.delete(&job, &context()).await.unwrap();
    assert_eq!(side.openai.books().batches[0]["status"], "cancelling");
    side.openai.books().batches.clear();
    side.batches.delete(&job, &context()).await.unwrap();
    let gone = side.batches.get(&job, &context()).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}
