//! The outside system: jobs in memory, and counters of what reached it.
//! `connector` calls it as it would call a vendor's API. It knows neither Flyte's requests nor
//! errors, and no call of it waits.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use connector_core::prelude::*;

use super::leak::Leak;
use super::script::{Answer, Script};

/// How many bytes the scripts of all jobs may take; the oldest job is forgotten first.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// What a job takes besides its script.
const BYTES_PER_JOB: usize = 1_024;
/// How many tags are counted; the oldest is forgotten first.
const MOST_TAGS: usize = 50_000;

/// What the vendor calls its states. A phase's name is one; the others are what vendors say.
pub(super) const STATES: StateTable = StateTable::new(&[
    ("QUEUED", Phase::Queued),
    ("PENDING", Phase::Queued),
    ("WAITING_FOR_RESOURCES", Phase::WaitingForResources),
    ("INITIALIZING", Phase::Initializing),
    ("RUNNING", Phase::Running),
    ("SUCCEEDED", Phase::Succeeded),
    ("DONE", Phase::Succeeded),
    ("FAILED", Phase::Failed),
    ("ABORTED", Phase::Aborted),
    ("RETRYABLE_FAILED", Phase::RetryableFailed),
    ("PREEMPTED", Phase::RetryableFailed),
]);

/// What reached the vendor under one tag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) creates: u64,
    pub(super) vendor_jobs: u64,
    pub(super) live_jobs: u64,
    pub(super) polls: u64,
    pub(super) deletes: u64,
}

/// What the vendor knows about a job when it is polled.
#[derive(Debug)]
pub(super) struct Poll {
    /// How many polls of this job came before.
    pub(super) number: usize,
    pub(super) answer: Answer,
    /// Whether the job was cancelled, whatever its script says.
    pub(super) cancelled: bool,
    pub(super) script: Arc<Script>,
}

#[derive(Debug)]
struct Job {
    tag: String,
    script: Arc<Script>,
    leak: Option<Leak>,
    polls: usize,
    cancelled: bool,
    /// The vendor does not know it any more. It is kept for the bounds only.
    lost: bool,
    /// Neither finished nor cancelled, as far as anybody was told.
    live: bool,
}

#[derive(Debug, Default)]
struct State {
    jobs: HashMap<String, Job>,
    job_order: VecDeque<String>,
    bytes: usize,
    tags: HashMap<String, Counters>,
    tag_order: VecDeque<String>,
}

/// The outside system.
#[derive(Debug, Default)]
pub(super) struct Vendor {
    state: Mutex<State>,
}

impl Vendor {
    /// A create call arrives.
    pub(super) fn create_called(&self, tag: &str) {
        self.state().counters(tag).creates += 1;
    }

    /// A job is made.
    pub(super) fn make_job(&self, job_id: &str, tag: &str, script: Script, leak: Option<Leak>) {
        let mut state = self.state();
        let counters = state.counters(tag);
        counters.vendor_jobs += 1;
        counters.live_jobs += 1;
        state.bytes += script.weight + BYTES_PER_JOB;
        let job = Job {
            tag: tag.to_owned(),
            script: Arc::new(script),
            leak,
            polls: 0,
            cancelled: false,
            lost: false,
            live: true,
        };
        state.jobs.insert(job_id.to_owned(), job);
        state.job_order.push_back(job_id.to_owned());
        while state.bytes > MOST_BYTES && state.jobs.len() > 1 {
            state.forget_oldest_job();
        }
    }

    /// A get call arrives; `None` if the job is unknown.
    pub(super) fn poll(&self, job_id: &str) -> Option<Poll> {
        let mut state = self.state();
        let tag = state.known(job_id)?.tag.clone();
        state.counters(&tag).polls += 1;
        let job = state.jobs.get_mut(job_id)?;
        let poll = Poll {
            number: job.polls,
            answer: job.script.answer(job.polls),
            cancelled: job.cancelled,
            script: Arc::clone(&job.script),
        };
        job.polls += 1;
        let finished = match &poll.answer {
            Answer::Phase(phase) => phase.is_terminal(),
            Answer::State(text) => STATES.phase(text).is_some_and(Phase::is_terminal),
            // What is not there does not run.
            Answer::Fails(failure) => *failure == super::script::Failure::NotFound,
        };
        // A failed poll tells nobody how the job is.
        if finished || matches!(poll.answer, Answer::Phase(_) | Answer::State(_)) {
            state.set_live(job_id, !finished);
        }
        Some(poll)
    }

    /// A delete call arrives; `None` if the job is unknown.
    pub(super) fn delete_called(&self, job_id: &str) -> Option<Arc<Script>> {
        let mut state = self.state();
        let tag = state.known(job_id)?.tag.clone();
        state.counters(&tag).deletes += 1;
        state.jobs.get(job_id).map(|job| Arc::clone(&job.script))
    }

    /// A job is cancelled. One that is finished stays finished.
    pub(super) fn cancel(&self, job_id: &str) {
        let mut state = self.state();
        if let Some(job) = state.jobs.get_mut(job_id).filter(|job| job.live) {
            job.cancelled = true;
            state.set_live(job_id, false);
        }
    }

