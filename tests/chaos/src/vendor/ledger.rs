//! Every job the vendor ever made, and how often each was called.
//! Nothing is ever removed: the judge wants to see everything.

use std::collections::HashMap;
use std::time::Instant;

use crate::message::{Asker, JobEnd, JobSpec, JobState};

/// All jobs, in the order of their creation.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
    by_id: HashMap<String, usize>,
    by_key: HashMap<String, usize>,
    ended_of_run: HashMap<String, usize>,
    calls: HashMap<(&'static str, String), Calls>,
}

/// One job.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What the vendor calls it.
    pub id: String,
    /// The key of the attempt it was made for.
    pub key: String,
    /// The execution it was made for.
    pub run: String,
    /// Who asked for it.
    pub by: Asker,
    /// When it was made.
    pub made: Instant,
    /// What it was to be.
    pub job: JobSpec,
    /// Where it stands.
    pub state: JobState,
    /// The jobs of its key that were there when it was made, without those that had been cancelled.
    pub beside: Vec<String>,
    polled: u32,
}

/// The calls about one thing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calls {
    /// How many came before this one.
    pub(super) earlier: u32,
    /// When the first one came.
    pub(super) first: Instant,
}

impl Entry {
    /// Whether every earlier job of its key had been cancelled when it was made.
    #[must_use]
    pub const fn is_replacement(&self) -> bool {
        self.beside.is_empty()
    }
}

impl Ledger {
    /// All jobs.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Makes a job, or finds the one of that key if the job is one that has keys.
    pub(crate) fn create(&mut self, key: String, run: String, job: JobSpec, by: Asker) -> String {
        if job.keyed
            && let Some(entry) = self.by_key.get(&key).and_then(|at| self.entries.get(*at))
        {
            return entry.id.clone();
        }
        let there = self
            .entries
            .iter()
            .filter(|entry| entry.key == key && entry.state != JobState::Cancelled);
        let beside = there.map(|entry| entry.id.clone()).collect();
        let at = self.entries.len();
        let id = format!("j-{at}");
        self.by_id.insert(id.clone(), at);
        self.by_key.insert(key.clone(), at);
        self.entries.push(Entry {
            id: id.clone(),
            key,
            run,
            by,
            made: Instant::now(),
            job,
            state: JobState::Running,
            beside,
            polled: 0,
        });
        id
    }

    /// The last job that was made for a key and was not cancelled.
    pub(crate) fn find(&self, key: &str) -> Option<String> {
        let wanted = |entry: &&Entry| entry.key == key && entry.state != JobState::Cancelled;
        self.entries.iter().rev().find(wanted).map(|entry| entry.id.clone())
    }

    /// Answers a job's state and lets it go on.
    pub(crate) fn status(&mut self, id: &str) -> Option<JobState> {
        let entry = self.entries.get_mut(*self.by_id.get(id)?)?;
        if entry.state == JobState::Running {
            entry.polled += 1;
            if entry.polled > entry.job.polls {
                let ended = self.ended_of_run.entry(entry.run.clone()).or_default();
                let end = entry.job.ends.get(*ended).or(entry.job.ends.last());
                entry.state = match end {
                    Some(JobEnd::Failed) => JobState::Failed,
                    Some(JobEnd::Retry) => JobState::Retry,
                    Some(JobEnd::Succeeded) | None => JobState::Succeeded,
                };
                *ended += 1;
            }
        }
        Some(entry.state)
    }

    /// Stops a job that runs; anything else stays as it is.
    pub(crate) fn cancel(&mut self, id: &str) {
        if let Some(entry) = self.by_id.get(id).and_then(|at| self.entries.get_mut(*at))
            && entry.state == JobState::Running
        {
            entry.state = JobState::Cancelled;
        }
    }

    /// Counts a call about `subject`.
    pub(super) fn called(&mut self, operation: &'static str, subject: &str) -> Calls {
        let fresh = Calls { earlier: 0, first: Instant::now() };
        let calls = self.calls.entry((operation, subject.to_owned())).or_insert(fresh);
        let now = *calls;
        calls.earlier += 1;
        now
    }
}
