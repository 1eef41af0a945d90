//! What Flink says of jobs: the shapes of its answers, and what they mean.

use connector_core::prelude::*;

/// The states of a job. One that is called RUNNING may wait for slots.
pub(crate) const JOB: StateTable = StateTable::new(&[
    ("INITIALIZING", Phase::Initializing),
    ("CREATED", Phase::Initializing),
    ("RUNNING", Phase::Running),
    ("RESTARTING", Phase::Running),
    ("RECONCILING", Phase::Running),
    ("FAILING", Phase::Running),
    ("CANCELLING", Phase::Running),
    ("FINISHED", Phase::Succeeded),
    ("FAILED", Phase::Failed),
    ("CANCELED", Phase::Aborted),
    // Another job manager may take it up; where none does, a new attempt can.
    ("SUSPENDED", Phase::RetryableFailed),
]);

/// A job in full. This answer is some seconds behind its state.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) start_time: i64,
    pub(crate) end_time: i64,
    pub(crate) duration: i64,
    pub(crate) vertices: Vec<Vertex>,
}

/// An operator of a job, or some in a chain.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Vertex {
    pub(crate) id: String,
    pub(crate) name: String,
    status: String,
    pub(crate) metrics: Moved,
}

/// What went through an operator.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Moved {
    pub(crate) read_bytes: u64,
    pub(crate) write_bytes: u64,
    pub(crate) read_records: u64,
    pub(crate) write_records: u64,
}

impl Job {
    /// Whether no part of it has a slot yet.
    pub(crate) fn waits(&self) -> bool {
        let waits = |vertex: &Vertex| matches!(vertex.status.as_str(), "CREATED" | "SCHEDULED");
        !self.vertices.is_empty() && self.vertices.iter().all(waits)
    }

    /// What went through all of it.
    pub(crate) fn moved(&self) -> Moved {
        self.vertices.iter().fold(Moved::default(), |all, vertex| Moved {
            read_bytes: all.read_bytes.saturating_add(vertex.metrics.read_bytes),
            write_bytes: all.write_bytes.saturating_add(vertex.metrics.write_bytes),
            read_records: all.read_records.saturating_add(vertex.metrics.read_records),
            write_records: all.write_records.saturating_add(vertex.metrics.write_records),
        })
    }

    /// Whether it took, or takes, longer than that, by Flink's own clock.
    pub(crate) fn took_longer_than(&self, seconds: Option<u64>) -> bool {
        let limit = seconds.and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(1_000));
        limit.is_some_and(|limit| self.duration > limit)
    }
}

/// The parts of an operator.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Parts {
    subtasks: Vec<Part>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Part {
    /// It is `(unassigned)` as long as there is none.
    taskmanager_id: String,
}

impl Parts {
    /// The ids of the task managers that they are, or were, on.
    pub(crate) fn machines(self) -> Vec<String> {
        let ids = self.subtasks.into_iter().map(|part| part.taskmanager_id);
        ids.filter(|id| !id.is_empty() && !id.starts_with('(')).collect()
    }
}

/// The newest checkpoints of a job.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Checkpoints {
    latest: Latest,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Latest {
    savepoint: Option<Savepoint>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Savepoint {
    checkpoint_type: String,
    external_path: String,
}

impl Checkpoints {
    /// Where the savepoint is with which somebody has stopped the job. Flink calls a job FINISHED that was stopped so;
    /// a savepoint during a job's life is of another type.
    pub(crate) fn stopped_with(self) -> Option<String> {
        let savepoint = self.latest.savepoint?;
        (savepoint.checkpoint_type == "SYNC_SAVEPOINT").then_some(savepoint.external_path)
    }
}

/// The exceptions of a job, the newest first.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Exceptions {
    exception_history: History,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct History {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Entry {
    stacktrace: String,
}

impl Exceptions {
    /// What was thrown first, as Java writes it: class and message. It is the cause of the newest.
    pub(crate) fn root(&self) -> Option<String> {
        self.exception_history.entries.first().and_then(|entry| root_cause(&entry.stacktrace))
    }
}

/// The last cause of a trace of Java's, without its frames.
pub(crate) fn root_cause(trace: &str) -> Option<String> {
    let begins = trace.rfind("Caused by: ").map_or(0, |at| at + "Caused by: ".len());
    let lines =
        trace.get(begins..)?.trim_start_matches("<Exception on server side:").trim_start().lines();
    let text: Vec<&str> = lines
        .take_while(|line| !line.starts_with("\tat ") && !line.starts_with("End of exception"))
        .collect();
    Some(text.join("\n").trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Checkpoints, Exceptions, Job, Parts, root_cause};

    #[test]
    fn a_stop_is_told_from_a_savepoint_on_the_way() {
        for (kind, is_stop) in [("SYNC_SAVEPOINT", true), ("SAVEPOINT", false)] {
            let told = json!({"latest": {"savepoint": {"checkpoint_type": kind, "external_path": "s3://b/s"}}});
            let told: Checkpoints = serde_json::from_value(told).unwrap();
            assert_eq!(told.stopped_with(), is_stop.then(|| "s3://b/s".to_owned()));
        }
        let none: Checkpoints =
            serde_json::from_value(json!({"latest": {"savepoint": null}})).unwrap();
        assert_eq!(none.stopped_with(), None);
    }

    #[test]
    fn a_part_without_a_slot_is_on_no_machine() {
        let told = json!({"subtasks": [{"taskmanager-id": "10.0.0.7:6122-1f"}, {"taskmanager-id": "(unassigned)"}]});
        let parts: Parts = serde_json::from_value(told).unwrap();
        assert_eq!(parts.machines(), ["10.0.0.7:6122-1f"]);
    }

    #[test]
    fn the_root_is_the_last_cause() {
        let trace = "a.JobException: Recovery is suppressed\n\tat a.B(B.java:1)\nCaused by: x.Y: broken\nat 3\n\
                     \tat c.D(D.java:2)\n\t... 3 more\n";
        assert_eq!(root_cause(trace).unwrap(), "x.Y: broken\nat 3");
        assert_eq!(
            root_cause("<Exception on server side:\na.B: gone\n\tat x").unwrap(),
            "a.B: gone"
        );
        assert_eq!(root_cause(""), None);
        let told = json!({"exceptionHistory": {"entries": [{"stacktrace": trace}, {"stacktrace": "older"}]}});
        let told: Exceptions = serde_json::from_value(told).unwrap();
        assert_eq!(told.root().unwrap(), "x.Y: broken\nat 3");
        assert_eq!(Exceptions::default().root(), None);
    }

    #[test]
    fn a_job_without_any_slot_waits() {
        let job = |states: &[&str]| -> Job {
            let vertices: Vec<_> = states
                .iter()
                .map(|state| json!({"name": "v", "status": state, "metrics": {"write-records": 2}}))
                .collect();
            serde_json::from_value(json!({"vertices": vertices, "duration": 2_001})).unwrap()
        };
        assert!(job(&["CREATED", "SCHEDULED"]).waits());
        assert!(!job(&["CREATED", "RUNNING"]).waits() && !job(&[]).waits());
        assert_eq!(job(&["RUNNING", "FINISHED"]).moved().write_records, 4);
        assert!(job(&[]).took_longer_than(Some(2)) && !job(&[]).took_longer_than(Some(3)));
        assert!(!job(&[]).took_longer_than(None) && !job(&[]).took_longer_than(Some(u64::MAX)));
    }
}
