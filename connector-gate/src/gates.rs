//! The gates of all connectors, by task type and version.
//! `server` builds them from the registry, and adds those of other services as they become known;
//! `dispatch` looks them up; `shutdown` drains them.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use connector_core::host::{DynConnector, Entry};
use connector_core::policy::Isolation;
use connector_core::registry::VariableError;
use connector_core::{ConnectorKey, Registry};
use elsa::sync::{FrozenMap, FrozenVec};
use rustc_hash::FxHashMap;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use crate::deadline::after;
use crate::exchange::{Writers, exchange};
use crate::gate::Gate;
use crate::isolation::{Places, Watch};
use crate::memory::Reading;
use crate::observer::Observer;
use crate::site::Site;
use crate::state_store::StateStore;
use crate::sweep::{Home, Homes, sweep};
use crate::text::TextLimit;

/// How long the end waits at least for the store.
const LET_GO: Duration = Duration::from_secs(2);

/// Every gate. Task types and versions of one connector share one.
pub struct Gates {
    /// Of the connectors that were there at start: one look-up without a lock. No caller can add to it, so
    /// its hash is a quick one.
    by_type: FxHashMap<String, Served>,
    unserved: Served,
    /// Of those that became known later. None of them ever goes.
    later: FrozenMap<String, Box<ServedLater>>,
    all: FrozenVec<Box<(String, Arc<Gate>)>>,
    making: Making,
    /// The operator's variables, if they are others by now than those that entries were made with.
    variables: Mutex<Option<Vec<(String, String)>>>,
    draining: AtomicBool,
}

/// What a gate is made with.
struct Making {
    isolated: bool,
    texts: TextLimit,
    server: Handle,
    places: Arc<Places>,
    store: Option<Arc<dyn StateStore>>,
}

/// What serves one task type.
#[derive(Debug)]
struct Served {
    observer: Arc<dyn Observer>,
    versions: Vec<Version>,
}

/// The same, for a task type that became known later.
struct ServedLater {
    observer: Arc<dyn Observer>,
    versions: FrozenVec<Box<Version>>,
}

