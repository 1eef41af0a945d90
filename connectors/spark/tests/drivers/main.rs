//! Drivers of a fake Spark: what is asked, what becomes of every answer, whose driver is whose, and the executor's
//! rules.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod fake;

use connector_core::prelude::*;
use connector_spark::Spark;
use connector_testing::conformance::Subject;
use connector_testing::{Harness, Task};
use serde_json::{Value, json};

use fake::{FakeSpark, Lost, TOKEN};

fn operator(fake: &FakeSpark) -> Settings {
    Settings::from_iter([("url", fake.url()), ("ui_url", fake.url())])
}

fn task() -> Task {
    Task::new("spark_submission").custom("application", "/jobs/a.jar").custom("main_class", "a.B")
}

fn harness(fake: &FakeSpark) -> Harness {
    fake.open();
    Harness::new(Spark::new(&operator(fake)).unwrap())
}

mod rules {
    use super::{FakeSpark, Spark, Subject, operator, task};

    fn at_spark() -> Subject {
        let fake = FakeSpark::new();
        let vendor = fake.clone();
        let open = move || {
            fake.open();
            Spark::new(&operator(&fake)).unwrap()
        };
        // Two servers that know nothing of each other, at the same moment: the test of the second driver's end is below.
        let reason =
            "Spark takes no id from whoever submits, so that there are two, of which one is killed";
        let subject = Subject::new(open).task(task()).vendor(vendor);
        subject.except("concurrent_creates_are_one_job", reason)
    }

    connector_testing::conformance!(subject = at_spark());
}

