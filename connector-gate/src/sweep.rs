//! The one task of a process that takes from the store what is due, and brings it to the connectors' gates.
//! `gates` starts it where there is a store; it ends with them, or when they drain.

use std::sync::Arc;
use std::time::Duration;

use connector_core::ConnectorKey;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use crate::gate::Gate;
use crate::observer::Observer;
use crate::state_store::{Attempt, Due, StateStore};

/// How often the store is asked, give or take a quarter: replicas that started together drift apart.
const EVERY: Duration = Duration::from_secs(1);
/// The most rows that one process works on.
const MOST: usize = 32;
/// How long a row waits that no connector of this process can settle.
const NOT_HERE: Duration = Duration::from_secs(60);

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
    let room = Arc::new(Semaphore::new(MOST));
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
        let free = room.available_permits();
        if free == 0 {
            continue;
        }
        for row in store.due(free).await {
            let Attempt { task_type, version, .. } = &row.attempt;
            match (homes.home(task_type, *version), Arc::clone(&room).try_acquire_owned()) {
                (Some(home), Ok(permit)) => bring(home, row, permit),
                // Others may serve it.
                (None, _) | (_, Err(_)) => {
                    let problem = "no connector of this server serves its task type and version";
                    store.put_off(&row.ticket, NOT_HERE, problem).await;
                }
            }
        }
    }
}

/// Brings a row to its connector, which settles one at a time.
fn bring(home: Home, row: Due, permit: OwnedSemaphorePermit) {
    let Home { key, gate, observer } = home;
    gate.site.server.clone().spawn(async move {
        let _turn = gate.settling.lock().await;
        gate.creates.settle(row, &key, &observer).await;
        drop(permit);
    });
}
