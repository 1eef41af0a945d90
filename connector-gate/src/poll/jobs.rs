//! What is remembered of a job between polls: its last phase, since when its state is unknown.
//! `poll/mod.rs` answers from it when the outside system does not. A running job that answers and
//! declares no outputs needs no record, which is the usual case.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use connector_core::host::ErasedResource;
use connector_core::{ConnectorKey, Phase, Policy};
use jiff::Timestamp;
use tokio::time::Instant;

use crate::answer;
use crate::memory::{Key, Memory, Reading, Store};
use crate::outputs::Declared;
use crate::text::TextLimit;

/// How long after its last poll with news a job is remembered.
const JOB_MEMORY: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The jobs of one connector that there is something to remember of.
#[derive(Debug)]
pub(super) struct Jobs {
    texts: TextLimit,
    records: Box<dyn Store<Job>>,
    /// Why the outside system did not want to be asked, last: in an outage of all jobs alike.
    last_cause: Mutex<Arc<str>>,
}

// There is one for each job of a task that declares outputs: what most jobs never need is in a box.
#[derive(Debug, Clone)]
struct Job {
    declared: Option<Declared>,
    unknown: Option<Box<Unknown>>,
    /// The last phase the outside system told.
    phase: Phase,
    panicked: bool,
}

/// Since when the state is unknown.
#[derive(Debug, Clone)]
struct Unknown {
    since: SystemTime,
    from: Instant,
    /// Before then the outside system does not want to be asked, and why.
    not_before: Option<(Instant, Arc<str>)>,
}

impl Job {
    const fn new() -> Self {
        Self { declared: None, unknown: None, phase: Phase::Running, panicked: false }
    }

    /// What it holds beside itself.
    fn heap(&self) -> usize {
        let declared = self.declared.as_ref().map_or(0, Declared::heap);
        let unknown = self.unknown.as_ref().map_or(0, |unknown| unknown.heap());
        declared + unknown
    }
}

impl Unknown {
    /// What it takes. A cause counts whole, though jobs share it where it is the same.
    fn heap(&self) -> usize {
        let cause = self.not_before.as_ref().map_or(0, |(_, cause)| cause.len());
        size_of::<Self>() + cause
    }
}

impl Jobs {
    pub(super) fn new(policy: &Policy, texts: TextLimit) -> Self {
        let records = Memory::of_bytes(policy.max_remembered_bytes, Job::heap, JOB_MEMORY);
        Self { texts, records: Box::new(records), last_cause: Mutex::default() }
    }

    pub(super) fn reading(&self) -> Reading {
        self.records.reading()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Remembers what the task declares.
    pub(super) fn declare(&self, key: Key, declared: Declared) {
        self.records.put(key, Job { declared: Some(declared), ..Job::new() });
    }

    pub(super) fn forget(&self, key: &Key) {
        self.records.remove(key);
    }

    /// The outside system told this phase. Answers what the task declares.
    pub(super) fn known(&self, resource_meta: &[u8], phase: Phase) -> Option<Declared> {
        let usual = phase == Phase::Running || phase.is_terminal();
        if usual && self.records.is_empty() {
            return None;
        }
        let key = Key::of(resource_meta);
        let known = self.records.get(&key);
        let declared = known.as_ref().and_then(|job| job.declared.clone());
        let panicked = known.as_ref().is_some_and(|job| job.panicked);
        if usual && declared.is_none() && !panicked {
            if known.is_some() {
                self.records.remove(&key);
            }
        } else if known.is_none_or(|job| job.phase != phase || job.unknown.is_some()) {
            let job = Job { declared: declared.clone(), unknown: None, phase, panicked };
            self.records.put(key, job);
        }
        declared
    }

    /// The answer for a job that the outside system does not want to be asked about yet.
    pub(super) fn not_yet(&self, resource_meta: &[u8]) -> Option<ErasedResource> {
        if self.records.is_empty() {
            return None;
        }
        let job = self.records.get(&Key::of(resource_meta))?;
        let unknown = job.unknown?;
        let (until, cause) = unknown.not_before?;
        (Instant::now() < until).then(|| self.last_known(job.phase, unknown.since, &cause))
    }

    /// The answer for a job whose state could not be learnt, which it may be for `budget`.
    pub(super) fn unknown(
        &self,
        key: Key,
        connector: &ConnectorKey,
        cause: &str,
        asked: Option<Duration>,
        budget: Duration,
    ) -> ErasedResource {
        let now = Instant::now();
        let mut job = self.records.get(&key).unwrap_or(Job::new());
        let first = job.unknown.is_none();
        let unknown = job.unknown.get_or_insert_with(|| {
            Box::new(Unknown { since: SystemTime::now(), from: now, not_before: None })
        });
        let (since, elapsed) = (unknown.since, now.saturating_duration_since(unknown.from));
        if elapsed >= budget {
            self.records.remove(&key);
            tracing::error!(key = %connector, "a job is given up: its state has been unknown for \
                {budget:?}: {cause}");
            return answer::retryable(self.texts.capped(format!(
                "the state of the job has been unknown since {}, longer than {budget:?}: {cause}",
                time(since)
            )));
        }
        unknown.not_before = asked.map(|asked| (now + asked, self.shared(cause)));
        let phase = job.phase;
        self.records.put(key, job);
        // One line when it begins; the metric counts every one.
        if first {
            tracing::warn!(key = %connector, "status unknown: {cause}");
        } else {
            tracing::debug!(key = %connector, "status unknown since {}: {cause}", time(since));
        }
        self.last_known(phase, since, cause)
    }

    /// A cause as it is kept: the same one once for all.
    fn shared(&self, cause: &str) -> Arc<str> {
        let capped = self.texts.capped(cause.to_owned());
        let mut last = self.last_cause.lock().unwrap_or_else(PoisonError::into_inner);
        if **last != *capped {
            *last = capped.into();
        }
        Arc::clone(&last)
    }

    fn last_known(&self, phase: Phase, since: SystemTime, cause: &str) -> ErasedResource {
        let message = format!("status unknown since {}: {cause}", time(since));
        answer::resource(phase, self.texts.capped(message))
    }

    /// Notes a panic. Whether it is the first one over this job.
    pub(super) fn first_panic(&self, key: Key) -> bool {
        let mut job = self.records.get(&key).unwrap_or(Job::new());
        let first = !std::mem::replace(&mut job.panicked, true);
        if first {
            self.records.put(key, job);
        }
        first
    }
}

fn time(at: SystemTime) -> String {
    Timestamp::try_from(at).map_or_else(|_| "long ago".to_owned(), |at| format!("{at:.0}"))
}
