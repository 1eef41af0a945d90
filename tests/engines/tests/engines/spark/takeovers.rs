//! A server that dies between Spark's yes and its own record: the next one finds the driver of the attempt, by the key in
//! its command line, and makes no second one while that cannot be read.

use engine_tests::held::Held;
use engine_tests::jobs::Attempt;
use engine_tests::server::Server;
use engine_tests::spark::Spark;
use engine_tests::until;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{SOON, TYPE, beat, cancelled, jar, nothing_is_left, python, until_it_works};

const SUBMISSION: &str = "/v1/submissions/create";

/// A server with a state of its own, in front of a Spark whose answers are held.
fn server(folder: &TempDir, spark: &Spark, held: &Held) -> Server {
    let state = format!("sqlite:{}", folder.path().join("state.db").display());
    Server::start(&[
        ("CONNECTOR__SPARK_SUBMISSION__URL", held.address()),
        ("CONNECTOR__SPARK_SUBMISSION__UI_URL", &spark.ui()),
        ("CONNECTOR_STATE", &state),
        ("CONNECTOR_STATE_LEASE_SECONDS", "2"),
    ])
}

/// The ids of the drivers that have not ended.
async fn drivers(spark: &Spark) -> Vec<String> {
    let state = spark.state().await;
    let active = state["activedrivers"].as_array().into_iter().flatten();
    active.filter_map(|driver| driver["id"].as_str().map(str::to_owned)).collect()
}

/// Creates the attempt, and kills the server when Spark has said yes.
async fn dies_over(server: &mut Server, attempt: &Attempt, held: &Held) {
    let mut client = server.client().await;
    let request = attempt.clone().request().clone();
    let created = tokio::spawn(async move { client.create_task(request).await });
    until("Spark's yes", SOON, async || (held.count() == 1).then_some(())).await;
    server.kill();
    assert!(created.await.expect("no panic").is_err(), "nobody has heard of the driver");
    held.let_go();
}

async fn taken_over(server: &Server, outcome: &str) -> f64 {
    let series = format!(
        "flyte_connector_takeovers_total{{outcome=\"{outcome}\",task_type=\"spark_submission\"}}"
    );
    server.program().metric(&series).await
}

#[tokio::test]
async fn a_driver_that_nobody_knew_of_is_found() {
    let Some(spark) = Spark::own("Spark whose answer is held").await else { return };
    let (folder, beat) = (tempfile::tempdir().unwrap(), beat(&spark));
    let held = Held::before(&spark.address(), SUBMISSION).await;
    let mut server = server(&folder, &spark, &held);
    let mut custom = python(&spark, "work", &beat);
    custom["time_limit"] = 600.into();
    let attempt = Attempt::of(TYPE, custom);
    dies_over(&mut server, &attempt, &held).await;
    until_it_works(&beat).await;
    let there = drivers(&spark).await;
    server.start_again();
    let job = until("a create that is answered", SOON, async || attempt.create(&server).await.ok());
    let job = job.await;
    assert_eq!(there, [job.meta()["submission_id"].as_str().unwrap()]);
    assert_eq!(
        (&job.meta()["time_limit"], &job.meta()["is_python"]),
        (&json!(600), &Value::Bool(true))
    );
    assert_eq!(drivers(&spark).await, there, "and no other was submitted");
    assert_eq!(taken_over(&server, "found").await, 1.0);
    cancelled(&server, &job).await;
    nothing_is_left(&spark, &beat).await;
}

#[tokio::test]
async fn while_a_driver_waits_that_may_be_the_one_no_other_is_submitted() {
    let Some(spark) = Spark::own("Spark whose cores are taken").await else { return };
    let (folder, first_beat, beat) = (tempfile::tempdir().unwrap(), beat(&spark), beat(&spark));
    let held = Held::before(&spark.address(), SUBMISSION).await;
    // Past what is held.
    let other = super::server(&spark);
    let mut all = jar(&spark, "work", &first_beat);
    all["driver_cores"] = 2.into();
    let first = Attempt::of(TYPE, all).create(&other).await.unwrap();
    until_it_works(&first_beat).await;
    let mut server = server(&folder, &spark, &held);
    let attempt = Attempt::of(TYPE, python(&spark, "work", &beat));
    dies_over(&mut server, &attempt, &held).await;
    assert_eq!(drivers(&spark).await.len(), 2);
    server.start_again();
    let refused = attempt.create(&server).await.unwrap_err();
    assert!(refused.message().contains("nobody knows whether the attempt has one"), "{refused}");
    assert_eq!(drivers(&spark).await.len(), 2, "one works, one waits");
    cancelled(&other, &first).await;
    // It has a worker now.
    until_it_works(&beat).await;
    let job = until("a create that is answered", SOON, async || attempt.create(&server).await.ok());
    let job = job.await;
    assert_eq!(drivers(&spark).await, [job.meta()["submission_id"].as_str().unwrap()]);
    cancelled(&server, &job).await;
    for beat in [&first_beat, &beat] {
        nothing_is_left(&spark, beat).await;
    }
}