type Version = (ConnectorKey, Arc<Gate>);

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
        Self::made(registry, isolated, texts, server, observers, None)
    }

    /// The same over a store that outlives the process and may be shared with others, if there is one: an
    /// attempt is created once over all of them, and jobs that nobody takes are cancelled whoever dies. What
    /// others left is seen to from now on, on `server`, until the gates drain.
    pub fn with_store(
        registry: &Registry,
        isolated: bool,
        texts: TextLimit,
        server: &Handle,
        observers: impl Fn(Option<&str>) -> Arc<dyn Observer>,
        store: Option<Arc<dyn StateStore>>,
    ) -> Arc<Self> {
        let kept = store.clone();
        let gates = Arc::new(Self::made(registry, isolated, texts, server, observers, kept));
        if let Some(store) = store {
            server.spawn(exchange(Arc::downgrade(&gates), Arc::clone(&store)));
            server.spawn(sweep(Arc::downgrade(&gates), store));
        }
        gates
    }

    fn made(
        registry: &Registry,
        isolated: bool,
        texts: TextLimit,
        server: &Handle,
        observers: impl Fn(Option<&str>) -> Arc<dyn Observer>,
        store: Option<Arc<dyn StateStore>>,
    ) -> Self {
        let places = Places::new(server.clone());
        let mut gates = Self {
            by_type: FxHashMap::default(),
            unserved: Served { observer: observers(None), versions: Vec::new() },
            later: FrozenMap::new(),
            all: FrozenVec::new(),
            making: Making { isolated, texts, server: server.clone(), places, store },
            variables: Mutex::default(),
            draining: AtomicBool::new(false),
        };
        for entry in registry.entries() {
            let task_type = entry.key.task_type.as_str();
            let gate = gates.gate_of(entry);
            let served = gates.by_type.entry(task_type.to_owned()).or_insert_with(|| Served {
                observer: observers(Some(task_type)),
                versions: Vec::new(),
            });
            served.versions.push((entry.key.clone(), gate));
        }
        gates
    }

    /// Puts a gate in front of a connector that became known later, unless its task type and version
    /// have one. From one task only: two at once could both find none.
    pub fn add(&self, entry: &Entry, observer: Arc<dyn Observer>) {
        let task_type = entry.key.task_type.as_str();
        if self.find(task_type, entry.key.version).gate.is_some() {
            return;
        }
        let later = self.later.get(task_type).unwrap_or_else(|| {
            let served = ServedLater { observer, versions: FrozenVec::new() };
            self.later.insert(task_type.to_owned(), Box::new(served))
        });
        later.versions.push(Box::new((entry.key.clone(), self.gate_of(entry))));
    }

    /// The gate of a connector; a new one for a connector that has none.
    fn gate_of(&self, entry: &Entry) -> Arc<Gate> {
        let same = |connector: &Arc<dyn DynConnector>| Arc::ptr_eq(connector, &entry.connector);
        let known = self.all.iter().find(|(_, gate)| same(&gate.site.connector));
        if let Some((_, gate)) = known {
            return Arc::clone(gate);
        }
        let Making { isolated, texts, server, places, store } = &self.making;
        let mut policy = entry.policy;
        if !isolated {
            policy = policy.isolation(Isolation::Shared);
        }
        let (server, places, store) = (server.clone(), Arc::clone(places), store.clone());
        let site = Site::new(entry, policy, *texts, server, places, store);
        let gate = Arc::new(Gate::new(site));
        let variables = self.variables.lock().unwrap_or_else(PoisonError::into_inner);
        // One that became known after they had changed. They were good for all others.
        if let Some(policy) = variables.as_ref().and_then(|it| entry.authored.with(it).ok()) {
            gate.set_policy(policy);
        }
        self.all.push(Box::new((entry.key.task_type.as_str().to_owned(), Arc::clone(&gate))));
        // One that came while everything ends, of a service that has just been listed.
        if self.draining.load(Ordering::SeqCst) {
            gate.creates.begin_drain();
        }
        gate
    }

    /// Values of a policy that stay as they were when a connector came: what they decide is made once.
    pub const FIXED_POLICIES: [&'static str; 5] =
        ["create_memory", "isolation", "keyed", "max_remembered_bytes", "unseen_jobs"];

    /// Treats all calls from now on by the policies that these variables of the operator make, but for
    /// [`Self::FIXED_POLICIES`].
    ///
    /// # Errors
    /// A variable that does not fit; then nothing has changed.
    pub fn follow(&self, variables: Vec<(String, String)>) -> Result<(), VariableError> {
        let mut now = self.variables.lock().unwrap_or_else(PoisonError::into_inner);
        let policies = self.all.iter().map(|(_, gate)| {
            let policy = gate.site.authored.with(&variables)?;
            Ok((gate, policy))
        });
        for (gate, policy) in policies.collect::<Result<Vec<_>, _>>()? {
            gate.set_policy(policy);
        }
        *now = Some(variables);
        Ok(())
    }

    /// What is there for a task type and version; both must match exactly.
    pub(crate) fn find(&self, task_type: &str, version: i32) -> Found<'_> {
        let first = self.by_type.get(task_type);
        let Served { observer, versions } = first.unwrap_or(&self.unserved);
        if let Some((key, gate)) = versions.iter().find(|(key, _)| key.version == version) {
            return Found { observer, gate: Some((key, gate)) };
        }
        let Some(later) = self.later.get(task_type) else {
            return Found { observer, gate: None };
        };
        let gate = later.versions.iter().find(|(key, _)| key.version == version);
        Found { observer: &later.observer, gate: gate.map(|(key, gate)| (key, gate)) }
    }

    /// How much is remembered: the main task type of a connector, what it is, how much of it.
    pub fn remembered(&self) -> impl Iterator<Item = (&str, &'static str, Reading)> {
        self.all.iter().flat_map(|(task_type, gate)| {
            gate.remembered().map(|(what, reading)| (task_type.as_str(), what, reading))
        })
    }

    /// What watches steps of connector code: for those who may wait behind one that is stuck.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch::new(Arc::clone(&self.making.places))
    }

    /// From now on nothing is created, and jobs nobody has taken are cancelled without grace.
    pub fn begin_drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        for (_, gate) in self.all.iter() {
            gate.creates.begin_drain();
        }
    }

    /// Waits until every create is settled, at most until the deadline. How many are not. What is in the
    /// store is let go of then, for others.
    pub async fn drained(&self, deadline: Instant) -> usize {
        let mut unsettled = 0;
        for (task_type, gate) in self.all.iter() {
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
        if let Some(store) = &self.making.store {
            // Whatever is not let go of runs out by itself.
            let least = after(LET_GO);
            timeout_at(deadline.max(least), store.let_go()).await.ok();
        }
        unsettled
    }
}

impl Homes for Weak<Gates> {
    fn is_open(&self) -> bool {
        self.upgrade().is_some_and(|gates| !gates.draining.load(Ordering::Relaxed))
    }

    fn home(&self, task_type: &str, version: i32) -> Option<Home> {
        let gates = self.upgrade()?;
        let found = gates.find(task_type, version);
        let (key, gate) = found.gate?;
        let (key, gate, observer) = (key.clone(), Arc::clone(gate), Arc::clone(found.observer));
        Some(Home { key, gate, observer })
    }
}

impl Writers for Weak<Gates> {
    fn gates(&self) -> Option<Vec<Arc<Gate>>> {
        let gates = self.upgrade()?;
        Some(gates.all.iter().map(|(_, gate)| Arc::clone(gate)).collect())
    }
}

impl fmt::Debug for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all.iter().map(|(task_type, _)| task_type)).finish()
    }
}
