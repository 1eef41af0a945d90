//! One connector and what every rule needs of it: its policy, its threads, its pace with the vendor.
//! The rules call the connector through here; only a create, which outlives its call, runs it itself.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use connector_core::host::{
    AuthoredPolicy, CallError, DynConnector, Entry, ErasedResource, JobRequest,
};
use connector_core::policy::Recovery;
use connector_core::{CallContext, Policy, pb};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::call::Call;
use crate::durable::Durable;
use crate::failure::Cause;
use crate::isolation::{Interrupted, Places, Workplace};
use crate::observer::Observer;
use crate::operation::Operation;
use crate::outside_call::{Answered, Outside, OutsideCall};
use crate::rate::Rates;
use crate::scrub::{BroughtSecrets, KnownSecrets, LentSecrets, Scrub, Scrubber, secret_in};
use crate::state_store::StateStore;
use crate::text::TextLimit;
use crate::unseen::SeenJobs;

/// A connector with its surroundings.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) connector: Arc<dyn DynConnector>,
    /// Its name for people.
    pub(crate) name: String,
    /// Whether its tasks are done within one call.
    pub(crate) is_sync: bool,
    policy: ArcSwap<Policy>,
    /// The same without the operator's values.
    pub(crate) authored: AuthoredPolicy,
    pub(crate) workplace: Workplace,
    pub(crate) rates: Rates,
    /// How long that may be which is said of a job.
    pub(crate) texts: TextLimit,
    /// The jobs whose secrets are known here.
    pub(crate) seen: SeenJobs,
    /// What to look for of the secrets of calls.
    pub(crate) brought: BroughtSecrets,
    /// What is shared with other processes, and outlives this one; none without a store.
    pub(crate) durable: Option<Box<Durable>>,
    /// The operator's secrets, which a call may use beside its own.
    lent: Option<LentSecrets>,
    /// The server's own threads, for timers and what outlives a call.
    pub(crate) server: Handle,
}

/// How one call to the connector ended.
pub(crate) type Ended<T> = Result<Result<T, CallError>, Interrupted>;

impl Site {
    pub(crate) fn new(
        entry: &Entry,
        policy: Policy,
        texts: TextLimit,
        server: Handle,
        places: Arc<Places>,
        store: Option<Arc<dyn StateStore>>,
    ) -> Self {
        let name = entry.key.task_type.as_str();
        let connector = Arc::clone(&entry.connector);
        let is_sync = connector.is_sync();
        let durable = store.map(|store| {
            let home = format!("{}/{name}/{}", entry.name, entry.key.version);
            let recovery = Recovery::of(&policy, connector.finds());
            Box::new(Durable::new(home, store, recovery))
        });
        let lent = LentSecrets::of(&entry.operator);
        let workplace =
            Workplace::new(name, policy.isolation, policy.concurrency, server.clone(), places);
        let rates = Rates::new(policy.rate);
        let seen = SeenJobs::new(entry, policy.unseen_jobs, KnownSecrets::of_process());
        Self {
            connector,
            name: entry.name.to_string(),
            is_sync,
            policy: ArcSwap::from_pointee(policy),
            authored: entry.authored.clone(),
            workplace,
            rates,
            texts,
            seen,
            brought: BroughtSecrets::new(),
            durable,
            lent,
            server,
        }
    }

    /// How calls are treated now. It may be another one the next time: whoever needs two values that belong
    /// together asks once.
    pub(crate) fn policy(&self) -> Guard<Arc<Policy>> {
        self.policy.load()
    }

    /// Treats calls by that policy from now on, but for what was decided when the connector was put here:
    /// see [`Gates::FIXED_POLICIES`](crate::Gates::FIXED_POLICIES).
    pub(crate) fn set_policy(&self, policy: Policy) {
        let before = self.policy();
        let policy = policy
            .create_memory(before.create_memory)
            .isolation(before.isolation)
            .keyed(before.keyed)
            .max_remembered_bytes(before.max_remembered_bytes)
            .unseen_jobs(before.unseen_jobs);
        drop(before);
        self.workplace.set_concurrency(policy.concurrency);
        self.rates.set(policy.rate);
        self.policy.store(Arc::new(policy));
    }

