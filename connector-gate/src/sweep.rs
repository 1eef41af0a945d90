//! The one task of a process that takes from the store what is due, and brings it to the connectors' gates.
//! `gates` starts it where there is a store; it ends with them, or when they drain.

use std::sync::Arc;
use std::time::Duration;

use connector_core::ConnectorKey;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

use crate::gate::Gate;
use crate::observer::Observer;
use crate::state_store::{Attempt, Due, StateStore};

/// How often the store is asked, give or take a quarter: replicas that started together drift apart.
const EVERY: Duration = Duration::from_secs(1);
/// The most rows that are taken at once.
const MOST: usize = 32;
/// How long a row waits that this process can do nothing with: others may.
const NOT_NOW: Duration = Duration::from_secs(1);
/// The most task types of which nothing is taken; with more, some are looked at again and again.
const MOST_PASSED_OVER: usize = 1_000;

/// The gate of a row.
pub(crate) struct Home {
    pub(crate) key: ConnectorKey,
    pub(crate) gate: Arc<Gate>,
    pub(crate) observer: Arc<dyn Observer>,
}

/// Where rows go: by task type and version, and for as long as it is there and not draining.
pub(crate) trait Homes: Send + 'static {
    /// Whether rows may still be taken.
    fn is_open(&self) -> bool;

    /// The gate of a task type and version.
    fn home(&self, task_type: &str, version: i32) -> Option<Home>;
}

/// Takes what is due for as long as there is somewhere to bring it.
pub(crate) async fn sweep(homes: impl Homes, store: Arc<dyn StateStore>) {
    let mut passed_over = Vec::new();
    loop {
        sleep(EVERY.mul_f64(0.75 + fastrand::f64() / 2.0)).await;
        if !homes.is_open() {
            return;
        }
        for row in store.unasked().await {
            if let Some(home) = homes.home(&row.attempt.task_type, row.attempt.version) {
                home.gate.creates.watch(row);
            }
        }
        passed_over.retain(|(task_type, version): &(String, i32)| {
            homes.home(task_type, *version).is_none_or(|home| home.place().is_none())
        });
        for row in store.due(MOST, &passed_over).await {
            let Attempt { task_type, version, .. } = &row.attempt;
            let home = homes.home(task_type, *version);
            let problem = match &home {
                Some(_) => None,
                None => Some("no connector of this server serves its task type and version"),
            };
            if let Some((home, place)) = home.and_then(|home| home.place().map(|it| (home, it))) {
                bring(home, row, place);
                continue;
            }
            store.set_aside(&row.ticket, NOT_NOW, problem).await;
            let kind = (task_type.clone(), *version);
            if !passed_over.contains(&kind) {
                passed_over.truncate(MOST_PASSED_OVER - 1);
                passed_over.push(kind);
            }
        }
    }
}

impl Home {
    /// A place for another row, if there is one.
    fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.gate.due).try_acquire_owned().ok()
    }
}

/// Brings a row to its connector, which settles one at a time.
fn bring(home: Home, row: Due, place: OwnedSemaphorePermit) {
    let Home { key, gate, observer } = home;
    gate.site.server.clone().spawn(async move {
        let _turn = gate.settling.lock().await;
        gate.creates.settle(row, &key, &observer).await;
        drop(place);
    });
}
