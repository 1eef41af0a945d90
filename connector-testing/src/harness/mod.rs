//! One connector driven call by call: no server, no executor, no network in between.
//! Authors' unit tests start here; `job` is a job they made, `journey` what was seen of it.
//! What the server makes of an error is tested with `FakeExecutor`, not here.

mod job;
mod journey;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use connector_core::host::{CallError, CreateRequest, Entry, FindRequest};
use connector_core::idempotency::IdempotencyKey;
use connector_core::registry::RegistryBuilder;
use connector_core::{
    AsyncConnector, CallContext, ConnectorError, NamedLiterals, Registry, Resource, Result,
    SyncConnector, pb,
};
use futures_util::FutureExt as _;

pub use self::job::Job;
pub use self::journey::Journey;
use crate::identity::AttemptName;
use crate::task::Task;

/// How long a stock executor waits for an answer.
const CALL_DEADLINE: Duration = Duration::from_secs(10);

/// Drives a connector as the server does, one call at a time.
///
/// Tasks and answers go through the real encoding: inputs and settings are read by the connector's
/// types, its metadata becomes bytes and is read again before every call, and outputs become
/// literals. Errors come out as the connector made them, of their kind: what Flyte would make of one
/// is the server's business, which [`FakeExecutor`](crate::FakeExecutor) tests.
///
/// ```
/// use connector_core::prelude::*;
/// use connector_testing::{Harness, Task};
///
/// #[connector(task_type = "render")]
/// #[derive(Debug, Default)]
/// struct RenderFarm;
///
/// impl AsyncConnector for RenderFarm {
///     async fn create(&self, task: CreateTask<Self>) -> Result<JobId> {
///         match task.config.string("scene")? {
///             Some(scene) => Ok(JobId::new(scene)),
///             None => Err(ConnectorError::invalid_task("say which `scene`")),
///         }
///     }
///
///     async fn get(&self, job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
///         let video = literal::string(format!("s3://out/{job}.mp4"));
///         Ok(Resource::succeeded(DynamicOutputs::from_iter([("video", video)])))
///     }
///
///     async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
///         Ok(())
///     }
/// }
///
/// # fn main() {
/// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
/// # .block_on(async {
/// // In a test: `#[tokio::test(start_paused = true)]`, and the wait between polls takes no time.
/// let farm = Harness::new(RenderFarm);
///
/// let job = farm.create(&Task::new("render").custom("scene", "intro")).await.unwrap();
/// let journey = job.run().await.unwrap();
/// journey.assert_phases([Phase::Succeeded]);
/// assert_eq!(journey.output::<String>("video").unwrap(), "s3://out/intro.mp4");
/// job.delete().await.unwrap();
///
/// let error = farm.create(&Task::new("render")).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidTask);
/// # });
/// # }
/// ```
#[derive(Clone)]
pub struct Harness {
    registry: Arc<Registry>,
    poll_interval: Duration,
    runs: Arc<Runs>,
}

/// How executions are called.
#[derive(Debug, Default)]
struct Runs {
    name: Option<String>,
    count: AtomicU64,
}

impl Harness {
    /// Drives this connector.
    ///
    /// # Panics
    /// When the connector's task type or version is one that Flyte cannot carry, which the macro
    /// would have refused.
    #[must_use]
    #[track_caller]
    pub fn new<C: AsyncConnector>(connector: C) -> Self {
        Self::made(Registry::builder().register(connector))
    }

