//! Tasks of `flytekitplugins-spark` on this server: what it submits to Databricks, a fake, and its metadata must be
//! those of the official connector but for the table, and each reads the other's metadata.

use interop_tests::differential::{Intended, complaints, differences};
use interop_tests::peer::{self, Server, free_port};
use interop_tests::script::Transcript;
use serde_json::Value;

const INTENDED: &[Intended] = &[
    Intended {
        cases: &["a new cluster", "a task of the older class", "a cluster with its own settings"],
        fields: &[("body.new_cluster.num_workers", "2")],
        reason: "Python sends every number of a task's settings as a float: 2 becomes 2.0",
    },
    Intended {
        cases: &["a new cluster"],
        fields: &[("body.timeout_seconds", "3600")],
        reason: "the same",
    },
    Intended {
        cases: &["nowhere to run"],
        fields: &[("body", "Either existing_cluster_id or new_cluster must be specified")],
        reason: "our own words, those of Flyte 2's plug-in",
    },
];

const TOKEN: &str = "dapi-the-token-of-the-fake";

#[tokio::test(flavor = "multi_thread")]
async fn tasks_of_the_spark_plug_in_run_alike() {
    let what = "the differential of Databricks with flytekit's connector";
    let Some(venv) = flyte1_tests::flytekit(crate::target(), what) else { return };
    let port = free_port().unwrap();
    let binary = peer::binary(crate::target()).unwrap_or_else(|error| panic!("{error}"));
    let lent = [
        ("DATABRICKS_HOST_OVERRIDE", &*format!("http://127.0.0.1:{port}")),
        ("CONNECTOR__DATABRICKS__SECRET_HOSTS", "acme.cloud.databricks.com"),
        // Of other teams; that of the task's namespace goes before it.
        ("_FSEC_FLYTE_DATABRICKS_ACCESS_TOKEN", "dapi-of-another-team"),
        ("_FSEC_DATABRICKS_TOKEN_FILMS_PRODUCTION", TOKEN),
    ];
    let server = Server::with(&binary, &lent).unwrap_or_else(|error| panic!("{error}"));
    let seen = tokio::task::spawn_blocking(move || {
        let mut script = venv.script("databricks_calls.py");
        script.args([server.address(), &port.to_string()]);
        let output = script.env("_FSEC_FLYTE_DATABRICKS_ACCESS_TOKEN", TOKEN).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "databricks_calls.py broke off:\n{errors}");
        // The plug-in says on standard output that one of its classes is old.
        let printed = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str::<Value>(printed.lines().last().unwrap_or_default()).unwrap()
    });
    let seen = seen.await.unwrap();
    let of = |side: &str| Transcript::new(seen[side].as_array().unwrap().clone());
    let (ours, theirs) = (of("ours"), of("theirs"));
    assert!(ours.steps().len() > 40);
    let found = differences(&ours, &theirs).unwrap_or_else(|error| panic!("{error}"));
    let found = complaints(&found, INTENDED);
    assert!(found.is_empty(), "{}", found.join("\n"));
}
