//! The vendor's view: which jobs exist there, whoever has forgotten them.
//! Tests implement `Vendor` for their fake of the outside system; `judge` compares.

use std::future::Future;

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
}

/// One job, as the vendor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}
