//! The vendor's view: which jobs exist there, whoever has forgotten them.
//! Tests implement `Vendor` for their fake of the outside system; `judge` compares.

use std::future::Future;
use std::time::Duration;

/// A fake of the outside system that can be asked about all of its jobs.
pub trait Vendor: Send + Sync {
    /// Every job ever made, finished and cancelled ones too.
    fn jobs(&self) -> impl Future<Output = Vec<VendorJob>> + Send;

    /// Makes every call of the connector to the vendor fail for the moment (`true`), or work again
    /// (`false`). Answers whether it can do that; the default cannot.
    fn outage(&self, on: bool) -> bool {
        let _ = on;
        false
    }

    /// Makes the vendor do at once what later calls ask for, but answer only after that time.
    /// Answers whether it can do that; the default cannot.
    fn slow(&self, by: Duration) -> bool {
        let _ = by;
        false
    }
}

/// One job, as the vendor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VendorJob {
    /// What the vendor calls it.
    pub id: String,
    /// The key under which the connector asked for it, one per attempt. Jobs without a key are not
    /// judged as duplicates.
    pub key: Option<String>,
    /// The name of the execution, if the connector passes it on: `TaskRecord::run`. Jobs without
    /// one are not judged as lost.
    pub run: Option<String>,
    /// Where it stands.
    pub state: VendorState,
    /// Whether every earlier job of its key had been cancelled when it was made: such a job is not a
    /// duplicate but a replacement, as when a create comes back after its job was given up.
    pub is_replacement: bool,
}

impl VendorJob {
    /// A job without key and run.
    #[must_use]
    pub fn new(id: impl Into<String>, state: VendorState) -> Self {
        Self { id: id.into(), key: None, run: None, state, is_replacement: false }
    }

    /// Sets the key under which the connector asked for it.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets the name of the execution.
    #[must_use]
    pub fn run(mut self, run: impl Into<String>) -> Self {
        self.run = Some(run.into());
        self
    }

    /// Sets [`VendorJob::is_replacement`].
    #[must_use]
    pub const fn is_replacement(mut self, yes: bool) -> Self {
        self.is_replacement = yes;
        self
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VendorState {
    /// It waits or runs, and costs.
    Live,
    /// It finished well.
    Succeeded,
    /// It finished badly.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

impl<V: Vendor + ?Sized> Vendor for std::sync::Arc<V> {
    fn jobs(&self) -> impl Future<Output = Vec<VendorJob>> + Send {
        V::jobs(self)
    }

    fn outage(&self, on: bool) -> bool {
        V::outage(self, on)
    }

    fn slow(&self, by: Duration) -> bool {
        V::slow(self, by)
    }
}
