//! Logs and metrics: what Snowflake's monitoring tells of a query, and who is asked as whom.

use connector_core::prelude::*;
use connector_http::Endpoint;
use connector_snowflake::Snowflake;
use connector_testing::Harness;
use serde_json::json;

use crate::vendor::{FakeSnowflake, PASSWORD};
use crate::{KEY, bare, by_password, connector, harness, query};

fn told() -> serde_json::Value {
    json!({
        "status": "SUCCESS", "startTime": 1_700_000_001_000_u64, "endTime": 1_700_000_009_000_u64,
        "warehouseName": "WH", "stats": {"producedRows": 42, "scanBytes": 1_048_576},
    })
}

#[tokio::test(start_paused = true)]
async fn logs_and_metrics_are_read_by_the_operators_key() {
    let fake = FakeSnowflake::new();
    let settings = Settings::from_iter([("snowflake_private_key", KEY)]);
    let job = Harness::new(connector(&fake, &settings)).create(&query()).await.unwrap();
    assert_eq!(job.log().await.unwrap(), ["it is QUEUED"]);
    fake.books().told = Some(told());
    let lines = [
        "started on the warehouse WH",
        "ended: SUCCESS, rows produced: 42, bytes scanned: 1048576",
    ];
    assert_eq!(job.log().await.unwrap(), lines);
    let second = job.log_page(LogQuery::new().token("1")).await.unwrap();
    assert_eq!((second.lines.len(), second.next_token), (1, None));
    let first = job.log_page(LogQuery::new().lines(1)).await.unwrap();
    assert_eq!(first.next_token.as_deref(), Some("1"));
    let error = job.log_page(LogQuery::new().token("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask);
    let metrics = job.metrics(MetricsQuery::new()).await.unwrap();
    let names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names, ["rows_produced", "bytes_scanned", "duration_seconds"]);

    // Without one there is nobody to ask as.
    let error = harness(&fake).job(&query(), job.resource_meta().clone()).log().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.message().contains("SECRET__SNOWFLAKE_PRIVATE_KEY"), "{error}");
    fake.books().queries.clear();
    assert_eq!(job.log().await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_password_of_the_task_is_remembered_for_its_logs() {
    let fake = FakeSnowflake::new();
    let job = harness(&fake).create(&by_password(PASSWORD)).await.unwrap();
    fake.books().told = Some(told());
    assert_eq!(job.log().await.unwrap().len(), 2);
}

/// Metadata name the host; one that somebody has changed gets nothing that was not sent there before.
#[tokio::test(start_paused = true)]
async fn a_remembered_password_goes_where_it_was_sent_before() {
    let (fake, evil) = (FakeSnowflake::new(), FakeSnowflake::new());
    fake.open();
    evil.open();
    let snowflake = Snowflake::at(&Settings::default(), Endpoint::default()).unwrap();
    let snowflake = Harness::new(snowflake);
    let at = |fake: &FakeSnowflake| json!({"host": "127.0.0.1", "port": fake.port(), "protocol": "http", "password": PASSWORD});
    let job = snowflake.create(&bare("SELECT 1", at(&fake))).await.unwrap();
    job.get().await.unwrap();
    let meta = String::from_utf8(job.resource_meta().to_vec()).unwrap();
    let forged = snowflake.job(&bare("", json!(null)), meta.replace(fake.port(), evil.port()));
    assert_eq!(forged.get().await.unwrap_err().kind(), ErrorKind::Permanent);
    assert_eq!(forged.log().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    forged.delete().await.unwrap();
    assert!(evil.asked().is_empty(), "nobody was asked");
}
