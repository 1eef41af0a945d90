//! What is checked: a connector, a task it can do, and the vendor's view if there is one.
//! Authors build it, or `conformance!` does; `stand` starts servers from it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use connector_core::registry::RegistryBuilder;
use connector_core::{AsyncConnector, ConnectorSpec, SyncConnector};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::report::{Vendor, VendorJob};
use crate::task::Task;

/// A connector to check.
///
/// Every server that a check starts gets an instance of its own, so what two instances are to share
/// must be outside them, as it is in life.
pub struct Subject {
    pub(crate) register: Register,
    pub(crate) task: Task,
    pub(crate) vendor: Option<VendorHandle>,
    /// Whether its tasks are done within one call.
    pub(crate) sync: bool,
    except: Vec<(String, String)>,
}

/// Adds a new instance of the connector.
type Register = Box<dyn Fn(RegistryBuilder) -> RegistryBuilder + Send + Sync>;

/// The vendor without its type.
pub(crate) struct VendorHandle {
    jobs: Box<dyn Fn() -> BoxFuture<'static, Vec<VendorJob>> + Send + Sync>,
    outage: Box<dyn Fn(bool) -> bool + Send + Sync>,
    slow: Box<dyn Fn(Duration) -> bool + Send + Sync>,
}

impl VendorHandle {
    pub(crate) async fn jobs(&self) -> Vec<VendorJob> {
        (self.jobs)().await
    }

    /// How many jobs there are, without those that replace another.
    pub(crate) async fn jobs_made(&self) -> usize {
        self.jobs().await.iter().filter(|job| !job.is_replacement).count()
    }

    pub(crate) async fn live_jobs(&self) -> usize {
        use crate::report::VendorState::Live;
        self.jobs().await.iter().filter(|job| job.state == Live).count()
    }

    pub(crate) fn outage(&self, on: bool) -> bool {
        (self.outage)(on)
    }

    pub(crate) fn slow(&self, by: Duration) -> bool {
        (self.slow)(by)
    }
}

impl Subject {
    /// The connector that `make` makes, with a task of its first task type and version that has no
    /// settings and no inputs.
    #[must_use]
    pub fn new<C: AsyncConnector>(make: impl Fn() -> C + Send + Sync + 'static) -> Self {
        Self::registered::<C>(Box::new(move |builder| builder.register(make())), false)
    }

    /// The same of a connector whose tasks are done within one call.
    #[must_use]
    pub fn new_sync<C: SyncConnector>(make: impl Fn() -> C + Send + Sync + 'static) -> Self {
        Self::registered::<C>(Box::new(move |builder| builder.register_sync(make())), true)
    }

    fn registered<C: ConnectorSpec>(register: Register, sync: bool) -> Self {
        let task_type = C::TASK_TYPES.first().copied().unwrap_or_default();
        let version = C::VERSIONS.first().copied().unwrap_or_default();
        let task = Task::new(task_type).version(version);
        Self { register, task, vendor: None, sync, except: Vec::new() }
    }

    /// A connector that needs nothing to be made.
    #[must_use]
    pub fn of<C: AsyncConnector + Default>() -> Self {
        Self::new(C::default)
    }

    /// A connector that needs nothing to be made, whose tasks are done within one call.
    #[must_use]
    pub fn of_sync<C: SyncConnector + Default>() -> Self {
        Self::new_sync(C::default)
    }

    /// The task to run. It must be one that succeeds.
    #[must_use]
    pub fn task(mut self, task: Task) -> Self {
        self.task = task;
        self
    }

    /// The vendor that the connector talks to. Rules about jobs nobody knows of need it.
    #[must_use]
    pub fn vendor(mut self, vendor: impl Vendor + 'static) -> Self {
        let vendor = Arc::new(vendor);
        let (asked, cut) = (Arc::clone(&vendor), Arc::clone(&vendor));
        self.vendor = Some(VendorHandle {
            jobs: Box::new(move || {
                let vendor = Arc::clone(&asked);
                async move { vendor.jobs().await }.boxed()
            }),
            outage: Box::new(move |on| cut.outage(on)),
            slow: Box::new(move |by| vendor.slow(by)),
        });
        self
    }

    /// Leaves a rule out, by the name of its test, and says why it does not apply.
    #[must_use]
    pub fn except(mut self, rule: impl Into<String>, reason: impl Into<String>) -> Self {
        self.except.push((rule.into(), reason.into()));
        self
    }

    pub(crate) fn excepted(&self, rule: &str) -> Option<&str> {
        let found = self.except.iter().find(|(name, _)| name == rule);
        found.map(|(_, reason)| reason.as_str())
    }

    pub(crate) fn unknown_exception(&self, rules: &[&str]) -> Option<&str> {
        let mut names = self.except.iter().map(|(name, _)| name.as_str());
        names.find(|name| !rules.contains(name))
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("task_type", &self.task.task_type())
            .field("has_vendor", &self.vendor.is_some())
            .field("except", &self.except)
            .finish_non_exhaustive()
    }
}
