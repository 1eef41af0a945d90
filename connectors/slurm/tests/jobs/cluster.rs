//! The jobs of a Slurm that is none: what its controller would keep of them. Both ways to it, the login node's commands
//! (`login_node`) and slurmrestd (`daemon`), ask here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connector_testing::{Vendor, VendorJob, VendorState};

/// Whose jobs they are.
pub(crate) const USER: &str = "ann";

/// What all who hold it share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cluster(Arc<Mutex<Books>>);

#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) jobs: Vec<Job>,
    /// What was asked, in the words of whoever asked.
    pub(crate) asked: Vec<String>,
    /// The controller does not answer.
    pub(crate) is_out: bool,
    /// How long an answer takes, once it is known.
    pub(crate) delay: Duration,
}

/// A job, which goes on with every look at it.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) name: String,
    looks: u32,
    is_cancelled: bool,
    is_replacement: bool,
}

impl Job {
    pub(crate) fn state(&self) -> &'static str {
        match (self.is_cancelled, self.looks) {
            (true, _) => "CANCELLED",
            (false, 0) => "PENDING",
            (false, 1) => "RUNNING",
            (false, _) => "COMPLETED",
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state(), "CANCELLED" | "COMPLETED")
    }
}

impl Cluster {
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.books().asked)
    }
}

impl Books {
    /// Takes a job. Slurm takes a name as often as it comes.
    pub(crate) fn submit(&mut self, name: &str) -> u64 {
        let mut earlier = self.jobs.iter().filter(|job| job.name == name).peekable();
        let is_replacement = earlier.peek().is_some() && earlier.all(|job| job.is_cancelled);
        let id = self.jobs.last().map_or(7, |job| job.id + 1);
        self.jobs.push(Job {
            id,
            name: name.to_owned(),
            looks: 0,
            is_cancelled: false,
            is_replacement,
        });
        id
    }

    /// The job of that number, which goes on for the look at it.
    pub(crate) fn look(&mut self, id: &str) -> Option<&Job> {
        let job = self.jobs.iter_mut().find(|job| job.id.to_string() == id)?;
        job.looks += 1;
        Some(job)
    }

    /// The same, without a step.
    pub(crate) fn known(&self, id: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.id.to_string() == id)
    }

    /// Ends a job that has not ended; whether there is one of that number.
    pub(crate) fn cancel(&mut self, id: &str) -> bool {
        let job = self.jobs.iter_mut().find(|job| job.id.to_string() == id);
        let is_known = job.is_some();
        if let Some(job) = job.filter(|job| !job.is_over()) {
            job.is_cancelled = true;
        }
        is_known
    }
}

impl Vendor for Cluster {
    async fn jobs(&self) -> Vec<VendorJob> {
        let books = self.books();
        let job = |job: &Job| {
            let state = match job.state() {
                "CANCELLED" => VendorState::Cancelled,
                "COMPLETED" => VendorState::Succeeded,
                _ => VendorState::Live,
            };
            let told = VendorJob::new(job.id.to_string(), state).key(&job.name);
            told.is_replacement(job.is_replacement)
        };
        books.jobs.iter().map(job).collect()
    }

    fn outage(&self, on: bool) -> bool {
        self.books().is_out = on;
        true
    }

    fn slow(&self, by: Duration) -> bool {
        self.books().delay = by;
        true
    }
}