    /// Takes the secrets of a call out of what is said, if it has any.
    fn scrubber(&self, connection: Option<&pb::Connection>) -> Option<Scrubber> {
        Scrubber::of(connection, &self.brought, self.lent.as_ref())
    }

    /// An error without the secrets of the call's connection.
    pub(crate) fn scrubbed(
        &self,
        error: CallError,
        connection: Option<&pb::Connection>,
    ) -> CallError {
        match self.scrubber(connection) {
            Some(scrubber) => scrubber.error(error),
            None => error,
        }
    }

    /// Where resource metadata holds a secret of the call's connection, if it does.
    pub(crate) fn secret_in(
        &self,
        metadata: &[u8],
        connection: Option<&pb::Connection>,
    ) -> Option<String> {
        secret_in(metadata, &self.scrubber(connection)?)
    }

    /// Whether bytes hold a secret of the call's connection, or are too costly to look through.
    pub(crate) fn shows_secret(&self, bytes: &[u8], connection: Option<&pb::Connection>) -> bool {
        self.scrubber(connection).is_some_and(|scrubber| scrubber.shows(bytes))
    }

    /// A text without the secrets of the call's connection.
    pub(crate) fn scrubbed_text(
        &self,
        mut text: String,
        connection: Option<&pb::Connection>,
    ) -> String {
        if let Some(scrubber) = self.scrubber(connection) {
            scrubber.text(&mut text);
        }
        text
    }

    /// What an interruption is to a caller, without the secrets of the call's connection.
    pub(crate) fn cause(
        &self,
        interrupted: Interrupted,
        call: &Call,
        connection: Option<&pb::Connection>,
    ) -> Cause {
        match call.cause(interrupted) {
            Cause::Panicked(message) => Cause::Panicked(self.scrubbed_text(message, connection)),
            cause => cause,
        }
    }

    /// An answer as it may be sent: without the secrets of the call's connection, and with a message
    /// no longer than that of an error.
    pub(crate) fn tellable(
        &self,
        mut resource: ErasedResource,
        connection: Option<&pb::Connection>,
    ) -> ErasedResource {
        if let Some(scrubber) = self.scrubber(connection) {
            scrubber.resource(&mut resource);
        }
        resource.message = self.texts.shortened(resource.message);
        resource
    }

    /// Calls the connector once, on its threads and counted.
    pub(crate) fn call<T, F>(
        &self,
        operation: Operation,
        deadline: Instant,
        observer: &dyn Observer,
        work: impl FnOnce(Arc<dyn DynConnector>) -> F + Send + 'static,
    ) -> impl Future<Output = Result<T, Interrupted>> + Send
    where
        T: Answered + Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let outside = OutsideCall::begin(operation, observer);
        let connector = Arc::clone(&self.connector);
        // Built on its threads, too: a panic while building is the connector's.
        let answer = self.workplace.run(deadline, async move { work(connector).await });
        Outside::new(outside, observer, answer)
    }

    /// Waits until it is the account's turn.
    ///
    /// # Errors
    /// That would be after the deadline.
    pub(crate) async fn turn(
        &self,
        connection: Option<&pb::Connection>,
        deadline: Instant,
    ) -> Result<(), Interrupted> {
        let replicas = || self.durable.as_ref().map_or(1, |durable| durable.store.replicas());
        let admitted = self.rates.admit(connection, replicas, deadline).await;
        admitted.then_some(()).ok_or(Interrupted::Busy)
    }

    /// Calls the connector's delete once.
    pub(crate) async fn delete(
        &self,
        request: &JobRequest,
        context: &CallContext,
        deadline: Instant,
        observer: &dyn Observer,
    ) -> Ended<()> {
        self.turn(request.connection.as_ref(), deadline).await?;
        let (request, context) = (request.clone(), context.clone());
        self.call(Operation::Delete, deadline, observer, |connector| async move {
            connector.delete(request, context).await
        })
        .await
    }
}
