//! Spark, with `ENGINES=all`. How code comes there is in `code`, servers that die over a submission in `takeovers`, many
//! drivers at once in `storm`.

mod code;
mod storm;
mod takeovers;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use connector_core::custom_info::struct_to_json;
use connector_core::pb::task_execution::Phase;
use engine_tests::jobs::{Attempt, Job, unheard_of};
use engine_tests::left::{marked, until_nothing_is_left};
use engine_tests::server::Server;
use engine_tests::spark::{Spark, TOKEN};
use engine_tests::until;
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// A driver's JVM starts in 3 s on a quiet machine.
const SOON: Duration = Duration::from_secs(180);
const TYPE: &str = "spark_submission";

/// For tests whose programs need executors: two drivers take both cores, and each would wait for executors for ever.
static EXECUTORS: Mutex<()> = Mutex::const_new(());

fn server(spark: &Spark) -> Server {
    Server::start(&[
        ("CONNECTOR__SPARK_SUBMISSION__URL", &spark.address()),
        ("CONNECTOR__SPARK_SUBMISSION__UI_URL", &spark.ui()),
    ])
}

/// What a program needs that runs on this machine.
fn small(spark: &Spark, mut custom: Value) -> Value {
    let own = json!({
        "python": spark.python(), "environment": {"GREETING": "hello"}, "driver_memory": "512m",
        "executor_memory": "512m", "cores_max": 1, "properties": {"spark.driver.host": "127.0.0.1"},
    });
    for (name, value) in own.as_object().unwrap() {
        custom.as_object_mut().unwrap().entry(name.clone()).or_insert_with(|| value.clone());
    }
    custom
}

fn python(spark: &Spark, mode: &str, beat: &Path) -> Value {
    let file = spark.folder().join("app.py");
    small(spark, json!({"application": file, "args": [mode, beat]}))
}

fn jar(spark: &Spark, mode: &str, beat: &Path) -> Value {
    let file = spark.folder().join("job.jar");
    small(spark, json!({"application": file, "main_class": "Job", "args": [mode, beat]}))
}

fn beat(spark: &Spark) -> PathBuf {
    spark.folder().join(unheard_of())
}

fn beats(beat: &Path) -> usize {
    fs::read_to_string(beat).map_or(0, |text| text.lines().count())
}

async fn until_it_works(beat: &Path) {
    let before = beats(beat);
    let is = async || (beats(beat) > before).then_some(());
    until("a program that works", SOON, is).await;
}

/// No process has the beat's name, nothing writes to it, the master has neither driver nor application at work, and
/// no executor is left.
async fn nothing_is_left(spark: &Spark, beat: &Path) {
    let before = beats(beat);
    assert_eq!(marked(&beat.display().to_string()), Vec::<String>::new());
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(beats(beat), before, "it works on");
    until_nothing_is_left("CoarseGrainedExecutorBackend --driver-url").await;
    let is_idle = async || {
        let state = spark.state().await;
        let is_idle = state["activedrivers"] == json!([]) && state["activeapps"] == json!([]);
        (is_idle && state["coresused"] == 0).then_some(())
    };
    until("an idle cluster", Duration::from_secs(20), is_idle).await;
}

/// Deletes as the executor does: again, until that is done.
async fn cancelled(server: &Server, job: &Job) {
    let is = async || job.delete(server).await.ok();
    until("a delete that is done", SOON, is).await;
}

#[tokio::test]
async fn programs_succeed_and_fail_with_how_they_ended() {
    let _turn = EXECUTORS.lock().await;
    let Some(spark) = Spark::shared().await else { return };
    let (server, beat) = (server(&spark), beat(&spark));
    let job = Attempt::of(TYPE, python(&spark, "query", &beat)).create(&server).await.unwrap();
    let done = job.until(&server, &[Phase::Succeeded], SOON).await;
    let links: Vec<&str> = done.log_links.iter().map(|link| link.name.as_str()).collect();
    assert_eq!(links, ["Spark master", "Spark driver stdout", "Spark driver stderr"]);
    let log = job.log(&server).await.unwrap();
    assert!(log.contains(&"began with query and hello".to_owned()), "{log:#?}");
    assert!(log.contains(&"the sum is 499500".to_owned()), "{log:#?}");

    let text = "import sys; print('of the task', sys.argv[1:])";
    let script = small(&spark, json!({"script": text, "args": ["it's", "a b"]}));
    let job = Attempt::of(TYPE, script).create(&server).await.unwrap();
    job.until(&server, &[Phase::Succeeded], SOON).await;
    let log = job.log(&server).await.unwrap();
    assert!(log.contains(&"of the task [\"it's\", 'a b']".to_owned()), "{log:#?}");

    for (custom, says, code) in [
        (python(&spark, "exit", &beat), "exit code 3", Some(3)),
        (python(&spark, "throw", &beat), "ValueError: no such table", Some(1)),
        (jar(&spark, "throw", &beat), "java.lang.IllegalStateException: broken in main", None),
        (jar(&spark, "exit", &beat), "another code than 0", None),
        (
            small(&spark, json!({"application": "/nowhere.jar", "main_class": "Job"})),
            "NoSuchFileException: /nowhere.jar",
            None,
        ),
    ] {
        let job = Attempt::of(TYPE, custom).create(&server).await.unwrap();
        let failed = job.until(&server, &[Phase::Failed], SOON).await;
        assert!(failed.message.contains(says), "{}", failed.message);
        let info = struct_to_json(&failed.custom_info.unwrap());
        assert_eq!(info.get("exit_code").and_then(Value::as_f64), code.map(f64::from), "{info}");
    }
    nothing_is_left(&spark, &beat).await;
}

