//! What slurmrestd says of jobs: the shapes of its answers, and where a job stands.

use connector_core::prelude::*;

use crate::states::{Standing, folded};

/// An answer about jobs.
#[derive(Debug, Deserialize)]
pub(crate) struct Jobs {
    #[serde(default)]
    pub(crate) jobs: Vec<Record>,
}

/// A job, or one task of an array.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    pub(crate) job_id: u64,
    /// Of an array's tasks the number of the array; 0 of others.
    pub(crate) array_job_id: u64,
    pub(crate) name: Option<String>,
    pub(crate) user_name: Option<String>,
    pub(crate) job_state: String,
    pub(crate) state_reason: Option<String>,
    /// As `wait` gives it: the code in the second byte, the signal in the first.
    pub(crate) exit_code: Option<i64>,
    /// Where it runs, or ran.
    pub(crate) nodes: Option<String>,
    pub(crate) partition: Option<String>,
    /// How often Slurm has begun it again.
    pub(crate) restart_cnt: Option<u64>,
}

impl Record {
    /// Where it stands, with its exit code as Slurm's commands write it: `code:signal`.
    fn standing(&self) -> Standing {
        let told = |text: &str| (!matches!(text, "" | "None")).then(|| text.to_owned());
        Standing {
            id: self.job_id.to_string(),
            state: self.job_state.clone(),
            exit_code: self
                .exit_code
                .map(|status| format!("{}:{}", (status >> 8) & 0xff, status & 0x7f)),
            reason: self.state_reason.as_deref().and_then(told),
        }
    }
}

/// Of the records of one job the one that stands for all, and where that stands.
pub(crate) fn of_job(records: &[Record]) -> Option<(&Record, Standing)> {
    let standing = folded(records.iter().map(Record::standing).collect())?;
    let record = records.iter().find(|record| record.job_id.to_string() == standing.id)?;
    Some((record, standing))
}

/// The job that counts of those of one name and user: the oldest that was not cancelled.
pub(crate) fn first(records: &[Record], name: &str, user: &str) -> Option<u64> {
    let is_it = |record: &&Record| {
        record.name.as_deref() == Some(name)
            && record.user_name.as_deref() == Some(user)
            && record.standing().phase() != Some(Phase::Aborted)
    };
    let number = |record: &Record| match record.array_job_id {
        0 => record.job_id,
        array => array,
    };
    records.iter().filter(is_it).map(number).min()
}

/// What ended a job, in words, where its exit code says it: `killed by signal 9 (SIGKILL)`.
pub(crate) fn signal(exit_code: &str) -> Option<String> {
    const NAMES: [(u8, &str); 9] = [
        (1, "SIGHUP"),
        (2, "SIGINT"),
        (4, "SIGILL"),
        (6, "SIGABRT"),
        (7, "SIGBUS"),
        (8, "SIGFPE"),
        (9, "SIGKILL"),
        (11, "SIGSEGV"),
        (15, "SIGTERM"),
    ];
    let (code, signal) = exit_code.split_once(':')?;
    let (code, signal): (u8, u8) = (code.parse().ok()?, signal.parse().ok()?);
    // A shell whose child a signal has killed exits with 128 and its number.
    let (number, whom) = match signal {
        0 => (code.checked_sub(128).filter(|number| *number > 0)?, "a command of the script was"),
        signal => (signal, "the script was"),
    };
    let (_, name) = NAMES.iter().find(|(known, _)| *known == number)?;
    Some(format!("{whom} killed by signal {number} ({name})"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Jobs, first, of_job, signal};

    fn read(jobs: &Value) -> Jobs {
        serde_json::from_value(json!({ "jobs": jobs })).unwrap()
    }

    fn job(id: u64, state: &str, more: Value) -> Value {
        let mut job = json!({"job_id": id, "name": "n", "user_name": "u", "job_state": state});
        if let (Value::Object(job), Value::Object(more)) = (&mut job, more) {
            job.extend(more);
        }
        job
    }

    #[test]
    fn exit_codes_are_decoded() {
        for (status, code, told) in [
            (768, "3:0", None),
            (9, "0:9", Some("the script was killed by signal 9 (SIGKILL)")),
            (36608, "143:0", Some("a command of the script was killed by signal 15 (SIGTERM)")),
            (0, "0:0", None),
            (32768, "128:0", None),
        ] {
            let Jobs { jobs } = read(&json!([job(7, "FAILED", json!({"exit_code": status}))]));
            let (_, standing) = of_job(&jobs).unwrap();
            assert_eq!(standing.exit_code.as_deref(), Some(code));
            assert_eq!(signal(code).as_deref(), told, "{code}");
        }
    }

    #[test]
    fn a_job_that_slurm_did_not_take_was_not_killed() {
        let refused = json!({"exit_code": 1, "state_reason": "BadConstraints"});
        let Jobs { jobs } = read(&json!([job(7, "FAILED", refused.clone())]));
        let end = of_job(&jobs).unwrap().1.end(signal);
        assert!(end.starts_with(", reason: BadConstraints. Slurm did not take it"), "{end}");
        let Jobs { jobs } = read(&json!([job(7, "PENDING", refused)]));
        assert!(!of_job(&jobs).unwrap().1.was_refused(), "it waits");
        let hung_up = json!({"exit_code": 1, "state_reason": "NonZeroExitCode"});
        let Jobs { jobs } = read(&json!([job(7, "FAILED", hung_up)]));
        assert!(of_job(&jobs).unwrap().1.end(signal).contains("signal 1 (SIGHUP)"));
    }

    #[test]
    fn an_array_is_as_good_as_its_worst_task() {
        let Jobs { jobs } = read(&json!([
            job(9, "COMPLETED", json!({"array_job_id": 9})),
            job(
                7,
                "FAILED",
                json!({"array_job_id": 9, "exit_code": 256, "state_reason": "NonZeroExitCode"})
            ),
            job(8, "COMPLETED", json!({"array_job_id": 9})),
        ]));
        let (record, standing) = of_job(&jobs).unwrap();
        assert_eq!((record.job_id, standing.state.as_str()), (7, "FAILED"));
        assert_eq!(first(&jobs, "n", "u"), Some(9));
        assert!(of_job(&[]).is_none());
    }

    #[test]
    fn only_the_users_own_jobs_of_the_whole_name_count() {
        let Jobs { jobs } = read(&json!([
            job(3, "RUNNING", json!({"user_name": "other"})),
            job(4, "CANCELLED", json!({})),
            job(6, "PENDING", json!({})),
            job(5, "COMPLETED", json!({"unknown": [1], "time_limit": null})),
            job(2, "RUNNING", json!({"name": "n2"})),
        ]));
        assert_eq!(first(&jobs, "n", "u"), Some(5));
        assert_eq!(first(&jobs, "m", "u"), None);
    }
}
