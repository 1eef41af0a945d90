//! What is going on in this server, for whoever looks at its operators' port: `/status.json`, and a page at `/`
//! that reads it. `server` makes it of what the rest counts; `admin` serves it.
//! Nothing in it is a secret: texts of errors are those that callers are told.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use connector_core::Registry;
use connector_gate::{Gates, KnownSecrets, Scrub as _};
use serde_json::{Map, Value as Json, json};

use crate::about::About;
use crate::grpc::Listing;
use crate::grpc::health::HealthTable;
use crate::metrics::{DoorMetrics, Metrics};

/// The page. It has everything in it, and asks nobody but this server.
pub(crate) const PAGE: &str = include_str!("page.html");

/// What the gate remembers of creates that are under way, and of jobs that nobody has taken or that are being
/// cancelled.
const UNSETTLED: &str = "creates";

/// Where the status is read.
pub(crate) struct StatusPage {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: HealthTable,
    pub(crate) gates: Arc<Gates>,
    pub(crate) listing: Listing,
    pub(crate) door: DoorMetrics,
    failed: Vec<Json>,
    began: Instant,
}

impl fmt::Debug for StatusPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusPage").finish_non_exhaustive()
    }
}

impl StatusPage {
    /// Of a server that begins now with those connectors.
    pub(crate) fn new(
        registry: &Registry,
        metrics: Arc<Metrics>,
        health: HealthTable,
        gates: Arc<Gates>,
        listing: Listing,
        door: DoorMetrics,
    ) -> Self {
        let failed = registry.failures().iter().map(|failure| {
            let error = failure.error.to_string();
            let error = KnownSecrets::of_process().scrubbed(&error).unwrap_or(error);
            let keys: Vec<String> = failure.keys.iter().map(ToString::to_string).collect();
            json!({"name": failure.name, "task_types": keys, "error": error})
        });
        let failed = failed.collect();
        Self { metrics, health, gates, listing, door, failed, began: Instant::now() }
    }

    /// The status of this moment.
    pub(crate) fn json(&self) -> Json {
        let mut remembered: BTreeMap<String, Map<String, Json>> = BTreeMap::new();
        for (task_type, what, reading) in self.gates.remembered() {
            let of_type = remembered.entry(task_type.to_owned()).or_default();
            let before = of_type.get(what).and_then(Json::as_u64).unwrap_or_default();
            of_type.insert(what.to_owned(), (before + reading.count as u64).into());
        }
        let connectors = self.listing.all().into_iter().flat_map(|connector| {
            let health = self.health.serves(&connector.name);
            let mut by_type: BTreeMap<String, Vec<i32>> = BTreeMap::new();
            for category in connector.supported_task_categories {
                by_type.entry(category.name).or_default().push(category.version);
            }
            by_type.into_iter().map(move |(task_type, versions)| {
                (connector.name.clone(), health, task_type, versions)
            })
        });
        let connectors = connectors.map(|(name, health, task_type, versions)| {
            let mut shown = self.metrics.serve(&task_type).figures();
            // What several task types of a connector share is kept under its first.
            let kept = remembered.get(&task_type).cloned().unwrap_or_default();
            let unsettled = kept.get(UNSETTLED).and_then(Json::as_u64).unwrap_or_default();
            let under_way = self.metrics.serve(&task_type).creates_in_flight();
            let waiting = unsettled.saturating_sub(under_way);
            shown.insert("waiting_to_be_cancelled".to_owned(), waiting.into());
            shown.insert("remembered".to_owned(), kept.into());
            shown.insert("name".to_owned(), name.into());
            shown.insert("serving".to_owned(), health.into());
            shown.insert("task_type".to_owned(), task_type.into());
            shown.insert("versions".to_owned(), versions.into());
            Json::from(shown)
        });
        let about = About::of_process();
        json!({
            "version": About::version(),
            "commit": about.known_commit(),
            "uptime_seconds": self.began.elapsed().as_secs_f64(),
            "serving": self.health.is_serving(),
            "connections": self.door.connections.get(),
            "in_flight": self.metrics.in_flight(),
            "connectors": connectors.collect::<Json>(),
            "not_served": self.failed,
        })
    }
}
