//! The fake executor: runs tasks against a connector service and keeps the record of each.
//! Authors' tests and the conformance checks use it; one attempt at a time is `attempt`'s business.
//! It knows no connector: any address will do.

mod attempt;
mod cache;
pub(crate) mod look;
mod outputs;
pub(crate) mod record;
mod rules;
mod trouble;
pub(crate) mod wire;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::{Instant, sleep};
use tonic::transport::Channel;

use self::attempt::{Attempt, Verdict};
use self::outputs::OutputStore;
pub use self::record::{AttemptRecord, Created, End, FailureCode, TaskRecord};
pub use self::rules::ExecutorRules;
pub use self::trouble::{RepeatedCreate, Trouble};
use self::wire::{Stored, Wire};
use crate::identity::AttemptName;
use crate::report::{Report, Vendor, judge};
use crate::task::Task;

/// An executor that behaves as Flyte's does, towards one connector service.
///
/// Clones are the same executor. All waiting is on the clock of tokio, so that with paused time
/// (`#[tokio::test(start_paused = true)]` and a service in the same process) an hour of polling
/// takes no time.
#[derive(Debug, Clone)]
pub struct FakeExecutor {
    pub(crate) shared: Arc<Shared>,
}

/// What all tasks of an executor share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) wire: Wire,
    pub(crate) rules: ExecutorRules,
    pub(crate) outputs: OutputStore,
    name: String,
    seed: u64,
    runs: AtomicU64,
    records: Mutex<Vec<TaskRecord>>,
}

/// Builds a [`FakeExecutor`].
#[derive(Debug)]
pub struct FakeExecutorBuilder {
    channel: Channel,
    rules: ExecutorRules,
    outputs: OutputStore,
    name: Option<String>,
    seed: u64,
}

impl FakeExecutorBuilder {
    /// Rules other than those of a stock executor.
    #[must_use]
    pub fn rules(mut self, rules: ExecutorRules) -> Self {
        self.rules = rules;
        self
    }

    /// The folder that output prefixes lie in, for connectors whose jobs write `outputs.pb`
    /// themselves. Without one, prefixes name a bucket that does not exist.
    #[must_use]
    pub fn output_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.outputs.folder = Some(folder.into());
        self
    }

    /// How its runs are called: this name and a number. It should differ between executors whose
    /// jobs meet at one vendor; the default does, within one process.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What the random order of inputs follows from. Default 0.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The executor.
    #[must_use]
    pub fn build(self) -> FakeExecutor {
        static EXECUTORS: AtomicU64 = AtomicU64::new(0);
        let Self { channel, rules, outputs, name, seed } = self;
        let name =
            name.unwrap_or_else(|| format!("fake{}", EXECUTORS.fetch_add(1, Ordering::Relaxed)));
        let shared = Shared {
            wire: Wire::new(channel),
            rules,
            outputs,
            name,
            seed,
            runs: AtomicU64::new(0),
            records: Mutex::default(),
        };
        FakeExecutor { shared: Arc::new(shared) }
    }
}

impl FakeExecutor {
    /// Starts building an executor that calls the service behind `channel`.
    #[must_use]
    pub fn builder(channel: Channel) -> FakeExecutorBuilder {
        FakeExecutorBuilder {
            channel,
            rules: ExecutorRules::default(),
            outputs: OutputStore::default(),
            name: None,
            seed: 0,
        }
    }

