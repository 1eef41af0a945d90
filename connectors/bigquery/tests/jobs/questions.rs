//! Logs and metrics of a job. They are asked for without a task's secrets, so the operator's key answers.

use std::time::{Duration, UNIX_EPOCH};

use connector_bigquery::BigQuery;
use connector_core::prelude::*;
use connector_http::Endpoint;
use connector_testing::{Harness, Job};
use serde_json::{Value, json};

use super::vendor::FakeBigQuery;
use super::{STATEMENT, key_file, query};

/// A job of a connector to which the operator lends a key.
async fn job(fake: &FakeBigQuery) -> Job {
    fake.open();
    let key = key_file(fake);
    let settings = Settings::from_iter([("google_application_credentials", key.as_str())]);
    let endpoint = Endpoint::at("the fake", fake.url()).unwrap();
    let google = Harness::new(BigQuery::at(&settings, endpoint).unwrap());
    google.create(&query(fake, STATEMENT)).await.unwrap()
}

fn stage(name: &str, end: &str, rows: &str) -> Value {
    json!({
        "name": name, "status": "COMPLETE", "startMs": "1700000001000", "endMs": end,
        "parallelInputs": "4", "completedParallelInputs": "4", "recordsRead": rows,
        "recordsWritten": "1", "slotMs": "250", "shuffleOutputBytesSpilled": "0",
    })
}

fn statistics() -> Value {
    json!({
        "creationTime": "1700000000000", "startTime": "1700000001000", "endTime": "1700000009000",
        "reservation_id": "p:EU.nightly",
        "query": {
            "totalBytesBilled": "10485760", "totalBytesProcessed": "12000000", "totalSlotMs": "500",
            "cacheHit": false,
            "queryPlan": [
                stage("S00: Input", "1700000005000", "1000"), stage("S01: Output", "1700000008000", "0"),
            ],
            "timeline": [
                {"elapsedMs": "1000", "totalSlotMs": "100", "activeUnits": "4", "pendingUnits": "2",
                 "completedUnits": "1"},
                {"elapsedMs": "2000", "totalSlotMs": "300", "activeUnits": "2", "pendingUnits": "0",
                 "completedUnits": "5"},
                {"elapsedMs": "8000", "totalSlotMs": "500", "activeUnits": "0", "pendingUnits": "0",
                 "completedUnits": "7"},
            ],
        },
    })
}

#[tokio::test(start_paused = true)]
async fn a_log_tells_a_jobs_life_in_order() {
    let fake = FakeBigQuery::new();
    let job = job(&fake).await;
    let problem = |reason: &str, message: &str| json!({"reason": reason, "message": message});
    let fatal = problem("invalidQuery", "division by zero");
    fake.books().statistics = Some(statistics());
    fake.books().status = Some(json!({
        "state": "DONE", "errorResult": fatal, "errors": [problem("invalid", "row 7 is odd"), fatal],
    }));
    assert_eq!(
        job.log().await.unwrap(),
        [
            "created in europe-west3",
            "started, on the slots of p:EU.nightly",
            "stage S00: Input: COMPLETE, 4 of 4 inputs, rows read: 1000, rows written: 1, slot ms: 250",
            "stage S01: Output: COMPLETE, 4 of 4 inputs, rows written: 1, slot ms: 250",
            "warning: row 7 is odd (invalid)",
            "error: division by zero (invalidQuery)",
            "ended, bytes billed: 10485760, slot ms: 500",
        ]
    );
    // In pages of two, and each line once.
    let (mut token, mut seen) = (String::new(), 0);
    loop {
        let page = job.log_page(LogQuery::new().lines(2).token(token)).await.unwrap();
        assert!(page.lines.len() <= 2);
        seen += page.lines.len();
        let Some(next) = page.next_token else { break };
        token = next;
    }
    assert_eq!(seen, 7);
    let first = job.log_page(LogQuery::new().lines(1)).await.unwrap();
    assert_eq!(first.lines[0].timestamp, Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000)));
    let error = job.log_page(LogQuery::new().token("page-2")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask);
}

#[tokio::test(start_paused = true)]
async fn a_script_tells_of_its_children() {
    let fake = FakeBigQuery::new();
    let job = job(&fake).await;
    fake.books().statistics = Some(json!({"creationTime": "1700000000000", "numChildJobs": "3"}));
    let child = |id: &str, status: Value| {
        json!({
            "jobReference": {"jobId": id}, "status": status,
            "statistics": {"creationTime": "1700000002000", "query": {"statementType": "INSERT"}},
        })
    };
    let failed = json!({"reason": "notFound", "message": "no table"});
    fake.books().children = vec![
        json!([child("c3", json!({"state": "RUNNING"})), child("c2", json!({"state": "DONE"}))]),
        json!([child("c1", json!({"state": "DONE", "errorResult": failed}))]),
    ];
    assert_eq!(
        job.log().await.unwrap(),
        [
            "created in europe-west3",
            "child job c3: INSERT RUNNING",
            "child job c2: INSERT DONE",
            "child job c1: INSERT DONE: no table (notFound)",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn metrics_are_the_timeline_the_stages_and_the_bytes() {
    let fake = FakeBigQuery::new();
    let job = job(&fake).await;
    fake.books().statistics = Some(statistics());
    let all = job.metrics(MetricsQuery::new()).await.unwrap();
    let names: Vec<&str> = all.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "slot_ms",
            "active_units",
            "pending_units",
            "completed_units",
            "stage_slot_ms",
            "bytes_processed",
            "bytes_billed",
        ]
    );
    let told = |metric: &Metric| connector_core::custom_info::struct_to_json(&metric.data);
    let slots = json!([[1_700_000_002, "100"], [1_700_000_003, "300"], [1_700_000_009, "500"],]);
    assert_eq!(told(&all[0])["result"][0]["values"], slots);
    let stages = told(&all[4]);
    assert_eq!(stages["result"][1]["metric"], json!({"stage": "S01: Output"}));
    assert_eq!(stages["result"][1]["values"], json!([[1_700_000_008, "250"]]));

    // A part of the time, in steps.
    let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds);
    let query = MetricsQuery::new().queries(["slot_ms"]).start(at(3)).end(at(8));
    let [some] = job.metrics(query).await.unwrap().try_into().unwrap();
    assert_eq!(told(&some)["result"][0]["values"], json!([[1_700_000_003, "300"]]));
    let query = MetricsQuery::new().queries(["slot_ms"]).step(Duration::from_secs(2));
    let [thin] = job.metrics(query).await.unwrap().try_into().unwrap();
    let slots = json!([[1_700_000_002, "100"], [1_700_000_009, "500"]]);
    assert_eq!(told(&thin)["result"][0]["values"], slots);
    let error = job.metrics(MetricsQuery::new().queries(["cpu"])).await.unwrap_err();
    assert!(error.message().contains("`slot_ms`"), "{error}");
}
