//! Metadata of jobs, of whichever Flyte.

use connector_core::prelude::*;

use crate::flyte1::Flyte1Job;
use crate::job::SubmittedJob;

/// What later calls need to find a job again, spelled as the official connector of the task's Flyte spells it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "no metadata of a Slurm job: they have `job_id`, and `host` or `ssh_config`"
)]
pub enum Job {
    /// Of a task of Flyte 1.
    OfFlyte1(Flyte1Job),
    /// Of a task of Flyte 2.
    OfFlyte2(SubmittedJob),
}

#[cfg(test)]
mod tests {
    use connector_core::ResourceMeta;

    use super::Job;

    #[test]
    fn metadata_are_those_of_the_flyte_that_created_the_job() {
        let host = r#""ssh_config": {"host": "h", "username": "u"}"#;
        for meta in [
            format!(r#"{{"job_id": "7", {host}, "outputs": {{}}}}"#),
            format!(r#"{{"job_id": "7", {host}}}"#),
        ] {
            let job = Job::decode(meta.clone().into()).unwrap();
            assert!(matches!(job, Job::OfFlyte1(_)), "{job:?}");
            assert_eq!(job.encode().unwrap(), meta);
        }
        let told = Job::decode(r#"{"job_id": "7"}"#.into()).unwrap_err().to_string();
        assert!(told.contains("`ssh_config`"), "{told}");
    }
}