    /// A stock executor that calls the service behind `channel`.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self::builder(channel).build()
    }

    /// Sends every later call over another channel, as when a new server has taken over.
    pub fn switch(&self, channel: Channel) {
        self.shared.wire.switch(channel);
    }

    /// Sends later calls over these channels in turn, as a balancer in front of replicas does; none changes
    /// nothing.
    pub fn spread(&self, channels: impl IntoIterator<Item = Channel>) {
        let mut channels = channels.into_iter();
        if let Some(first) = channels.next() {
            self.shared.wire.spread(first, channels.collect());
        }
    }

    /// Runs a task to its end, through its removal.
    ///
    /// # Cancel safety
    /// Dropping the future ends the task without a trace: it will be in no report.
    pub async fn run(&self, task: &Task) -> TaskRecord {
        self.run_with(task, &Trouble::default()).await
    }

    /// Runs a task to its end, through its removal, with that trouble on the way.
    ///
    /// # Cancel safety
    /// Dropping the future ends the task without a trace: it will be in no report.
    pub async fn run_with(&self, task: &Task, trouble: &Trouble) -> TaskRecord {
        self.run_as(&self.new_run(), task, trouble).await
    }

    /// The name of a run that no other has.
    pub(crate) fn new_run(&self) -> String {
        let number = self.shared.runs.fetch_add(1, Ordering::Relaxed);
        format!("{}-{number}", self.shared.name)
    }

    /// Runs a task under a name of the caller's, which no other run may have.
    ///
    /// # Cancel safety
    /// Dropping the future ends the task without a trace: it will be in no report.
    pub async fn run_as(&self, run: &str, task: &Task, trouble: &Trouble) -> TaskRecord {
        let started = Instant::now();
        let mut restarts: VecDeque<Instant> =
            trouble.restarts.iter().map(|after| started + *after).collect();
        let order =
            run.bytes().fold(self.shared.seed, |seed, byte| seed.rotate_left(8) ^ u64::from(byte));
        let mut attempts: Vec<AttemptRecord> = Vec::new();
        let mut number = 0;
        let end = loop {
            let attempt = Attempt {
                shared: &self.shared,
                task,
                trouble,
                name: AttemptName { run, number },
                abort_at: trouble.abort_after.map(|after| started + after),
                order: Mutex::new(fastrand::Rng::with_seed(order ^ u64::from(number))),
                record: Mutex::default(),
            };
            let (verdict, stored) = attempt.run(&mut restarts).await;
            let end = self.settle(&attempt, verdict, stored).await;
            attempts.push(attempt.record.into_inner().unwrap_or_else(PoisonError::into_inner));
            match end {
                Some(end) => break end,
                None => number += 1,
            }
        };
        let task_type = task.task_type().to_owned();
        let record = TaskRecord { run: run.to_owned(), task_type, attempts, end };
        let mut records = self.shared.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.push(record.clone());
        record
    }

    /// What follows an attempt: removal of the task, or a delete and the next attempt (`None`).
    async fn settle(
        &self,
        attempt: &Attempt<'_>,
        verdict: Verdict,
        stored: Option<Stored>,
    ) -> Option<End> {
        let end = match verdict {
            Verdict::Ended(end) => end,
            Verdict::Retry(message) if attempt.name.number + 1 >= attempt.task.attempts => {
                End::Failed { code: FailureCode::TaskFailedWithError, message }
            }
            Verdict::Retry(_) => {
                if let Some(stored) = &stored {
                    attempt.delete(stored).await;
                }
                return None;
            }
        };
        // Every task is removed some day, and its job deleted once more, however it ended.
        if let Some(stored) = &stored {
            sleep(self.shared.rules.removal_after).await;
            attempt.delete(stored).await;
        }
        Some(end)
    }

    /// The records of all tasks that have ended, in the order of their ends.
    #[must_use]
    pub fn records(&self) -> Vec<TaskRecord> {
        self.shared.records.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What went wrong with the tasks that have ended, as far as it can be seen on the wire.
    #[must_use]
    pub fn report(&self) -> Report {
        judge::on_the_wire(&self.records())
    }

    /// What went wrong with the tasks that have ended, with the vendor's view beside the wire's. Ask
    /// once nothing runs any more and the connector has had its time to clean up.
    pub async fn report_with(&self, vendor: &impl Vendor) -> Report {
        let jobs = vendor.jobs().await;
        judge::with_vendor(&self.records(), &jobs)
    }
}
