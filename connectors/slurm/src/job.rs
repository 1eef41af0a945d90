//! What later calls need to find a job again, and the names of what belongs to it.

use std::collections::BTreeMap;

use connector_core::prelude::*;

/// A submitted job, spelled as the official connector spells it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SubmittedJob {
    pub(crate) job_id: String,
    pub(crate) job_name: String,
    pub(crate) host: String,
    pub(crate) username: String,
    pub(crate) port: u16,
    pub(crate) stdout_path: String,
    pub(crate) stderr_path: String,
    #[serde(default)]
    pub(crate) known_hosts: Option<String>,
    #[serde(default)]
    pub(crate) skip_host_key_verification: bool,
    #[serde(default)]
    pub(crate) declared_outputs: BTreeMap<String, DeclaredOutput>,
}

/// Where an output goes, and who brings it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredOutput {
    /// Where it belongs in Flyte's storage.
    pub(crate) uri: String,
    /// `file` or `directory`.
    pub(crate) kind: String,
    /// `connector` or `job`.
    pub(crate) upload: String,
    /// Where the script writes it.
    pub(crate) written_to: String,
}

impl DeclaredOutput {
    /// Whether the connector brings it to storage, and not the job.
    pub(crate) fn is_carried(&self) -> bool {
        self.upload != "job"
    }
}

/// Characters of the task's name in a job's name.
const MOST_LETTERS: usize = 40;

/// The name of an attempt's job: the same whenever the attempt is created again, and with the whole key, so that no
/// other attempt has it. Without a key nobody says which attempt it is, so each create has a job of its own.
pub(crate) fn name(task: Option<&pb::Identifier>, key: Option<&IdempotencyKey>) -> String {
    named(task.map_or("", |id| id.name.as_str()), key)
}

/// The name of the job of an attempt, whose task is called so.
pub(crate) fn named(task: &str, key: Option<&IdempotencyKey>) -> String {
    let own = task.rsplit('.').next().unwrap_or_default();
    let letter = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '-' };
    let own: String = own.chars().map(letter).take(MOST_LETTERS).collect();
    let own = own.trim_matches(['-', '.']);
    let own = if own.is_empty() { "task" } else { own };
    match key {
        Some(key) => format!("flyte-{own}-{}", key.as_str()),
        None => format!("flyte-{own}-{:032x}", fastrand::u128(..)),
    }
}

/// The files of a job.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) directory: String,
    pub(crate) submitted: String,
    /// The user's script, where it is a file of its own.
    pub(crate) beside: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) outputs: String,
}

impl Files {
    pub(crate) fn of(directory: &str, name: &str) -> Self {
        let directory = match directory.trim_end_matches('/') {
            "" => "/",
            directory => directory,
        };
        let file = |end: &str| format!("{}/{name}.{end}", directory.trim_end_matches('/'));
        Self {
            submitted: file("sbatch"),
            beside: file("script"),
            stdout: file("out"),
            stderr: file("err"),
            outputs: file("outputs"),
            directory: directory.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use connector_core::prelude::*;

    use super::{Files, SubmittedJob, name};

    #[test]
    fn an_attempt_has_one_name() {
        let id = |name: &str| pb::Identifier { name: name.to_owned(), ..Default::default() };
        let key = IdempotencyKey::of(None, "s3://b/r/1").unwrap();
        let named = name(Some(&id("env.my task")), Some(&key));
        assert_eq!(named, format!("flyte-my-task-{}", key.as_str()));
        assert_eq!(named, name(Some(&id("env.my task")), Some(&key)));
        assert!(name(None, Some(&key)).starts_with("flyte-task-"));
        assert!(name(Some(&id("...")), Some(&key)).starts_with("flyte-task-"));
        let long = name(Some(&id(&"x".repeat(60))), Some(&key));
        assert_eq!(long.len(), "flyte-".len() + 40 + 1 + 64);
        assert_ne!(name(None, None), name(None, None));
    }

    #[test]
    fn files_stand_side_by_side() {
        let files = Files::of("/home/u/.flyte/jobs/", "n");
        assert_eq!(files.submitted, "/home/u/.flyte/jobs/n.sbatch");
        assert_eq!(
            (files.directory.as_str(), files.outputs.as_str()),
            ("/home/u/.flyte/jobs", "/home/u/.flyte/jobs/n.outputs")
        );
        assert_eq!(Files::of("/", "n").stdout, "/n.out");
    }

    #[test]
    fn metadata_of_the_official_connector_is_read() {
        let theirs = r#"{"job_id": "70001", "job_name": "flyte-s1-d549440c", "host": "h", "username": "u", "port": 22,
            "stdout_path": "/d/o", "stderr_path": "/d/e", "known_hosts": null, "skip_host_key_verification": false,
            "declared_outputs": {"m": {"uri": "s3://b/m", "kind": "file", "upload": "connector", "written_to": "/d/m"}}}"#;
        let job: SubmittedJob = serde_json::from_str(theirs).unwrap();
        assert_eq!(job.declared_outputs["m"].written_to, "/d/m");
        let ours = serde_json::to_string(&job).unwrap();
        let compact: serde_json::Value = serde_json::from_str(theirs).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&ours).unwrap(), compact);
    }
}
