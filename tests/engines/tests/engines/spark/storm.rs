//! A storm over Spark: whatever befalls tasks and servers, each attempt is one driver that runs once, and nothing is left.
//! Spark takes no keys, so the two servers share a state, as two replicas would.

use std::fs;

use connector_testing::{End, Task, Vendor, VendorJob, VendorState};
use engine_tests::server::Server;
use engine_tests::spark::Spark;
use engine_tests::{storm, until};
use serde_json::{Value, json};

use super::{SOON, TYPE, beat, beats, nothing_is_left, small};

/// One for each trouble.
const TASKS: usize = 6;

/// The drivers, as Spark has them. Whose they are stands in their command lines.
struct Drivers<'a>(&'a Spark);

impl Vendor for Drivers<'_> {
    async fn jobs(&self) -> Vec<VendorJob> {
        let state = self.0.state().await;
        let drivers = ["activedrivers", "completeddrivers"].map(|list| state[list].as_array());
        let job = |driver: &Value| {
            let state = match driver["state"].as_str() {
                Some("FINISHED") => VendorState::Succeeded,
                Some("KILLED") => VendorState::Cancelled,
                Some("FAILED" | "ERROR") => VendorState::Failed,
                _ => VendorState::Live,
            };
            let id = driver["id"].as_str().unwrap();
            let job = VendorJob::new(id, state);
            let line = self.0.command_line(id);
            let key =
                line.split("-Dspark.flyte.attempt=").nth(1).and_then(|it| it.split('"').next());
            // One that was cancelled before a worker had it has none, and did nothing.
            match key {
                Some(key) => job.key(key),
                None => job,
            }
        };
        drivers.into_iter().flatten().flatten().map(job).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_done_twice_in_a_storm() {
    let Some(spark) = Spark::of_cores("Spark in a storm", 6).await else { return };
    let Some((_engine, state)) = storm::shared_state() else { return };
    let (address, ui) = (spark.address(), spark.ui());
    let mut variables: Vec<(&str, &str)> =
        state.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    variables.push(("CONNECTOR__SPARK_SUBMISSION__URL", &address));
    variables.push(("CONNECTOR__SPARK_SUBMISSION__UI_URL", &ui));
    let written: Vec<_> = (0..TASKS).map(|_| beat(&spark)).collect();
    let task = |beat: &std::path::PathBuf| {
        let script = format!(
            "import time\nopen({:?}, 'a').write('ran\\n')\ntime.sleep(1)\n",
            beat.display().to_string()
        );
        let Value::Object(settings) = small(&spark, json!({ "script": script })) else {
            unreachable!("an object")
        };
        let task = Task::new(TYPE).attempts(5);
        settings.into_iter().fold(task, |task, (name, value)| task.custom(name, value))
    };
    let tasks: Vec<Task> = written.iter().map(task).collect();
    let servers = [Server::start(&variables), Server::start(&variables)];
    let (executor, records, _servers) = storm::over(servers, &tasks).await;
    let drivers = Drivers(&spark);
    // Of a create that a death fell into the driver is found, and killed, once a worker has it.
    let is_over = async || {
        drivers.jobs().await.iter().all(|job| job.state != VendorState::Live).then_some(())
    };
    until("no driver of the storm is alive", SOON, is_over).await;
    let report = executor.report_with(&drivers).await;
    assert!(report.is_clean(), "{report}");
    let mut aborted = 0;
    for (beat, record) in written.iter().zip(&records) {
        // An attempt that was given up may have been cancelled before it began.
        assert!(beats(beat) <= record.attempts.len(), "{}: {record:?}", beats(beat));
        match &record.end {
            End::Succeeded { .. } => assert!(fs::exists(beat).unwrap(), "{record:?}"),
            End::Aborted => aborted += 1,
            end => panic!("{end}: {record:?}"),
        }
        nothing_is_left(&spark, beat).await;
    }
    assert!(aborted < TASKS, "{report}");
}