#[tokio::test(start_paused = true)]
async fn a_driver_from_its_submission_to_its_end() {
    let fake = FakeSpark::new();
    let spark = harness(&fake);
    fake.books().is_full = true;
    let job = spark
        .create(&task().custom("args", json!(["x"])).custom("driver_memory", "2g"))
        .await
        .unwrap();
    assert_eq!(fake.asked(), ["GET /json/", "POST /v1/submissions/create", "GET /json/"]);
    let body = fake.books().bodies.remove(0);
    let key = body["sparkProperties"]["spark.flyte.attempt"].as_str().unwrap().to_owned();
    assert_eq!(key.len(), 64, "it is the attempt's");
    assert_eq!(
        body["sparkProperties"],
        json!({
            "spark.flyte.attempt": key, "spark.app.name": format!("flyte-{key:.12}"),
            "spark.submit.deployMode": "cluster", "spark.driver.supervise": "false",
            "spark.driver.memory": "2g", "spark.jars": "file:/jobs/a.jar",
        })
    );
    let meta: Value = serde_json::from_slice(job.resource_meta()).unwrap();
    assert_eq!(
        meta,
        json!({
            "url": fake.url(), "ui_url": fake.url(), "submission_id": "driver-20261128095244-0000",
            "is_python": false, "time_limit": null,
        })
    );
    let waiting = job.get().await.unwrap();
    assert_eq!(waiting.phase, Phase::Queued);
    assert!(waiting.message.contains("waits for a worker"), "{}", waiting.message);
    fake.books().drivers[0].has_worker = true;
    let journey = job.run().await.unwrap();
    journey.assert_phases([Phase::Running, Phase::Succeeded]);
    let last = journey.polls().last().unwrap();
    let links: Vec<&str> = last.log_links.iter().map(|link| link.uri.as_str()).collect();
    let page = |stream| {
        format!("{}/logPage/?driverId=driver-20261128095244-0000&logType={stream}", fake.url())
    };
    assert_eq!(links, [format!("{}/", fake.url()), page("stdout"), page("stderr")]);
    fake.asked();
    job.delete().await.unwrap();
    assert_eq!(fake.asked().len(), 1, "a driver that has ended is left as it is");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_another_server_creates_again_is_one_driver() {
    let fake = FakeSpark::new();
    let (one, other) = (harness(&fake).runs_named("r"), harness(&fake).runs_named("r"));
    let stranger = harness(&fake).runs_named("other");
    let first = one.create(&task()).await.unwrap();
    stranger.create(&task()).await.unwrap();
    let second = other.create(&task()).await.unwrap();
    assert_eq!(first.resource_meta(), second.resource_meta());
    assert_eq!(fake.books().drivers.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn of_two_drivers_that_are_submitted_at_one_moment_the_first_is_the_attempts() {
    let fake = FakeSpark::new();
    let (one, other) = (harness(&fake).runs_named("r"), harness(&fake).runs_named("r"));
    let task = task();
    let (first, second) = tokio::join!(one.create(&task), other.create(&task));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.resource_meta(), second.resource_meta());
    let states: Vec<_> = fake.books().drivers.iter().map(|driver| driver.state).collect();
    assert_eq!(states, [None, Some("KILLED")]);
    let meta: Value = serde_json::from_slice(first.resource_meta()).unwrap();
    assert_eq!(meta["submission_id"], fake.books().drivers[0].id);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_looked_for_and_a_lost_request_is_sent_again() {
    let fake = FakeSpark::new();
    let spark = harness(&fake);
    fake.books().lost = vec![Lost::Answer];
    let job = spark.create(&task()).await.unwrap();
    let meta: Value = serde_json::from_slice(job.resource_meta()).unwrap();
    assert_eq!(meta["submission_id"], "driver-20261128095244-0000");
    assert_eq!(fake.books().drivers.len(), 1);
    fake.books().lost = vec![Lost::Request, Lost::Request];
    spark.create(&task()).await.unwrap();
    assert_eq!(fake.books().drivers.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_may_be_the_one_is_waited_for() {
    let fake = FakeSpark::new();
    let spark = harness(&fake);
    // Somebody's, which was there before and says nothing of itself.
    fake.books().is_full = true;
    harness(&fake).create(&task()).await.unwrap();
    fake.books().lost = vec![Lost::Answer];
    let opened = fake.clone();
    let opens = async {
        loop {
            tokio::time::sleep(std::time::Duration::from_secs(20)).await;
            let mut books = opened.books();
            if let Some(driver) = books.drivers.get_mut(1) {
                driver.has_worker = true;
                return;
            }
        }
    };
    let task = task();
    let (job, ()) = tokio::join!(spark.create(&task), opens);
    let meta: Value = serde_json::from_slice(job.unwrap().resource_meta()).unwrap();
    assert_eq!(meta["submission_id"], "driver-20261128095244-0001");
    assert_eq!(fake.books().drivers.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_without_a_web_ui_is_told_and_not_repeated() {
    let fake = FakeSpark::new();
    fake.open();
    let spark = Harness::new(Spark::new(&Settings::from_iter([("url", fake.url())])).unwrap());
    fake.books().lost = vec![Lost::Answer];
    let error = spark.create(&task()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent, "{error}");
    assert!(error.message().contains("give a `ui_url`"), "{error}");
    assert_eq!(fake.books().drivers.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_master_that_is_not_at_work_yet_is_asked_again() {
    let fake = FakeSpark::new();
    let spark = harness(&fake);
    let text = "Current state is not alive: RECOVERING. Can only accept driver submissions in ALIVE state.";
    fake.books().refusals.push((200, json!({"success": false, "message": text})));
    let job = spark.create(&task()).await.unwrap();
    assert_eq!(fake.books().drivers.len(), 1);
    let text = format!("Exception from the cluster:\njava.lang.Exception: {text}\n\torg.x");
    fake.books().refusals.push((200, json!({"success": false, "message": text})));
    let error = job.get().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transient { .. }), "{error}");
    assert!(error.message().ends_with("in ALIVE state."), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_spark_refuses_is_told_with_its_reason() {
    let fake = FakeSpark::new();
    let spark = harness(&fake);
    let text = "Malformed request: org.apache.spark.SomeException: spark.driver.cores is no number\n\torg.x(Y:1)";
    fake.books().refusals.push((400, json!({"action": "ErrorResponse", "message": text})));
    let error = spark.create(&task()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTask);
    assert!(error.message().ends_with("spark.driver.cores is no number"), "{error}");
    let error = spark.create(&task().secret("spark_token", "hunter2hunter2")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);
    assert!(error.message().contains("JWT Validate Fail"), "{error}");
    assert!(!error.message().contains("hunter2"), "{error}");
    spark.create(&task().secret("spark_token", TOKEN)).await.unwrap();
    let error = spark.create(&task().custom("url", "ftp://a")).await.unwrap_err();
    assert!(error.message().starts_with("`custom.url` is no address"), "{error}");
    assert_eq!(fake.books().drivers.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_names_only_masters_that_may_be_called_and_so_does_a_master_with_its_workers() {
    let (own, fake) = (FakeSpark::new(), FakeSpark::new());
    own.open();
    fake.open();
    let allowed = fake.url().strip_prefix("http://").unwrap().to_owned();
    let settings = [("URL", own.url()), ("UI_URL", own.url()), ("ALLOWED_HOSTS", &allowed)];
    let settings = settings
        .map(|(name, value)| (format!("CONNECTOR__SPARK_SUBMISSION__{name}"), value.to_owned()));
    let settings = Settings::from_variables("spark_submission", settings);
    let spark = Harness::new(Spark::new(&settings).unwrap());
    for (url, ui, is_allowed) in [
        (own.url(), own.url(), true),
        (fake.url(), fake.url(), true),
        ("http://10.0.0.7:6066", own.url(), false),
        (own.url(), "http://10.0.0.7:8080", false),
    ] {
        let created = spark.create(&task().custom("url", url).custom("ui_url", ui)).await;
        match is_allowed {
            true => drop(created.unwrap()),
            false => {
                let error = created.unwrap_err();
                assert!(error.message().contains("SPARK_SUBMISSION__ALLOWED_HOSTS"), "{error}");
            }
        }
    }
    // A master that sends to somewhere else for its logs.
    fake.books().worker_page = Some("http://10.0.0.7:8081".to_owned());
    let spark = Harness::new(Spark::new(&settings).unwrap());
    let job =
        spark.create(&task().custom("url", fake.url()).custom("ui_url", fake.url())).await.unwrap();
    let error = job.log().await.unwrap_err();
    assert!(error.to_string().contains("none that may be called"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn ends_are_told_with_what_is_known_of_them() {
    let fake = FakeSpark::new();
    let spark = harness(&fake);
    let python =
        Task::new("spark_submission").custom("script", "raise ValueError('no such table')");
    let job = spark.create(&python).await.unwrap();
    fake.books().stdout = "Traceback (most recent call last):\nValueError: no such table\n".into();
    fake.books().stderr = "Exception in thread \"main\" java.lang.reflect.InvocationTargetException\n\tat a\nCaused by: \
        org.apache.spark.SparkUserAppException: User application exited with 1\n\tat b\n"
        .to_owned();
    fake.books().told = Some("FAILED");
    let failed = job.get().await.unwrap();
    assert_eq!(failed.phase, Phase::Failed);
    let message = "the program ended with exit code 1:\nTraceback (most recent call last):\nValueError: no such table";
    assert_eq!(failed.message, message);
    let info = connector_core::custom_info::struct_to_json(&failed.custom_info);
    assert_eq!(info["exit_code"], 1);

    for (state, exception, phase, says) in [
        (
            "ERROR",
            Some("a.NoSuchFileException: /x.jar"),
            Phase::Failed,
            "NoSuchFileException: /x.jar",
        ),
        ("ERROR", None, Phase::RetryableFailed, "does not say why"),
        ("KILLED", None, Phase::Aborted, "was killed"),
        ("UNKNOWN", None, Phase::Running, "started anew"),
        ("RELAUNCHING", None, Phase::Running, "start it again"),
    ] {
        (fake.books().told, fake.books().exception) = (Some(state), exception);
        let resource = job.get().await.unwrap();
        assert_eq!(resource.phase, phase, "{state}");
        assert!(resource.message.contains(says), "{}", resource.message);
    }
    fake.books().told = Some("DREAMING");
    let resource = job.get().await.unwrap();
    assert_eq!(
        (resource.phase, resource.unknown_state.as_deref()),
        (Phase::Running, Some("DREAMING"))
    );
    fake.books().drivers.clear();
    assert_eq!(job.get().await.unwrap().phase, Phase::RetryableFailed);
    assert_eq!(
        job.delete().await.unwrap_err().kind(),
        ErrorKind::NotFound,
        "the server takes it as done"
    );
}

#[tokio::test(start_paused = true)]
async fn a_jar_over_its_time_limit_is_killed_and_fails() {
    let fake = FakeSpark::new();
    let spark = harness(&fake);
    let job = spark.create(&task().custom("time_limit", 60)).await.unwrap();
    // It was submitted in 2026, and this machine is at a later time.
    let running = job.get().await.unwrap();
    assert_eq!(running.phase, Phase::Running);
    assert!(running.message.contains("being killed"), "{}", running.message);
    let failed = job.get().await.unwrap();
    assert_eq!(failed.phase, Phase::Failed);
    assert!(failed.message.contains("longer than the `time_limit`"), "{}", failed.message);
}

#[tokio::test(start_paused = true)]
async fn logs_come_in_pages_of_whole_lines() {
    let fake = FakeSpark::new();
    let spark = harness(&fake);
    let job = spark.create(&task()).await.unwrap();
    let lines: Vec<String> =
        (0..20_000).map(|n| format!("line {n} of a program that says grüße")).collect();
    fake.books().stdout = (lines.join("\n") + "\n").into_bytes();
    fake.books().stderr = "warned\n".to_owned();
    let log = job.log().await.unwrap();
    assert_eq!(log[0], "stdout of driver-20261128095244-0000");
    let own: Vec<&String> = log.iter().filter(|line| line.starts_with("line ")).collect();
    assert_eq!(own, lines.iter().collect::<Vec<_>>());
    assert_eq!(log.last().unwrap(), "warned");
    // Bytes that are no text are shown as such, and nothing is lost for them.
    fake.books().stdout = [b"\xff", "x".repeat(99).as_bytes(), b"\n"].concat().repeat(10_000);
    let log = job.log().await.unwrap().concat();
    let count = |letter| log.chars().filter(|it| *it == letter).count();
    assert_eq!((count('x'), count('\u{fffd}')), (990_000, 10_000));
}
