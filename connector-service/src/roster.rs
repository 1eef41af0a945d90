//! Who is served, as the server shows it: listing, health, metrics and gates grow together when another
//! service's connectors become known.
//! `server` makes it; `upstream` adds to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use connector_core::ConnectorKey;
use connector_core::host::{Entry, Origin};
use connector_gate::Gates;

use crate::grpc::Listing;
use crate::grpc::health::HealthTable;
use crate::metrics::Metrics;

/// Everything that has to know of a new connector. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Roster {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: HealthTable,
    pub(crate) gates: Arc<Gates>,
    pub(crate) listing: Listing,
    /// What is served, and who serves it.
    pub(crate) served: Arc<Mutex<HashMap<ConnectorKey, Origin>>>,
}

impl Roster {
    /// Serves a connector from now on, unless its task type and version are served already.
    pub(crate) fn add(&self, entry: &Entry) -> bool {
        // Held until it is everywhere: two services may tell of the same one.
        let mut served = self.served();
        if served.contains_key(&entry.key) {
            return false;
        }
        served.insert(entry.key.clone(), entry.origin.clone());
        let observer = self.metrics.serve(entry.key.task_type.as_str());
        self.gates.add(entry, observer);
        self.health.set(&entry.name, true);
        self.listing.add(&entry.name, &entry.key);
        true
    }

    /// Whether calls for that task type and version go where this entry would have them go: of two that offer
    /// the same one, one serves.
    pub(crate) fn is_from(&self, entry: &Entry) -> bool {
        self.served().get(&entry.key) == Some(&entry.origin)
    }

    fn served(&self) -> MutexGuard<'_, HashMap<ConnectorKey, Origin>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the service behind a connector's name is there.
    pub(crate) fn serves(&self, name: &str, is_there: bool) {
        self.health.set(name, is_there);
    }

    /// Whether another service is there.
    pub(crate) fn upstream(&self, name: &str, is_there: bool) {
        self.metrics.upstream(name, is_there);
    }
}