#[tokio::test]
async fn a_log_comes_in_pages_and_nothing_of_it_is_lost() {
    let Some(spark) = Spark::shared().await else { return };
    let (server, beat) = (server(&spark), beat(&spark));
    let job = Attempt::of(TYPE, python(&spark, "lines", &beat)).create(&server).await.unwrap();
    job.until(&server, &[Phase::Succeeded], SOON).await;
    let (first, next) = job.page(&server, "", 3).await.unwrap();
    assert_eq!(
        first[1..],
        ["began with lines and hello", "line 0 of what a program prints, grüße"]
    );
    let (second, _) = job.page(&server, &next, 1).await.unwrap();
    assert_eq!(second, ["line 1 of what a program prints, grüße"]);
    let log = job.log(&server).await.unwrap();
    let told: Vec<&String> = log.iter().filter(|line| line.starts_with("line ")).collect();
    assert_eq!(told.len(), 30_000);
    for (number, line) in told.into_iter().enumerate() {
        assert_eq!(*line, format!("line {number} of what a program prints, grüße"));
    }
    assert!(log.iter().any(|line| line.starts_with("Launch Command: ")), "stderr follows");
}

#[tokio::test]
async fn after_a_cancel_neither_driver_nor_program_nor_executors_are_left() {
    let _turn = EXECUTORS.lock().await;
    let Some(spark) = Spark::shared().await else { return };
    let server = server(&spark);
    for (mode, is_python) in [("child", true), ("work", true), ("executors", true), ("work", false)]
    {
        let beat = beat(&spark);
        let custom = if is_python { python(&spark, mode, &beat) } else { jar(&spark, mode, &beat) };
        let job = Attempt::of(TYPE, custom).create(&server).await.unwrap();
        until_it_works(&beat).await;
        assert_eq!(job.get(&server).await.unwrap().phase(), Phase::Running);
        cancelled(&server, &job).await;
        nothing_is_left(&spark, &beat).await;
        assert_eq!(job.get(&server).await.unwrap().phase(), Phase::Aborted);
        job.delete(&server).await.unwrap();
    }
}

#[tokio::test]
async fn a_driver_that_waits_never_begins_once_it_is_cancelled() {
    let Some(spark) = Spark::own("Spark without cores").await else { return };
    let (server, first_beat, second_beat) = (server(&spark), beat(&spark), beat(&spark));
    let mut all = jar(&spark, "work", &first_beat);
    all["driver_cores"] = 2.into();
    let first = Attempt::of(TYPE, all).create(&server).await.unwrap();
    until_it_works(&first_beat).await;
    let waits = Attempt::of(TYPE, jar(&spark, "work", &second_beat)).create(&server).await.unwrap();
    let waiting = waits.until(&server, &[Phase::Queued], SOON).await;
    assert!(waiting.message.contains("waits for a worker"), "{}", waiting.message);
    cancelled(&server, &waits).await;
    cancelled(&server, &first).await;
    // There is room now, for one that is not cancelled.
    let third =
        Attempt::of(TYPE, jar(&spark, "quick", &second_beat)).create(&server).await.unwrap();
    third.until(&server, &[Phase::Succeeded], SOON).await;
    assert_eq!(beats(&second_beat), 0);
    for beat in [&first_beat, &second_beat] {
        nothing_is_left(&spark, beat).await;
    }
    assert_eq!(waits.get(&server).await.unwrap().phase(), Phase::Aborted);
}