    /// Drives this connector, whose tasks are done within one call: [`Harness::run`] runs one.
    ///
    /// # Panics
    /// As [`Harness::new`].
    #[must_use]
    #[track_caller]
    pub fn new_sync<C: SyncConnector>(connector: C) -> Self {
        Self::made(Registry::builder().register_sync(connector))
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "a test has no other use for a connector nobody can call")]
    fn made(registry: RegistryBuilder) -> Self {
        // Nothing is awaited for a connector that is made already.
        match registry.build().now_or_never() {
            Some(Ok(registry)) => Self::of(registry),
            Some(Err(error)) => panic!("{error}"),
            None => panic!("the registry of a connector made by hand did not come at once"),
        }
    }

    /// Drives the connectors of a registry: with an `init` of their own, settings from variables, or
    /// secrets of the operator.
    #[must_use]
    pub fn of(registry: Registry) -> Self {
        let poll_interval = Duration::from_secs(30);
        Self { registry: Arc::new(registry), poll_interval, runs: Arc::default() }
    }

    /// How long [`Job::run`] waits between two polls. Default 30 s, as the executor.
    #[must_use]
    pub const fn poll_every(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Calls the executions of its tasks by this name and a number from 0 on, so that their
    /// idempotency keys are the same whenever the test runs: for a recorded vendor that has keys in
    /// its paths. Without it no two harnesses of a process have executions of the same name.
    #[must_use]
    pub fn runs_named(mut self, name: impl Into<String>) -> Self {
        self.runs = Arc::new(Runs { name: Some(name.into()), count: AtomicU64::new(0) });
        self
    }

    /// Creates a job of the task, as the first attempt of an execution of its own.
    ///
    /// # Errors
    /// What the connector says; inputs, settings or a connection that do not fit its types; a task
    /// type and version that none of the connectors has.
    ///
    /// # Cancel safety
    /// That of the connector's `create`.
    pub async fn create(&self, task: &Task) -> Result<Job> {
        self.create_as(self.next_run(), 0, task).await
    }

    /// Runs a task of a `sync` connector, as the first attempt of an execution of its own, and says how it
    /// ended.
    ///
    /// # Errors
    /// As [`Harness::create`]; the connector starts jobs and runs nothing within a call.
    ///
    /// # Cancel safety
    /// That of the connector's `run`.
    pub async fn run(&self, task: &Task) -> Result<Resource<NamedLiterals>> {
        let entry = self.entry(task)?;
        let request = request(&self.next_run(), 0, task);
        entry.connector.run(request, call(entry)).await.map_err(told)
    }

    fn next_run(&self) -> String {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        match &self.runs.name {
            Some(name) => format!("{name}-{}", self.runs.count.fetch_add(1, Ordering::Relaxed)),
            None => format!("harness-{}", RUNS.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Creates a job as that attempt of that execution. [`Job::create_again`] and
    /// [`Job::next_attempt`] call it with what they know.
    async fn create_as(&self, run: String, attempt: u32, task: &Task) -> Result<Job> {
        let entry = self.entry(task)?;
        let request = request(&run, attempt, task);
        let output_prefix = request.output_prefix.clone();
        let meta = entry.connector.create(request, call(entry)).await.map_err(told)?;
        Ok(Job { harness: self.clone(), task: task.clone(), run, attempt, output_prefix, meta })
    }

    /// Asks for the job of that attempt of that execution.
    async fn find_as(&self, run: &str, attempt: u32, task: &Task) -> Result<Option<Bytes>> {
        let entry = self.entry(task)?;
        let name = AttemptName { run, number: attempt };
        let (execution, output_prefix) = (name.execution(&task.template), name.output_prefix(None));
        let Some(key) = IdempotencyKey::of(Some(&execution), &output_prefix) else {
            return Ok(None);
        };
        let connection = Some(task.connection.clone());
        let request = FindRequest { key, output_prefix, connection };
        entry.connector.find(request, call(entry)).await.map_err(told)
    }

    /// The job that these metadata stand for, as after a restart of the server or an update of the
    /// connector: metadata that an older version wrote must stay readable. The task's settings and
    /// inputs do not matter; its connection does.
    #[must_use]
    pub fn job(&self, task: &Task, resource_meta: impl Into<Bytes>) -> Job {
        let run = "harness-stored".to_owned();
        let output_prefix = AttemptName { run: &run, number: 0 }.output_prefix(None);
        let meta = resource_meta.into();
        Job { harness: self.clone(), task: task.clone(), run, attempt: 0, output_prefix, meta }
    }

    /// Asks about several jobs of one task type with one call of `get_many`, as batched polls do.
    /// There is one answer per job, in their order.
    ///
    /// # Errors
    /// Jobs of more than one task type or version. What goes wrong with one job is in its answer.
    ///
    /// # Cancel safety
    /// That of the connector's `get_many`.
    pub async fn get_many(&self, jobs: &[&Job]) -> Result<Vec<Result<Resource<NamedLiterals>>>> {
        let Some(first) = jobs.first() else { return Ok(Vec::new()) };
        let entry = self.entry(&first.task)?;
        let mut requests = Vec::with_capacity(jobs.len());
        for job in jobs {
            let other = &self.entry(&job.task)?.key;
            if *other != entry.key {
                let mixed =
                    format!("a batch is of one task type, not of {} and {other}", entry.key);
                return Err(ConnectorError::unsupported(mixed));
            }
            requests.push((job.request(), call(entry)));
        }
        let answers = entry.connector.get_many(requests).await;
        Ok(answers.into_iter().map(|answer| answer.map_err(told)).collect())
    }

    fn entry(&self, task: &Task) -> Result<&Entry> {
        let pb::TaskTemplate { r#type, task_type_version, .. } = &task.template;
        self.registry.get(r#type, *task_type_version).ok_or_else(|| {
            let keys = self.registry.entries().map(|entry| entry.key.to_string());
            let failed =
                self.registry.failures().iter().map(|failure| {
                    format!("; {} could not be made: {}", failure.name, failure.error)
                });
            ConnectorError::unsupported(format!(
                "no connector for task type {:?} in version {task_type_version}; there is: {}{}",
                r#type,
                keys.collect::<Vec<_>>().join(", "),
                failed.collect::<String>(),
            ))
        })
    }
}

impl fmt::Debug for Harness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.registry.entries().map(|entry| entry.key.to_string());
        f.debug_list().entries(keys).finish()
    }
}

fn request(run: &str, number: u32, task: &Task) -> CreateRequest {
    let name = AttemptName { run, number };
    CreateRequest {
        template: Box::new(task.template.clone()),
        inputs: task.inputs.clone().into(),
        input_context: Vec::new(),
        output_prefix: name.output_prefix(None),
        execution: Some(Box::new(name.execution(&task.template))),
        connection: Some(task.connection.clone()),
    }
}

fn call(entry: &Entry) -> CallContext {
    CallContext::new(entry.key.clone()).deadline(Instant::now() + CALL_DEADLINE)
}

/// The connector's own error, or that metadata cannot be read, which the server makes a failed job of.
fn told(error: CallError) -> ConnectorError {
    match error {
        CallError::Connector(error) => error,
        CallError::Meta(error) => ConnectorError::permanent(error.to_string()),
    }
}
