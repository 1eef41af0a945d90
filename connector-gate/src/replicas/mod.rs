//! Two gates over one store and one outside system, as two replicas are: one create per attempt and no job left
//! behind, whichever of them dies, and when.

mod cancels;
mod creates;
mod pace;
mod post;
mod row;
mod sweeping;
mod table;
mod unasked;
mod vendor;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use connector_core::host::{CreateRequest, JobRequest};
use connector_core::pb::{
    Connection, NodeExecutionIdentifier, TaskExecutionIdentifier, TaskTemplate,
    WorkflowExecutionIdentifier,
};
use connector_core::registry::RegistryBuilder;
use connector_core::{CallContext, NamedLiterals, Phase, Registry, TaskExecution};
use table::{Process, Table};
use tokio::runtime::Handle;
use tokio::time::Instant;
use vendor::Vendor;

use crate::call::Call;
use crate::deadline::{TimeLimit, after};
use crate::failure::Cause;
use crate::gate::Gate;
use crate::gates::Gates;
use crate::observer::Observer;
use crate::probe::Seen;
use crate::state_store::StateStore;
use crate::text::TextLimit;

const SECOND: Duration = Duration::from_secs(1);
/// The secret of every task here.
const SECRET: &str = "hunter2-and-more";

/// What replicas share.
#[derive(Default)]
struct World {
    table: Arc<Table>,
    vendor: Arc<Vendor>,
}

/// One replica.
struct Replica {
    gates: Arc<Gates>,
    gate: Arc<Gate>,
    process: Arc<Process>,
    seen: Arc<Seen>,
}

impl World {
    fn keyed() -> Self {
        let world = Self::default();
        world.vendor.takes_keys.store(true, Ordering::SeqCst);
        world
    }

    /// A replica with that connector, and the operator's values of its policy.
    async fn replica(
        &self,
        id: usize,
        add: impl FnOnce(RegistryBuilder, Arc<Vendor>) -> RegistryBuilder,
        values: &[(&str, &str)],
    ) -> Replica {
        let (gates, process, seen) = self.gates(id, add, values).await;
        let gate = Arc::clone(gates.find("render", 0).gate.expect("a gate").1);
        Replica { gates, gate, process, seen }
    }

    /// The same, whatever its connector serves.
    async fn gates(
        &self,
        id: usize,
        add: impl FnOnce(RegistryBuilder, Arc<Vendor>) -> RegistryBuilder,
        values: &[(&str, &str)],
    ) -> (Arc<Gates>, Arc<Process>, Arc<Seen>) {
        let variables = values
            .iter()
            .map(|(name, value)| (format!("CONNECTOR_POLICY__{name}"), (*value).to_owned()));
        let registry = add(Registry::builder(), Arc::clone(&self.vendor)).variables(variables);
        let registry = registry.build().await.expect("a registry");
        let process = self.table.process(id);
        let seen = Arc::<Seen>::default();
        let store = Arc::clone(&process) as Arc<dyn StateStore>;
        let (texts, server) = (TextLimit::default(), Handle::current());
        let observers = |_: Option<&str>| Arc::clone(&seen) as Arc<dyn Observer>;
        let gates = Gates::with_store(&registry, false, texts, &server, observers, Some(store));
        (gates, process, seen)
    }

    /// Two replicas whose connector passes keys.
    async fn keyed_pair() -> (Self, Replica, Replica) {
        let world = Self::keyed();
        let (a, b) = world.pair(plain, &[("KEYED", "true")]).await;
        (world, a, b)
    }

    async fn pair(
        &self,
        add: fn(RegistryBuilder, Arc<Vendor>) -> RegistryBuilder,
        values: &[(&str, &str)],
    ) -> (Replica, Replica) {
        (self.replica(1, add, values).await, self.replica(2, add, values).await)
    }

    fn makes_after(&self, span: Duration) {
        *self.vendor.makes_after.lock().unwrap() = span;
    }

    fn answers_after(&self, span: Duration) {
        *self.vendor.answers_after.lock().unwrap() = span;
    }

    fn count(&self, what: fn(&Vendor) -> &std::sync::atomic::AtomicUsize) -> usize {
        what(&self.vendor).load(Ordering::SeqCst)
    }
}

fn plain(registry: RegistryBuilder, vendor: Arc<Vendor>) -> RegistryBuilder {
    registry.register(vendor::Plain(vendor))
}

fn locked(registry: RegistryBuilder, vendor: Arc<Vendor>) -> RegistryBuilder {
    registry.register(vendor::Locked(vendor))
}

fn finding(registry: RegistryBuilder, vendor: Arc<Vendor>) -> RegistryBuilder {
    registry.register(vendor::Finding(vendor))
}

impl Replica {
    fn call(&self, timeout: Option<Duration>) -> Call {
        let limit = TimeLimit::new(timeout, 60 * SECOND, None);
        let deadline = after(limit.allowed);
        let found = self.gates.find("render", 0);
        let (key, _) = found.gate.expect("a gate");
        let context = CallContext::new(key.clone()).deadline(deadline.into_std());
        let observer = Arc::clone(found.observer);
        Call { context, limit, began: Instant::now(), deadline, observer, held: None }
    }

    /// Creates the job of an attempt, as a caller with that patience.
    async fn create(&self, attempt: u32, timeout: Option<Duration>) -> Result<String, Cause> {
        let meta = self.gate.create(request(attempt), &self.call(timeout)).await?;
        Ok(text(&meta))
    }

    /// The same beside everything else.
    fn creating(
        self: &Arc<Self>,
        attempt: u32,
        timeout: Option<Duration>,
    ) -> tokio::task::JoinHandle<Result<String, Cause>> {
        let replica = Arc::clone(self);
        tokio::spawn(async move { replica.create(attempt, timeout).await })
    }

    /// Asks about a job; its phase.
    async fn poll(&self, meta: &str) -> Phase {
        let patience = Some(10 * SECOND);
        self.gate.get(job_request(meta), &self.call(patience)).await.expect("an answer").phase
    }

    fn told(&self, what: &str) -> usize {
        self.seen.told(what)
    }
}

fn text(meta: &Bytes) -> String {
    String::from_utf8_lossy(meta).into_owned()
}

fn job(number: usize) -> String {
    format!("{{\"job_id\": \"j-{number}\"}}")
}

/// A call about a job, with its connection.
fn job_request(meta: &str) -> JobRequest {
    let secrets = [("api_key".to_owned(), SECRET.to_owned())].into();
    let connection = Some(Connection { secrets, ..Default::default() });
    JobRequest { resource_meta: meta.to_owned().into(), output_prefix: String::new(), connection }
}

/// The create of that attempt, with its connection.
fn request(attempt: u32) -> CreateRequest {
    let execution_id =
        Some(WorkflowExecutionIdentifier { name: "r".to_owned(), ..Default::default() });
    let node = NodeExecutionIdentifier { node_id: "a0".to_owned(), execution_id };
    let id = TaskExecutionIdentifier {
        node_execution_id: Some(node),
        retry_attempt: attempt,
        ..Default::default()
    };
    let secrets = [("api_key".to_owned(), SECRET.to_owned())].into();
    CreateRequest {
        template: Box::new(TaskTemplate { r#type: "render".to_owned(), ..Default::default() }),
        inputs: NamedLiterals::default(),
        input_context: Vec::new(),
        output_prefix: "s3://out/".to_owned(),
        execution: Some(Box::new(TaskExecution::new(id))),
        connection: Some(Connection { secrets, ..Default::default() }),
    }
}
