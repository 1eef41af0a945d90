//! A connector for the tests of the rules: it does what the test says and notes what reached it.
//! Everything runs on the test's own paused clock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector_core::erased::{CreateRequest, JobRequest};
use connector_core::pb::{
    NodeExecutionIdentifier, TaskExecutionIdentifier, TaskTemplate, WorkflowExecutionIdentifier,
};
use connector_core::prelude::*;
use connector_core::request::TaskExecution;
use connector_core::{CallContext, NamedLiterals, Registry};
use tokio::runtime::Handle;
use tokio::time::sleep;

use super::{Call, Gate, Gates};
use crate::deadline::{TimeLimit, after};
use crate::metrics::Metrics;
use crate::operation::Operation;

/// What one poll does.
pub(super) enum Answer {
    Is(Phase),
    Says(Resource),
    Fails(ConnectorError),
    Panics,
    Hangs,
}

/// What the probe does and what reached it.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) create_takes: Mutex<Duration>,
    /// Errors of the next creates.
    pub(super) create_errors: Mutex<VecDeque<ConnectorError>>,
    /// The size of the metadata, over what it needs.
    pub(super) padding: AtomicUsize,
    /// The next answers; after the last one jobs run.
    pub(super) answers: Mutex<VecDeque<Answer>>,
    /// Errors of the next deletes.
    pub(super) delete_errors: Mutex<VecDeque<ConnectorError>>,
    pub(super) created: AtomicUsize,
    pub(super) polls: AtomicUsize,
    pub(super) batches: Mutex<Vec<usize>>,
    pub(super) deleted: Mutex<Vec<String>>,
}

/// The connector.
#[derive(Clone, Default)]
pub(crate) struct Probe(pub(super) Arc<Ledger>);

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
        Ok(JobId::new(format!("j-{number}{padding}")))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
        self.0.polls.fetch_add(1, Ordering::SeqCst);
        let answer = self.0.answers.lock().unwrap().pop_front();
        match answer {
            None => Ok(Resource::running()),
            Some(Answer::Is(phase)) => Ok(Resource::new(phase)),
            Some(Answer::Says(resource)) => Ok(resource),
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
pub(super) struct Bench {
    pub(super) ledger: Arc<Ledger>,
    pub(super) gate: Arc<Gate>,
    gates: Gates,
    metrics: Metrics,
}

impl Bench {
    /// A probe behind the default policy with these operator's values on top.
    pub(super) async fn new(values: &[(&str, &str)]) -> Self {
        let probe = Probe::default();
        let ledger = Arc::clone(&probe.0);
        let variables = values
            .iter()
            .map(|(name, value)| (format!("CONNECTOR_POLICY__{name}"), (*value).to_owned()));
        let registry = Registry::builder().register(probe).variables(variables).build().await;
        let registry = registry.expect("a registry");
        let gates = Gates::new(&registry, false, &Handle::current());
        let gate = Arc::clone(gates.get("probe", 0).expect("a gate").1);
        let metrics = Metrics::new(&registry).expect("families");
        Self { ledger, gate, gates, metrics }
    }

    /// A call with the caller's timeout.
    pub(super) fn call(&self, operation: Operation, timeout: Option<Duration>) -> Call {
        let limit = TimeLimit::new(operation, timeout, Duration::from_secs(60));
        let deadline = after(limit.allowed);
        let (key, _) = self.gates.get("probe", 0).expect("a gate");
        let context = CallContext { key: key.clone(), deadline: Some(deadline.into_std()) };
        Call { context, limit, deadline, metrics: Arc::clone(self.metrics.of("probe")) }
    }

    /// A create of that attempt of the run `r`; without an attempt it names no execution.
    pub(super) fn create(&self, attempt: Option<u32>, call: &Call) -> CreateRequest {
        let execution = attempt.map(|retry_attempt| {
            let execution_id =
                Some(WorkflowExecutionIdentifier { name: "r".to_owned(), ..Default::default() });
            let node = NodeExecutionIdentifier { node_id: "a0".to_owned(), execution_id };
            let id = TaskExecutionIdentifier {
                node_execution_id: Some(node),
                retry_attempt,
                ..Default::default()
            };
            Box::new(TaskExecution { id: Some(id), ..Default::default() })
        });
        CreateRequest {
            call: call.context.clone(),
            template: Box::new(TaskTemplate { r#type: "probe".to_owned(), ..Default::default() }),
            inputs: NamedLiterals::default(),
            input_context: Vec::new(),
            output_prefix: "s3://out/".to_owned(),
            execution,
            connection: None,
        }
    }

    /// Creates a job as a caller with that patience.
    pub(super) async fn created(
        &self,
        attempt: Option<u32>,
        timeout: Option<Duration>,
    ) -> Result<String, crate::failure::Cause> {
        let call = self.call(Operation::Create, timeout);
        let meta = self.gate.create(self.create(attempt, &call), &call).await?;
        Ok(String::from_utf8(meta.to_vec()).expect("text"))
    }

    /// A question about that job.
    pub(super) fn job(&self, id: &str, call: &Call) -> JobRequest {
        JobRequest {
            call: call.context.clone(),
            resource_meta: format!("{{\"job_id\": \"{id}\"}}").into(),
            output_prefix: String::new(),
            connection: None,
        }
    }

    /// Polls a job: phase and message, or the error.
    pub(super) async fn poll(&self, id: &str) -> Result<(Phase, String), crate::failure::Cause> {
        let call = self.call(Operation::Get, Some(Duration::from_secs(10)));
        let resource = self.gate.get(self.job(id, &call), &call).await?;
        Ok((resource.phase, resource.message))
    }

    /// Deletes a job.
    pub(super) async fn delete(&self, id: &str) -> Result<(), crate::failure::Cause> {
        let call = self.call(Operation::Delete, Some(Duration::from_secs(10)));
        self.gate.delete(self.job(id, &call), &call).await
    }

    /// Ends as the server does.
    pub(super) async fn drain(&self, grace: Duration) {
        self.gates.begin_drain();
        self.gates.drained(after(grace)).await;
    }

    pub(super) fn deleted(&self) -> Vec<String> {
        self.ledger.deleted.lock().unwrap().clone()
    }

    pub(super) fn made(&self) -> usize {
        self.ledger.created.load(Ordering::SeqCst)
    }

    pub(super) fn polls(&self) -> usize {
        self.ledger.polls.load(Ordering::SeqCst)
    }

    pub(super) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.ledger.answers.lock().unwrap().extend(answers);
    }

    /// The value of a metric with these labels, 0 if it is not printed.
    pub(super) fn metric(&self, line: &str) -> f64 {
        let page = self.metrics.render().expect("a page");
        let value = page.lines().find_map(|printed| printed.strip_prefix(line)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// How many records of that kind are remembered.
    pub(super) fn remembered(&self, what: &str) -> usize {
        self.gate.remembered().filter(|(kind, _)| *kind == what).map(|(_, count)| count).sum()
    }
}