#[tokio::test]
async fn an_attempt_is_one_driver_for_another_server_and_outlives_ours() {
    let Some(spark) = Spark::shared().await else { return };
    let (mut one, other, beat) = (server(&spark), server(&spark), beat(&spark));
    let attempt = Attempt::of(TYPE, python(&spark, "work", &beat));
    let (first, again) = tokio::join!(attempt.create(&one), attempt.create(&one));
    let (first, again) = (first.unwrap(), again.unwrap());
    until_it_works(&beat).await;
    let second = attempt.create(&other).await.unwrap();
    assert_eq!((first.meta(), again.meta()), (second.meta(), second.meta()));
    assert_eq!(spark.state().await["activedrivers"].as_array().unwrap().len(), 1);
    one.kill();
    one.start_again();
    first.until(&one, &[Phase::Running], SOON).await;
    assert_eq!(attempt.create(&one).await.unwrap().meta(), first.meta());
    until_it_works(&beat).await;
    cancelled(&one, &first).await;
    nothing_is_left(&spark, &beat).await;
}

#[tokio::test]
async fn a_program_over_its_time_limit_is_ended_and_fails() {
    let Some(spark) = Spark::shared().await else { return };
    let server = server(&spark);
    for (is_python, limit) in [(true, 2), (false, 4)] {
        let beat = beat(&spark);
        let custom = if is_python { python } else { jar };
        let mut custom = custom(&spark, "work", &beat);
        custom["time_limit"] = limit.into();
        let job = Attempt::of(TYPE, custom).create(&server).await.unwrap();
        let failed = job.until(&server, &[Phase::Failed], SOON).await;
        assert!(failed.message.contains("`time_limit`"), "{}", failed.message);
        nothing_is_left(&spark, &beat).await;
    }
}

#[tokio::test]
async fn a_master_that_is_started_anew_goes_on_and_gives_up_what_waited() {
    let Some(spark) = Spark::own("Spark that is restarted").await else { return };
    let (server, beat) = (server(&spark), beat(&spark));
    let mut all = python(&spark, "work", &beat);
    all["driver_cores"] = 2.into();
    let job = Attempt::of(TYPE, all).create(&server).await.unwrap();
    until_it_works(&beat).await;
    let waits = Attempt::of(TYPE, jar(&spark, "work", &beat)).create(&server).await.unwrap();
    spark.kill_master();
    let meanwhile = job.get(&server).await.unwrap();
    assert_eq!(meanwhile.phase(), Phase::Running, "no answer is no failure: {meanwhile:?}");
    spark.start_master();
    spark.ready().await;
    let lost = waits.until(&server, &[Phase::RetryableFailed], SOON).await;
    assert!(
        lost.message.contains("the driver waited when the master was started anew"),
        "{}",
        lost.message
    );
    // Whether a running driver is kept depends on whether its worker comes by itself while the master still reads
    // what it had left: then Spark kills it.
    let now = job.until(&server, &[Phase::Running, Phase::Aborted], SOON).await;
    if now.phase() == Phase::Running {
        until_it_works(&beat).await;
        cancelled(&server, &job).await;
    }
    until_nothing_is_left(&beat.display().to_string()).await;
    nothing_is_left(&spark, &beat).await;

    // And one that it does not know.
    let mut meta = job.meta();
    meta["submission_id"] = "driver-20000101000000-0000".into();
    let unknown = Job::of_meta(TYPE, &meta);
    let gone = unknown.get(&server).await.unwrap();
    assert_eq!(gone.phase(), Phase::RetryableFailed);
    assert!(gone.message.contains("does not know the driver"), "{}", gone.message);
    unknown.delete(&server).await.unwrap();
}

#[tokio::test]
async fn a_token_that_is_none_is_told_and_a_good_one_is_taken() {
    let Some(spark) = Spark::guarded().await else { return };
    let (server, beat) = (server(&spark), beat(&spark));
    let attempt = || Attempt::of(TYPE, jar(&spark, "quick", &beat));
    for (attempt, says) in [
        (attempt(), "Authorization header is missing"),
        (attempt().secret("spark_token", "hunter2hunter2"), "JWT Validate Fail"),
    ] {
        let job = attempt.create(&server).await.unwrap();
        let failed = job.get(&server).await.unwrap();
        assert_eq!(failed.phase(), Phase::Failed);
        assert!(failed.message.contains(says), "{}", failed.message);
        assert!(!failed.message.contains("hunter2"), "{}", failed.message);
    }
    let job = attempt().secret("spark_token", TOKEN).create(&server).await.unwrap();
    job.until(&server, &[Phase::Succeeded], SOON).await;
    nothing_is_left(&spark, &beat).await;
}
