//! What the connector and the vendor say to each other: one JSON line each way per connection.
//! The Python connector of `python/` speaks the same.

use serde::{Deserialize, Serialize};

/// A call to the vendor.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Call {
    /// Make a job.
    Create {
        /// One per attempt.
        key: String,
        /// The execution.
        run: String,
        /// Counted from 0.
        attempt: u32,
        /// What kind of job it is.
        job: JobSpec,
        /// Who asks.
        by: Asker,
    },
    /// Say which job was made for a key.
    Find {
        /// The key.
        key: String,
    },
    /// Say where a job stands.
    Status {
        /// The job.
        id: String,
    },
    /// Stop a job.
    Cancel {
        /// The job.
        id: String,
    },
}

/// Who asks for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// The process.
    pub process: u32,
    /// The process of the server that it works for: itself, unless it is a worker.
    pub server: u32,
}

/// What a task asks for; it travels in `TaskTemplate.custom`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSpec {
    /// Whether the vendor honours the key, and answers a repeated create with the job it has.
    pub keyed: bool,
    /// Whether the vendor takes its time for the first create of every attempt, so that an executor
    /// that leaves in the middle leaves well before the answer.
    pub slow: bool,
    /// How many good status answers the job takes to finish. A job that nobody asks about lives for
    /// ever, so that one that is forgotten is seen.
    pub polls: u32,
    /// How the jobs of the run end: the first that finishes, the next. The last repeats.
    pub ends: Vec<JobEnd>,
}

/// How a job ends when it is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobEnd {
    /// Well.
    Succeeded,
    /// Badly, for good.
    Failed,
    /// Badly, where another try may do better.
    Retry,
}

/// The vendor's answer. A lost one is no answer: the connection closes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// The job of a create.
    Job {
        /// What the vendor calls it.
        id: String,
    },
    /// The job's state.
    State {
        /// Where it stands.
        state: JobState,
    },
    /// A cancel that worked.
    Done,
    /// An error that will pass.
    Unavailable,
    /// The vendor does not know the job.
    Unknown,
    /// Makes the connector panic, before anything has happened at the vendor.
    Panic,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It runs.
    Running,
    /// It ended well.
    Succeeded,
    /// It ended badly, for good.
    Failed,
    /// It ended badly, where another try may do better.
    Retry,
    /// Somebody cancelled it.
    Cancelled,
}
