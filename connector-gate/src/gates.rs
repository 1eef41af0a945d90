//! The gates of all connectors, by task type and version.
//! `server` builds them from the registry; `dispatch` looks them up; `shutdown` drains them.

use std::collections::HashMap;
use std::sync::Arc;

use connector_core::policy::Isolation;
use connector_core::{ConnectorKey, Registry};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use crate::gate::Gate;
use crate::isolation::Places;
use crate::observer::Observer;
use crate::site::Site;
use crate::text::TextLimit;

/// Every gate. Task types and versions of one connector share one.
#[derive(Debug)]
pub struct Gates {
    by_type: HashMap<String, Served>,
    unserved: Served,
    all: Vec<(String, Arc<Gate>)>,
}

/// What serves one task type.
#[derive(Debug)]
struct Served {
    observer: Arc<dyn Observer>,
    versions: Vec<(ConnectorKey, Arc<Gate>)>,
}

/// What a call finds under its task type and version.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    /// Who sees what happens to the calls of the task type.
    pub(crate) observer: &'a Arc<dyn Observer>,
    /// The gate, if a connector serves them.
    pub(crate) gate: Option<(&'a ConnectorKey, &'a Arc<Gate>)>,
}

impl Gates {
    /// A gate in front of every connector. With `isolated` false all of them work on the caller's
    /// threads, whatever their policies say. `texts` bounds what is said of jobs.
    ///
    /// `server` is where the server runs. `observers` says who sees the calls of a task type, and who
    /// sees those of types that no connector serves (`None`).
    pub fn new(
        registry: &Registry,
        isolated: bool,
        texts: TextLimit,
        server: &Handle,
        observers: impl Fn(Option<&str>) -> Arc<dyn Observer>,
    ) -> Self {
        let places = Places::new(server.clone());
        let mut by_type: HashMap<String, Served> = HashMap::new();
        let mut all: Vec<(String, Arc<Gate>)> = Vec::new();
        for entry in registry.entries() {
            let task_type = entry.key.task_type.as_str();
            let same = |(_, gate): &&(String, Arc<Gate>)| {
                Arc::ptr_eq(&gate.site.connector, &entry.connector)
            };
            let gate = all.iter().find(same).map(|(_, gate)| Arc::clone(gate));
            let gate = gate.unwrap_or_else(|| {
                let mut policy = entry.policy;
                if !isolated {
                    policy = policy.isolation(Isolation::Shared);
                }
                let (server, places) = (server.clone(), Arc::clone(&places));
                let site = Site::new(entry, policy, texts, server, places);
                let gate = Arc::new(Gate::new(site));
                all.push((task_type.to_owned(), Arc::clone(&gate)));
                gate
            });
            let served = by_type.entry(task_type.to_owned()).or_insert_with(|| Served {
                observer: observers(Some(task_type)),
                versions: Vec::new(),
            });
            served.versions.push((entry.key.clone(), gate));
        }
        let unserved = Served { observer: observers(None), versions: Vec::new() };
        Self { by_type, unserved, all }
    }

    /// What is there for a task type and version; both must match exactly.
    pub(crate) fn find(&self, task_type: &str, version: i32) -> Found<'_> {
        let Served { observer, versions } = self.by_type.get(task_type).unwrap_or(&self.unserved);
        let gate = versions.iter().find(|(key, _)| key.version == version);
        Found { observer, gate: gate.map(|(key, gate)| (key, gate)) }
    }

    /// How much is remembered: the main task type of a connector, what it is, how many.
    pub fn remembered(&self) -> impl Iterator<Item = (&str, &'static str, usize)> {
        self.all.iter().flat_map(|(task_type, gate)| {
            gate.remembered().map(|(what, count)| (task_type.as_str(), what, count))
        })
    }

    /// From now on nothing is created, and jobs nobody has taken are cancelled without grace.
    pub fn begin_drain(&self) {
        for (_, gate) in &self.all {
            gate.creates.begin_drain();
        }
    }

    /// Waits until every create is settled, at most until the deadline. How many are not.
    pub async fn drained(&self, deadline: Instant) -> usize {
        let mut unsettled = 0;
        for (task_type, gate) in &self.all {
            if timeout_at(deadline, gate.creates.drained()).await.is_err() {
                let left = gate.creates.unsettled();
                unsettled += left;
                tracing::error!(
                    task_type,
                    "{left} creates were cut off by the end of the grace time; if the outside \
                     system made their jobs, nobody will cancel them"
                );
            }
        }
        unsettled
    }
}
