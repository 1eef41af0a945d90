//! What went wrong, by kind, and how it reads.
//! `judge` fills it from the executor's records and the jobs a `vendor` knows; tests assert on it and print it.

pub(crate) mod judge;
mod vendor;

use std::fmt;

pub use self::vendor::{Vendor, VendorJob, VendorState};

/// What went wrong with the tasks of an executor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many tasks ended, and how.
    pub tasks: TaskCounts,
    /// How many calls there were.
    pub calls: CallCounts,
    /// Tasks that will never end: their polling has stopped, or they never finish.
    pub wedged: Vec<Finding>,
    /// Attempts with more than one job.
    pub duplicated: Vec<Finding>,
    /// Jobs that live on at the vendor although nobody will ever ask for them again.
    pub orphaned: Vec<Finding>,
    /// Jobs whose end the executor never learned, or learned wrongly.
    pub lost: Vec<Finding>,
    /// Jobs whose delete fails for ever, so that their task cannot be removed.
    pub undeletable: Vec<Finding>,
    /// Whether the vendor was asked. Without it orphans cannot be seen at all.
    pub vendor_asked: bool,
}

/// How many tasks ended, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TaskCounts {
    /// All of them.
    pub all: usize,
    /// Those that succeeded.
    pub succeeded: usize,
    /// Those that failed.
    pub failed: usize,
    /// Those that were aborted.
    pub aborted: usize,
    /// Attempts of all of them.
    pub attempts: usize,
}

/// How many calls there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Creates.
    pub creates: usize,
    /// Creates that failed, or that the executor left.
    pub failed_creates: usize,
    /// Polls.
    pub polls: usize,
    /// Polls that failed. Six of one attempt wedge it.
    pub failed_polls: usize,
    /// Deletes.
    pub deletes: usize,
    /// Deletes that failed.
    pub failed_deletes: usize,
}

/// One thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The run, or what the vendor calls the job.
    pub subject: String,
    /// What was seen.
    pub seen: String,
}

impl Report {
    /// Whether no task was wedged, duplicated, orphaned, lost or undeletable.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.kinds().iter().all(|(_, findings)| findings.is_empty())
    }

    fn kinds(&self) -> [(&'static str, &[Finding]); 5] {
        [
            ("wedged", &self.wedged),
            ("duplicated", &self.duplicated),
            ("orphaned", &self.orphaned),
            ("lost", &self.lost),
            ("undeletable", &self.undeletable),
        ]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Findings of one kind that are told in full.
        const TOLD: usize = 5;
        let TaskCounts { all, succeeded, failed, aborted, attempts } = self.tasks;
        writeln!(
            f,
            "{all} tasks in {attempts} attempts: {succeeded} succeeded, {failed} failed, {aborted} \
             aborted"
        )?;
        let CallCounts { creates, failed_creates, polls, failed_polls, deletes, failed_deletes } =
            self.calls;
        writeln!(
            f,
            "{creates} creates ({failed_creates} failed), {polls} polls ({failed_polls} failed), \
             {deletes} deletes ({failed_deletes} failed)"
        )?;
        let counts = self.kinds().map(|(kind, findings)| format!("{} {kind}", findings.len()));
        write!(f, "{}", counts.join(", "))?;
        if !self.vendor_asked {
            write!(f, " (the vendor was not asked, so orphans cannot be seen)")?;
        }
        for (kind, findings) in self.kinds() {
            for Finding { subject, seen } in findings.iter().take(TOLD) {
                write!(f, "\n  {kind}: {subject}: {seen}")?;
            }
            if let Some(more) = findings.len().checked_sub(TOLD).filter(|more| *more > 0) {
                write!(f, "\n  {kind}: and {more} more")?;
            }
        }
        Ok(())
    }
}
