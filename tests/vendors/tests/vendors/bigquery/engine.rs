//! The official task's inputs, as an engine that runs the query reads them. The official connector refuses all
//! but the first task (`intended`).

use std::path::Path;
use std::time::Duration;

use connector_core::pb::task_execution::Phase;
use interop_tests::peer::{self, Server};
use serde_json::json;
use vendor_tests::bigquery::BigQuery;
use vendor_tests::emulator::Emulator;
use vendor_tests::fake::Fake;
use vendor_tests::official;
use vendor_tests::requests::{Requests, of_run};
use vendor_tests::side::{Kept, Side};

use super::script;

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_reads_inputs_as_they_were_meant() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let what = "BigQuery's parameters in an engine";
    let Some(venv) = official(target, what) else { return };
    let Some(emulator) = Emulator::start(target, what) else { return };
    let requests = Requests::made(&venv, "bigquery_tasks");
    // The emulator gives out no tokens.
    let fake = Fake::open(BigQuery::default());
    let binary = peer::binary(target).unwrap_or_else(|error| panic!("{error}"));
    let ours = Server::with(&binary, &[("BIGQUERY_API_ENDPOINT", &emulator.url())]);
    let mut ours = Side::of(ours.unwrap_or_else(|error| panic!("{error}")), &fake).await;
    let secrets = script::secrets(&fake);

    for (task, row) in [
        (
            "scalars",
            json!({
                "whole": ["INTEGER", "5"], "truth": ["BOOLEAN", "true"],
                "text": ["STRING", "naïve 'quoted' 🚀"], "real": ["FLOAT", "1.5"],
                "moment": ["DATETIME", "2024-01-02T03:04:05.678901"],
            }),
        ),
        // Flyte's literal of a date is one of a time.
        ("date", json!({"value": ["DATETIME", "2024-01-02T00:00:00"]})),
        ("list", json!({"value": ["INTEGER", ["1", "2"]]})),
        ("optional", json!({"value": ["INTEGER", "5"]})),
        ("nothing", json!({"value": ["INTEGER", null]})),
    ] {
        let request = of_run(requests.of(task, &secrets), task);
        let (job, answer) = ours.created(request).await;
        answer.unwrap_or_else(|status| panic!("{task}: {status}"));
        succeeds(&mut ours, task, &job).await;
        let id = job.meta()["job_id"].as_str().unwrap().to_owned();
        assert_eq!(emulator.row(&id), row, "{task}");
    }
}

/// Asks until the job is over.
async fn succeeds(side: &mut Side<'_, BigQuery>, task: &str, job: &Kept) {
    for _ in 0..100 {
        let resource = side.got(job).await.unwrap_or_else(|status| panic!("{task}: {status}"));
        match resource.phase() {
            Phase::Succeeded => return,
            Phase::Failed | Phase::Aborted => panic!("{task}: {}", resource.message),
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    panic!("{task} does not end");
}
