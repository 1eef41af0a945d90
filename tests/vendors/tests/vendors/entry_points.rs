//! The official connectors of vendors as they are installed, behind a server of ours that links none.

use std::path::Path;
use std::process::Command;

use interop_tests::peer::example;
use vendor_tests::official;

#[test]
fn what_is_installed_as_a_plug_in_is_found_and_listed() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let Some(venv) = official(target, "installed connectors behind us") else {
        return;
    };
    let bare = example(target, "bare").unwrap_or_else(|error| panic!("{error}"));
    let python = venv.command("python");
    let listed = Command::new(bare)
        .arg("list")
        .arg("--python")
        .arg(python.get_program())
        .args(["--python-workers", "1"])
        .output()
        .unwrap();
    let (printed, told) =
        (String::from_utf8_lossy(&listed.stdout), String::from_utf8_lossy(&listed.stderr));
    assert!(listed.status.success(), "{told}");
    for row in [
        "Bigquery Connector    bigquery_query_job_task (0)",
        "Databricks Connector  databricks (0)",
        "Snowflake Connector   snowflake (0)",
    ] {
        assert!(printed.lines().any(|line| line == row), "{row} is not in\n{printed}\n{told}");
    }
}
