//! Tasks run by flytekit's own local executor, with this server in the place of a connector of its process.

use conformance_tests::Running;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn flytekits_local_executor_runs_tasks_through_the_server() {
    let what = "flytekit's local executor";
    let Some(venv) = flyte1_tests::flytekit(crate::target(), what) else { return };
    let server = Running::start().await;
    let address = server.grpc.to_string();
    let seen = tokio::task::spawn_blocking(move || {
        flyte1_tests::transcript(&venv, "local_runs.py", &[&address])
    });
    let seen = seen.await.unwrap();
    for case in ["values of a job", "values of a call"] {
        let equal = seen.only(case).unwrap()["equal"].as_object().unwrap().clone();
        let wrong: Vec<_> = equal.iter().filter(|(_, equal)| **equal != json!(true)).collect();
        assert!(equal.len() == 14 && wrong.is_empty(), "{case}: {wrong:?}");
    }
    let ended = |case: &str| {
        let step = seen.only(case).unwrap();
        (step["output"].clone(), step["error"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(ended("one output"), (json!(7), String::new()));
    for case in ["no outputs", "a poll that fails once"] {
        assert_eq!(ended(case), (Value::Null, String::new()), "{case}");
    }
    for (case, said) in [
        ("a job that fails", "local.simulator with error: "),
        ("a job that may be tried again", "local.simulator with error: "),
        ("a job that was never made", "local.simulator with error: the vendor refused the job"),
        ("a call that fails", "local.sync_echo with error: the task was told to fail"),
        ("a call that is wrong", "local.sync_echo with error: the task was told to fail"),
    ] {
        let (output, error) = ended(case);
        assert!(output.is_null() && error.contains(said), "{case}: {error}");
    }
    let interrupted = seen.only("interrupted").unwrap();
    let told = [&interrupted["ended"], &interrupted["deletes"], &interrupted["live"]];
    assert_eq!(told, [&json!("exit 1"), &json!(1.0), &json!(0.0)], "{interrupted}");
    server.stop().await;
}
