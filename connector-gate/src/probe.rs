//! A connector for the tests of the rules: it does what the test says and notes what reached it.
//! Everything runs on the test's own paused clock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector_core::host::{CreateRequest, JobRequest};
use connector_core::pb::{
    NodeExecutionIdentifier, TaskExecutionIdentifier, TaskTemplate, WorkflowExecutionIdentifier,
};
use connector_core::prelude::*;
use connector_core::{CallContext, NamedLiterals, Registry, TaskExecution};
use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::call::Call;
use crate::deadline::{TimeLimit, after};
use crate::failure::Failure;
use crate::gate::Gate;
use crate::gates::Gates;
use crate::memory::Reading;
use crate::observer::Observer;
use crate::operation::Operation;
use crate::text::TextLimit;

/// What one poll does.
pub(crate) enum Answer {
    Is(Phase),
    Says(Resource),
    SaysAfter(Duration, Resource),
    Fails(ConnectorError),
    Panics,
    Hangs,
}

/// What the probe does and what reached it.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) create_takes: Mutex<Duration>,
    /// Errors of the next creates.
    pub(crate) create_errors: Mutex<VecDeque<ConnectorError>>,
    /// The size of the metadata, over what it needs.
    pub(crate) padding: AtomicUsize,
    /// What else the metadata holds.
    pub(crate) noted: Mutex<String>,
    /// The next answers; after the last one jobs run.
    pub(crate) answers: Mutex<VecDeque<Answer>>,
    /// Errors of the next deletes.
    pub(crate) delete_errors: Mutex<VecDeque<ConnectorError>>,
    pub(crate) created: AtomicUsize,
    pub(crate) polls: AtomicUsize,
    pub(crate) batches: Mutex<Vec<usize>>,
    pub(crate) deleted: Mutex<Vec<String>>,
}

/// The connector.
#[derive(Clone, Default)]
pub(crate) struct Probe(pub(crate) Arc<Ledger>);

impl ConnectorSpec for Probe {
    const NAME: &'static str = "Probe";
    const TASK_TYPES: &'static [&'static str] = &["probe"];
    const VERSIONS: &'static [i32] = &[0];
    type Meta = JobId;
    type Config = DynamicConfig;
    type Inputs = DynamicInputs;
    type Outputs = DynamicOutputs;
    type Connection = DynamicConnection;
}

impl AsyncConnector for Probe {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        let takes = *self.0.create_takes.lock().unwrap();
        sleep(takes).await;
        if let Some(error) = self.0.create_errors.lock().unwrap().pop_front() {
            return Err(error);
        }
        let number = self.0.created.fetch_add(1, Ordering::SeqCst) + 1;
        let padding = "x".repeat(self.0.padding.load(Ordering::SeqCst));
        let noted = self.0.noted.lock().unwrap().clone();
        Ok(JobId::new(format!("j-{number}{padding}{noted}")))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        self.0.polls.fetch_add(1, Ordering::SeqCst);
        let answer = self.0.answers.lock().unwrap().pop_front();
        match answer {
            None => Ok(Resource::running()),
            Some(Answer::Is(phase)) => Ok(Resource::new(phase)),
            Some(Answer::Says(resource)) => Ok(resource),
            Some(Answer::SaysAfter(span, resource)) => {
                sleep(span).await;
                Ok(resource)
            }
            Some(Answer::Fails(error)) => Err(error),
            Some(Answer::Panics) => panic!("the probe was told to"),
            Some(Answer::Hangs) => std::future::pending().await,
        }
    }

    async fn get_many(&self, jobs: &[(JobId, TaskContext<Self>)]) -> Vec<Result<Resource>> {
        self.0.batches.lock().unwrap().push(jobs.len());
        sleep(Duration::from_millis(1)).await;
        jobs.iter().map(|_| Ok(Resource::running())).collect()
    }

    async fn delete(&self, job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        self.0.deleted.lock().unwrap().push(job.job_id.clone());
        self.0.delete_errors.lock().unwrap().pop_front().map_or(Ok(()), Err)
    }
}

/// A gate in front of a probe, and everything a test asks of both.
pub(crate) struct Bench {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) gates: Gates,
    seen: Arc<Seen>,
}

/// What the rules told, and how often.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<BTreeMap<String, usize>>);

impl Seen {
    fn note(&self, what: String) {
        *self.0.lock().unwrap().entry(what).or_default() += 1;
    }

    /// How often the rules told that.
    pub(crate) fn told(&self, what: &str) -> usize {
        self.0.lock().unwrap().get(what).copied().unwrap_or_default()
    }
}

impl Observer for Seen {
    fn begun(&self, operation: Operation) {
        self.note(format!("begun {}", operation.as_str()));
    }

    fn succeeded(&self, operation: Operation, _elapsed: Duration) {
        self.note(format!("succeeded {}", operation.as_str()));
    }

    fn failed(&self, failure: &Failure, _elapsed: Duration) {
        self.note(format!("failed {}", failure.operation.as_str()));
    }

    fn left(&self, operation: Operation, _elapsed: Duration) {
        self.note(format!("left {}", operation.as_str()));
    }

    fn inputs(&self, _bytes: usize) {}

    fn outside_call(&self, operation: Operation) {
        self.note(format!("outside {}", operation.as_str()));
    }

    fn outside_ended(&self, operation: Operation, _elapsed: Duration, error: Option<&'static str>) {
        if let Some(error) = error {
            self.note(format!("outside {} ended: {error}", operation.as_str()));
        }
    }

