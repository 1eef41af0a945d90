//! What scripts write, carried to where Flyte keeps it.

use std::fs;

use connector_core::pb::task_execution::Phase;
use serde_json::json;

use super::{Case, SOON};

#[tokio::test]
async fn outputs_are_carried_to_where_they_belong() {
    let Some(case) = Case::new().await else { return };
    let script = "#!/bin/bash\n#SBATCH --comment=kept\necho hi > $FLYTE_OUTPUT_M\nmkdir -p $FLYTE_OUTPUT_D/x\n\
                  echo 1 > $FLYTE_OUTPUT_D/x/one\necho 2 > $FLYTE_OUTPUT_D/two\n";
    let outputs = json!({"outputs": {"m": "file", "d": "directory"}, "output_upload": "connector"});
    let mut attempt = case.slurm.script(script, outputs.clone());
    let prefix = case.slurm.folder().join(format!("prefix-{}", case.mark));
    attempt.request().output_prefix = format!("file://{}", prefix.display());
    let job = case.create(&attempt).await;
    let resource = job.until(&case.server, &[Phase::Succeeded], SOON).await;
    let read = |name: &str| fs::read_to_string(prefix.join(name)).unwrap_or_default();
    assert_eq!(
        (read("m").as_str(), read("d/x/one").as_str(), read("d/two").as_str()),
        ("hi\n", "1\n", "2\n")
    );
    let told = format!("{:?}", resource.outputs);
    assert!(told.contains(&format!("file://{}/m", prefix.display())), "{told}");
    let id = job.meta()["job_id"].as_str().unwrap_or_default().to_owned();
    assert!(case.slurm.said("scontrol", &["show", "job", &id]).contains("Comment=kept"));

    // One of two is not written.
    let mut attempt = case.slurm.script("echo hi > $FLYTE_OUTPUT_M\n", outputs);
    attempt.request().output_prefix = format!("file://{}-2", prefix.display());
    let message = case.until(&case.create(&attempt).await, Phase::Failed).await;
    assert!(
        message.contains("succeeded but did not write every declared output: d at "),
        "{message}"
    );
}

#[tokio::test]
async fn outputs_of_a_job_that_outlived_server_and_controller_are_carried() {
    let Some(mut case) = Case::new().await else { return };
    let (go, waits) = case.waits();
    let script = format!("{waits}echo hi > $FLYTE_OUTPUT_M\n");
    let more =
        json!({"env": {"MARK": case.mark}, "outputs": {"m": "file"}, "output_upload": "connector"});
    let mut attempt = case.slurm.script(&script, more);
    let prefix = case.slurm.folder().join(format!("prefix-{}", case.mark));
    attempt.request().output_prefix = format!("file://{}", prefix.display());
    let job = case.create(&attempt).await;
    case.until(&job, Phase::Running).await;
    // The job ends while nobody looks at it.
    case.server.kill();
    case.slurm.end_controller().await;
    fs::write(&go, "").expect("a file");
    case.slurm.start_controller().await;
    case.server.start_again();
    let resource = job.until(&case.server, &[Phase::Succeeded], SOON).await;
    assert_eq!(fs::read_to_string(prefix.join("m")).unwrap_or_default(), "hi\n");
    let told = format!("{:?}", resource.outputs);
    assert!(told.contains(&format!("file://{}/m", prefix.display())), "{told}");
    // Another server carries nothing again.
    let written =
        fs::metadata(prefix.join("m")).and_then(|about| about.modified()).expect("a file");
    case.server.kill();
    case.server.start_again();
    job.until(&case.server, &[Phase::Succeeded], SOON).await;
    let now = fs::metadata(prefix.join("m")).and_then(|about| about.modified()).expect("a file");
    assert_eq!(now, written);
    case.nothing_is_left(&job).await;
}
