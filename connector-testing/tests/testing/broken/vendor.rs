//! A vendor in memory for connectors that break rules: it makes jobs, fails and dawdles on request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connector_testing::{Vendor, VendorJob, VendorState};

/// What all connectors of one check share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf(Arc<Mutex<Jobs>>);

/// Its jobs and moods.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    pub(crate) made: Vec<VendorJob>,
    pub(crate) is_out: bool,
    pub(crate) delay: Duration,
}

impl Shelf {
    pub(crate) fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a job, or finds the one of that key. A caller without a key gets a job each time.
    pub(crate) fn make(&self, key: Option<&str>) -> String {
        let mut jobs = self.jobs();
        let known = jobs.made.iter().find(|job| key.is_some() && job.key.as_deref() == key);
        if let Some(job) = known {
            return job.id.clone();
        }
        let id = format!("v-{}", jobs.made.len());
        let job = VendorJob::new(&id, VendorState::Live);
        jobs.made.push(match key {
            Some(key) => job.key(key),
            None => job,
        });
        id
    }

    /// A job of that key, or any.
    pub(crate) fn find(&self, key: Option<&str>) -> Option<String> {
        let jobs = self.jobs();
        let wanted = |job: &&VendorJob| key.is_none() || job.key.as_deref() == key;
        jobs.made.iter().find(wanted).map(|job| job.id.clone())
    }

    /// The state of a job, which ends well once it is asked about.
    pub(crate) fn finish(&self, id: &str) -> Option<VendorState> {
        let mut jobs = self.jobs();
        let job = jobs.made.iter_mut().find(|job| job.id == id)?;
        if job.state == VendorState::Live {
            job.state = VendorState::Succeeded;
        }
        Some(job.state)
    }

    /// Cancels a job that lives; says what it was.
    pub(crate) fn cancel(&self, id: &str) -> Option<VendorState> {
        let mut jobs = self.jobs();
        let job = jobs.made.iter_mut().find(|job| job.id == id)?;
        let was = job.state;
        if was == VendorState::Live {
            job.state = VendorState::Cancelled;
        }
        Some(was)
    }
}

impl Vendor for Shelf {
    async fn jobs(&self) -> Vec<VendorJob> {
        Self::jobs(self).made.clone()
    }

    fn outage(&self, on: bool) -> bool {
        Self::jobs(self).is_out = on;
        true
    }

    fn slow(&self, by: Duration) -> bool {
        Self::jobs(self).delay = by;
        true
    }
}