    fn masked_error(&self, kind: &'static str, _text: &str) {
        self.note(format!("masked {kind}"));
    }

    fn error_as_job(&self, operation: Operation, kind: &'static str, _text: &str) {
        self.note(format!("as a job {} {kind}", operation.as_str()));
    }

    fn abandoned_create(&self, outcome: &'static str) {
        self.note(format!("abandoned {outcome}"));
    }

    fn taken_over(&self, outcome: &'static str) {
        self.note(format!("taken over {outcome}"));
    }

    fn unknown_state(&self) {
        self.note("unknown state".to_owned());
    }
}

impl Bench {
    /// A probe behind the default policy with these operator's values on top.
    pub(crate) async fn new(values: &[(&str, &str)]) -> Self {
        let probe = Probe::default();
        let ledger = Arc::clone(&probe.0);
        let variables = values
            .iter()
            .map(|(name, value)| (format!("CONNECTOR_POLICY__{name}"), (*value).to_owned()));
        let registry = Registry::builder().register(probe).variables(variables).build().await;
        let registry = registry.expect("a registry");
        let seen = Arc::<Seen>::default();
        let gates = Gates::new(&registry, false, TextLimit::default(), &Handle::current(), |_| {
            Arc::clone(&seen) as Arc<dyn Observer>
        });
        let gate = Arc::clone(gates.find("probe", 0).gate.expect("a gate").1);
        Self { ledger, gate, gates, seen }
    }

    /// A call with the caller's timeout.
    pub(crate) fn call(&self, timeout: Option<Duration>) -> Call {
        let limit = TimeLimit::new(timeout, Duration::from_secs(60), None);
        let deadline = after(limit.allowed);
        let found = self.gates.find("probe", 0);
        let (key, _) = found.gate.expect("a gate");
        let context = CallContext::new(key.clone()).deadline(deadline.into_std());
        let began = tokio::time::Instant::now();
        let observer = Arc::clone(found.observer);
        Call { context, limit, began, deadline, observer, held: None }
    }

    /// A create of that attempt of the run `r`; without an attempt it names no execution.
    pub(crate) fn create(&self, attempt: Option<u32>) -> CreateRequest {
        let execution = attempt.map(|retry_attempt| {
            let execution_id =
                Some(WorkflowExecutionIdentifier { name: "r".to_owned(), ..Default::default() });
            let node = NodeExecutionIdentifier { node_id: "a0".to_owned(), execution_id };
            let id = TaskExecutionIdentifier {
                node_execution_id: Some(node),
                retry_attempt,
                ..Default::default()
            };
            Box::new(TaskExecution::new(id))
        });
        CreateRequest {
            template: Box::new(TaskTemplate { r#type: "probe".to_owned(), ..Default::default() }),
            inputs: NamedLiterals::default(),
            input_context: Vec::new(),
            output_prefix: "s3://out/".to_owned(),
            execution,
            connection: None,
        }
    }

    /// Creates a job as a caller with that patience.
    pub(crate) async fn created(
        &self,
        attempt: Option<u32>,
        timeout: Option<Duration>,
    ) -> Result<String, crate::failure::Cause> {
        let call = self.call(timeout);
        let meta = self.gate.create(self.create(attempt), &call).await?;
        Ok(String::from_utf8(meta.to_vec()).expect("text"))
    }

    /// A question about that job.
    pub(crate) fn job(&self, id: &str) -> JobRequest {
        JobRequest {
            resource_meta: format!("{{\"job_id\": \"{id}\"}}").into(),
            output_prefix: String::new(),
            connection: None,
        }
    }

    /// Polls a job: phase and message, or the error.
    pub(crate) async fn poll(&self, id: &str) -> Result<(Phase, String), crate::failure::Cause> {
        let call = self.call(Some(Duration::from_secs(10)));
        let resource = self.gate.get(self.job(id), &call).await?;
        Ok((resource.phase, resource.message))
    }

    /// Deletes a job.
    pub(crate) async fn delete(&self, id: &str) -> Result<(), crate::failure::Cause> {
        let call = self.call(Some(Duration::from_secs(10)));
        self.gate.delete(self.job(id), &call).await
    }

    /// Ends as the server does.
    pub(crate) async fn drain(&self, grace: Duration) {
        self.gates.begin_drain();
        self.gates.drained(after(grace)).await;
    }

    pub(crate) fn deleted(&self) -> Vec<String> {
        self.ledger.deleted.lock().unwrap().clone()
    }

    pub(crate) fn made(&self) -> usize {
        self.ledger.created.load(Ordering::SeqCst)
    }

    pub(crate) fn polls(&self) -> usize {
        self.ledger.polls.load(Ordering::SeqCst)
    }

    pub(crate) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.ledger.answers.lock().unwrap().extend(answers);
    }

    /// How often the rules told that.
    pub(crate) fn told(&self, what: &str) -> usize {
        self.seen.told(what)
    }

    /// How many records of that kind are remembered.
    pub(crate) fn remembered(&self, what: &str) -> usize {
        self.reading(what).count
    }

    /// How many records of that kind are remembered, and how many were given up.
    pub(crate) fn reading(&self, what: &str) -> Reading {
        let mut readings = self.gate.remembered();
        readings.find(|(kind, _)| *kind == what).expect("a kind").1
    }
}
