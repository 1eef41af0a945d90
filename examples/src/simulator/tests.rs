//! The connector as the server calls it, in its erased form, on paused time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_core::custom_info::{json_to_struct, struct_to_json};
use connector_core::host::{
    CallError, CreateRequest, DynConnector, ErasedResource, JobRequest, QueryRequest,
};
use connector_core::logs::{LogQuery, Logs};
use connector_core::{
    CallContext, ConnectorError, ErrorKind, NamedLiterals, Outputs, Phase, Registry, pb,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Simulator;

struct Bench {
    connector: Arc<dyn DynConnector>,
    call: CallContext,
}

/// The secret, and the forms in which it leaks.
const SECRET: &str = "s3cr/t+key";
const FORMS: [&str; 3] = ["s3cr/t+key", "s3cr%2Ft%2Bkey", "c2ltdWxhdG9yOnMzY3IvdCtrZXk="];

impl Bench {
    async fn new() -> Self {
        let registry = Registry::builder().register(Simulator::default()).build().await.unwrap();
        let entry = registry.get("simulator", 0).unwrap().clone();
        Self { connector: entry.connector, call: CallContext::new(entry.key) }
    }

    async fn create(&self, custom: Value) -> Result<Bytes, ConnectorError> {
        let custom = json_to_struct(custom).ok();
        let request = CreateRequest {
            template: Box::new(pb::TaskTemplate { custom, ..Default::default() }),
            inputs: NamedLiterals::default(),
            input_context: Vec::new(),
            output_prefix: String::new(),
            execution: None,
            connection: connection(),
        };
        self.connector.create(request, self.call.clone()).await.map_err(kind_of_connector)
    }

    async fn get(&self, meta: &Bytes) -> Result<ErasedResource, ConnectorError> {
        self.connector.get(self.request(meta), self.call.clone()).await.map_err(kind_of_connector)
    }

    async fn delete(&self, meta: &Bytes) -> Result<(), ConnectorError> {
        self.connector
            .delete(self.request(meta), self.call.clone())
            .await
            .map_err(kind_of_connector)
    }

    fn request(&self, meta: &Bytes) -> JobRequest {
        JobRequest {
            resource_meta: meta.clone(),
            output_prefix: String::new(),
            connection: connection(),
        }
    }
}

fn connection() -> Option<pb::Connection> {
    let secrets = [("api_key".to_owned(), SECRET.to_owned())].into();
    Some(pb::Connection { secrets, ..Default::default() })
}

fn kind_of_connector(error: CallError) -> ConnectorError {
    match error {
        CallError::Connector(error) => error,
        CallError::Meta(error) => panic!("{error}"),
    }
}

fn counters(resource: &ErasedResource) -> Value {
    struct_to_json(&resource.custom_info)
}

#[tokio::test]
async fn a_job_goes_its_way_and_is_counted() {
    let bench = Bench::new().await;
    let meta = bench.create(json!({"tag": "t", "outputs": {"n": 1}})).await.unwrap();
    let text = std::str::from_utf8(&meta).unwrap();
    assert!(text.starts_with("{\"job_id\": \"sim-") && text.ends_with("\"tag\": \"t\"}"), "{text}");
    let mut phases = Vec::new();
    for _ in 0..3 {
        phases.push(bench.get(&meta).await.unwrap().phase);
    }
    assert_eq!(phases, [Phase::Queued, Phase::Running, Phase::Succeeded]);
    bench.delete(&meta).await.unwrap();
    let last = bench.get(&meta).await.unwrap();
    assert_eq!(last.phase, Phase::Succeeded, "a finished job cannot be cancelled");
    assert!(matches!(&last.outputs, Outputs::Inline(outputs) if outputs.get("n").is_some()));
    let expected =
        json!({"creates": 1, "vendor_jobs": 1, "live_jobs": 0, "polls": 4, "deletes": 1});
    assert_eq!(counters(&last), expected);
}

#[tokio::test]
async fn a_later_task_reads_what_became_of_an_earlier_one() {
    let bench = Bench::new().await;
    let first = bench.create(json!({"tag": "t"})).await.unwrap();
    bench.create(json!({"tag": "t"})).await.unwrap();
    bench.create(json!({"tag": "t", "create": "retryable"})).await.unwrap_err();
    bench.create(json!({})).await.unwrap();
    bench.get(&first).await.unwrap();
    bench.delete(&first).await.unwrap();
    let cancelled = bench.get(&first).await.unwrap();
    assert_eq!(cancelled.phase, Phase::Failed);
    assert!(cancelled.message.contains("was cancelled"), "{}", cancelled.message);
    let watcher = bench.create(json!({"tag": "t", "phases": ["SUCCEEDED"]})).await.unwrap();
    let expected =
        json!({"creates": 4, "vendor_jobs": 3, "live_jobs": 1, "polls": 3, "deletes": 1});
    assert_eq!(counters(&bench.get(&watcher).await.unwrap()), expected);
}

#[tokio::test]
async fn every_misdeed_is_of_the_kind_asked_for() {
    let bench = Bench::new().await;
    let transient = ErrorKind::Transient { retry_after: None };
    for (create, kind) in [
        ("permanent", ErrorKind::Permanent),
        ("retryable", ErrorKind::Retryable),
        ("transient", transient),
        ("invalid", ErrorKind::InvalidTask),
    ] {
        let error = bench.create(json!({"tag": "c", "create": create})).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{create}");
    }
    for (get, kind) in [
        ("permanent", ErrorKind::Permanent),
        ("transient", transient),
        ("not_found", ErrorKind::NotFound),
    ] {
        let meta = bench.create(json!({"tag": "g", "get": [get]})).await.unwrap();
        assert_eq!(bench.get(&meta).await.unwrap_err().kind(), kind, "{get}");
    }
    for (delete, kind) in [
        ("permanent", ErrorKind::Permanent),
        ("transient", transient),
        ("not_found", ErrorKind::NotFound),
    ] {
        let meta = bench.create(json!({"tag": delete, "delete": delete})).await.unwrap();
        assert_eq!(bench.delete(&meta).await.unwrap_err().kind(), kind, "{delete}");
        // A job the vendor has forgotten cannot be asked about, so another one tells.
        let done = json!({"tag": delete, "phases": ["SUCCEEDED"]});
        let watcher = bench.create(done).await.unwrap();
        let left = if delete == "not_found" { 0 } else { 1 };
        assert_eq!(counters(&bench.get(&watcher).await.unwrap())["live_jobs"], left, "{delete}");
        assert_eq!(bench.get(&meta).await.is_err(), delete == "not_found");
    }
    let unknown = Bytes::from_static(b"{\"job_id\": \"sim-0\", \"tag\": \"t\"}");
    assert_eq!(bench.get(&unknown).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(bench.delete(&unknown).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn states_of_the_vendor_are_mapped() {
    let bench = Bench::new().await;
    let custom = json!({"get": ["state:RESUMING", "state:done"]});
    let meta = bench.create(custom).await.unwrap();
    let unknown = bench.get(&meta).await.unwrap();
    assert_eq!(unknown.phase, Phase::Running);
    assert_eq!(unknown.unknown_state.as_deref(), Some("RESUMING"));
    let done = bench.get(&meta).await.unwrap();
    assert_eq!((done.phase, done.unknown_state.is_none()), (Phase::Succeeded, true));
}

#[tokio::test(start_paused = true)]
async fn waits_as_long_as_it_is_told() {
    let bench = Bench::new().await;
    let started = Instant::now();
    let custom = json!({
        "create_delay_ms": 4_000, "get_delay_ms": 300, "get_min_interval_ms": 20_000, "block_ms": 5,
    });
    let meta = bench.create(custom).await.unwrap();
    assert_eq!(started.elapsed().as_millis(), 4_000);
    let blocked = std::time::Instant::now();
    let resource = bench.get(&meta).await.unwrap();
    assert_eq!(started.elapsed().as_millis(), 4_300);
    assert!(blocked.elapsed() >= Duration::from_millis(5));
    assert_eq!(resource.good_for, Some(Duration::from_secs(20)));
}

#[tokio::test(start_paused = true)]
async fn no_job_is_made_for_a_caller_who_left_before() {
    let bench = Bench::new().await;
    let create = bench.create(json!({"tag": "t", "create_delay_ms": 1_000}));
    tokio::time::timeout(Duration::from_millis(500), create).await.unwrap_err();
    let meta = bench.create(json!({"tag": "t"})).await.unwrap();
    let left = counters(&bench.get(&meta).await.unwrap());
    assert_eq!((&left["creates"], &left["vendor_jobs"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn it_leaks_everywhere_when_asked_to() {
    let bench = Bench::new().await;
    let custom = json!({"leak_secret": true, "get": ["ok", "transient"], "delete": "permanent"});
    let meta = bench.create(custom).await.unwrap();
    let resource = bench.get(&meta).await.unwrap();
    let link = format!("{:?}", resource.log_links);
    let failed = bench.get(&meta).await.unwrap_err();
    let kept = bench.delete(&meta).await.unwrap_err();
    let refused =
        bench.create(json!({"leak_secret": true, "create": "invalid"})).await.unwrap_err();
    let request = QueryRequest { resource_meta: meta.clone(), query: LogQuery::default() };
    let Logs::Page(page) = bench.connector.get_logs(request, bench.call.clone()).await.unwrap()
    else {
        panic!("a page");
    };
    for form in FORMS {
        for text in [&resource.message, failed.message(), kept.message(), refused.message()] {
            assert!(text.contains(form), "{form} in {text}");
        }
        assert!(page.lines.iter().any(|line| line.message.contains(form)), "{form} in the log");
    }
    assert!(link.contains(FORMS[0]) && link.contains(FORMS[1]), "{link}");

    let quiet = bench.create(json!({})).await.unwrap();
    let resource = format!("{:?}", bench.get(&quiet).await.unwrap());
    assert!(FORMS.iter().all(|form| !resource.contains(form)), "{resource}");
}

#[tokio::test]
#[should_panic(expected = "simulated panic in get: api_key=s3cr/t+key")]
async fn a_panic_leaks_too() {
    let bench = Bench::new().await;
    let meta = bench.create(json!({"leak_secret": true, "get": ["panic"]})).await.unwrap();
    drop(bench.get(&meta).await);
}
