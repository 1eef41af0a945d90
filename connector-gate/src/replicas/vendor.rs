//! An outside system that several gates of one test share, and connectors for it: one that can only create,
//! one that finds, and one that needs its task's own secret.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use connector_core::prelude::*;
use tokio::time::sleep;

#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) key: String,
    pub(super) cancelled: bool,
}

/// The outside system.
#[derive(Debug, Default)]
pub(super) struct Vendor {
    pub(super) jobs: Mutex<Vec<Job>>,
    /// Whether a create with a known key is the same job.
    pub(super) takes_keys: AtomicBool,
    /// How long a create takes, after its job was made.
    pub(super) answers_after: Mutex<Duration>,
    /// How long a create takes before its job is made.
    pub(super) makes_after: Mutex<Duration>,
    /// How many of the next creates are panics after their job was made.
    pub(super) panics: AtomicUsize,
    /// How many of the next questions fail.
    pub(super) mute: AtomicUsize,
    /// How many of the next deletes fail.
    pub(super) stubborn: AtomicUsize,
    pub(super) creates: AtomicUsize,
    pub(super) finds: AtomicUsize,
    pub(super) deletes: AtomicUsize,
    /// How often it was asked about jobs, in whatever number.
    pub(super) questions: AtomicUsize,
    /// How long a question takes.
    pub(super) tells_after: Mutex<Duration>,
}

/// One fewer; whether there was one.
fn one_of(count: &AtomicUsize) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl Vendor {
    async fn create(&self, key: Option<IdempotencyKey>) -> Result<JobId> {
        self.creates.fetch_add(1, Ordering::SeqCst);
        let (before, after) =
            (*self.makes_after.lock().unwrap(), *self.answers_after.lock().unwrap());
        sleep(before).await;
        let key = key.map(|key| key.to_string()).unwrap_or_default();
        let number = {
            let mut jobs = self.jobs.lock().unwrap();
            let known = jobs.iter().position(|job| job.key == key);
            match known.filter(|_| self.takes_keys.load(Ordering::SeqCst)) {
                Some(known) => known,
                None => {
                    jobs.push(Job { key, cancelled: false });
                    jobs.len() - 1
                }
            }
        };
        assert!(!one_of(&self.panics), "the vendor was told to");
        sleep(after).await;
        Ok(JobId::new(format!("j-{number}")))
    }

    fn find(&self, key: &IdempotencyKey) -> Result<Option<JobId>> {
        self.finds.fetch_add(1, Ordering::SeqCst);
        if one_of(&self.mute) {
            return Err(ConnectorError::permanent("no index of jobs today"));
        }
        let jobs = self.jobs.lock().unwrap();
        let known = jobs.iter().position(|job| job.key == key.as_str());
        Ok(known.map(|number| JobId::new(format!("j-{number}"))))
    }

    /// Where jobs stand; a name with `done` in it is one that is over.
    async fn tell(&self, jobs: impl IntoIterator<Item = &JobId>) -> Vec<Result<Resource>> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        let (jobs, after): (Vec<_>, _) =
            (jobs.into_iter().collect(), *self.tells_after.lock().unwrap());
        sleep(after).await;
        let state = |job: &&JobId| match job.job_id.contains("done") {
            true => Ok(Resource::failed("it is over")),
            false => Ok(Resource::running()),
        };
        jobs.iter().map(state).collect()
    }

    fn delete(&self, job: &JobId) -> Result<()> {
        self.deletes.fetch_add(1, Ordering::SeqCst);
        if one_of(&self.stubborn) {
            return Err(ConnectorError::transient("503"));
        }
        let number: usize = job.job_id.strip_prefix("j-").unwrap().parse().unwrap();
        self.jobs.lock().unwrap()[number].cancelled = true;
        Ok(())
    }

    /// How many jobs run.
    pub(super) fn running(&self) -> usize {
        self.jobs.lock().unwrap().iter().filter(|job| !job.cancelled).count()
    }

    /// How many jobs were ever made.
    pub(super) fn made(&self) -> usize {
        self.jobs.lock().unwrap().len()
    }
}

/// What a task brings that only it has.
#[derive(Debug, TaskConnection)]
pub(super) struct Access {
    #[secret]
    #[expect(dead_code, reason = "the vendor of the test takes every key")]
    api_key: Secret,
}

macro_rules! connectors {
    ($($name:ident, $connection:ty, { $($find:tt)* };)*) => {$(
        #[derive(Debug)]
        pub(super) struct $name(pub(super) Arc<Vendor>);

        impl ConnectorSpec for $name {
            const NAME: &'static str = "Render";
            const TASK_TYPES: &'static [&'static str] = &["render"];
            const VERSIONS: &'static [i32] = &[0];
            type Meta = JobId;
            type Config = DynamicConfig;
            type Inputs = DynamicInputs;
            type Outputs = DynamicOutputs;
            type Connection = $connection;
        }

        impl AsyncConnector for $name {
            async fn create(&self, task: CreateTask<Self>) -> Result<JobId> {
                self.0.create(task.idempotency_key()).await
            }

            async fn get(&self, job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
                self.0.tell([job]).await.pop().unwrap()
            }

            async fn get_many(&self, jobs: &[(JobId, TaskContext<Self>)]) -> Vec<Result<Resource>> {
                self.0.tell(jobs.iter().map(|(job, _)| job)).await
            }

            async fn delete(&self, job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
                self.0.delete(job)
            }

            $($find)*
        }
    )*};
}

connectors! {
    Plain, DynamicConnection, {};
    Locked, Access, {};
    Finding, DynamicConnection, {
        async fn find(
            &self,
            key: &IdempotencyKey,
            _cx: &TaskContext<Self>,
        ) -> Result<Option<JobId>> {
            self.0.find(key)
        }
    };
}