    /// The vendor forgets a job.
    pub(super) fn lose(&self, job_id: &str) {
        let mut state = self.state();
        state.set_live(job_id, false);
        if let Some(job) = state.jobs.get_mut(job_id) {
            job.lost = true;
        }
    }

    /// The counters of a tag.
    pub(super) fn counters(&self, tag: &str) -> Counters {
        self.state().tags.get(tag).copied().unwrap_or_default()
    }

    /// What a job was told that it should have kept to itself, and how often it was polled; `None`
    /// if the job is unknown.
    pub(super) fn log(&self, job_id: &str) -> Option<(usize, Option<Leak>)> {
        self.state().known(job_id).map(|job| (job.polls, job.leak.clone()))
    }

    // Nothing panics while the lock is held, so a poisoned state would still be whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn known(&self, job_id: &str) -> Option<&Job> {
        self.jobs.get(job_id).filter(|job| !job.lost)
    }

    fn counters(&mut self, tag: &str) -> &mut Counters {
        if !self.tags.contains_key(tag) {
            if self.tags.len() >= MOST_TAGS
                && let Some(oldest) = self.tag_order.pop_front()
            {
                self.tags.remove(&oldest);
            }
            self.tag_order.push_back(tag.to_owned());
        }
        self.tags.entry(tag.to_owned()).or_default()
    }

    fn set_live(&mut self, job_id: &str, live: bool) {
        let Some(job) = self.jobs.get_mut(job_id) else { return };
        let live = live && !job.cancelled;
        if std::mem::replace(&mut job.live, live) == live {
            return;
        }
        let Some(counters) = self.tags.get_mut(&job.tag) else { return };
        counters.live_jobs =
            if live { counters.live_jobs + 1 } else { counters.live_jobs.saturating_sub(1) };
    }

    fn forget_oldest_job(&mut self) {
        let Some(oldest) = self.job_order.pop_front() else { return };
        self.set_live(&oldest, false);
        if let Some(job) = self.jobs.remove(&oldest) {
            self.bytes = self.bytes.saturating_sub(job.script.weight + BYTES_PER_JOB);
        }
    }
}

#[cfg(test)]
mod tests {
    use connector_core::custom_info::json_to_struct;
    use connector_core::prelude::*;
    use serde_json::json;

    use super::{BYTES_PER_JOB, Counters, MOST_BYTES, MOST_TAGS, Script, Vendor};

    fn script(custom: serde_json::Value) -> Script {
        Script::from_custom(json_to_struct(custom).expect("an object")).expect("a script")
    }

    #[test]
    fn a_job_is_live_until_somebody_is_told_otherwise() {
        let vendor = Vendor::default();
        vendor.create_called("t");
        vendor.make_job("a", "t", script(json!({"phases": ["RUNNING", "FAILED"]})), None);
        vendor.make_job("b", "t", script(json!({})), None);
        assert_eq!(vendor.counters("t").live_jobs, 2);
        vendor.poll("a");
        vendor.poll("a");
        let expected = Counters { creates: 1, vendor_jobs: 2, live_jobs: 1, polls: 2, deletes: 0 };
        assert_eq!(vendor.counters("t"), expected);
        vendor.delete_called("b");
        vendor.cancel("b");
        vendor.cancel("b");
        vendor.cancel("a");
        assert_eq!(vendor.counters("t").live_jobs, 0);
        // The finished job was not cancelled.
        assert!(!vendor.poll("a").unwrap().cancelled);
        assert!(vendor.poll("b").unwrap().cancelled);
        assert_eq!(vendor.counters("t").live_jobs, 0);
        assert_eq!(vendor.counters("other"), Counters::default());
    }

    #[test]
    fn a_job_that_comes_back_is_live_again() {
        let vendor = Vendor::default();
        let custom = json!({"phases": ["RUNNING"], "get": ["not_found", "transient", "state:X"]});
        vendor.make_job("a", "t", script(custom), None);
        let lives = [0, 1, 2].map(|_| {
            vendor.poll("a");
            vendor.counters("t").live_jobs
        });
        assert_eq!(lives, [0, 0, 1]);
    }

    #[test]
    fn memory_is_bounded_oldest_out() {
        let vendor = Vendor::default();
        let mut script = script(json!({}));
        script.weight = MOST_BYTES / 2 - BYTES_PER_JOB;
        for job in ["a", "b", "c"] {
            vendor.make_job(job, "t", script.clone(), None);
        }
        assert!(vendor.poll("a").is_none());
        assert!(vendor.poll("b").is_some() && vendor.poll("c").is_some());
        assert_eq!(vendor.counters("t").live_jobs, 2);
        for tag in 0..MOST_TAGS {
            vendor.create_called(&tag.to_string());
        }
        assert_eq!(vendor.state().tags.len(), MOST_TAGS);
        assert_eq!(vendor.counters("t"), Counters::default());
    }
}
