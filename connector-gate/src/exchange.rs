//! The one task of a process that carries letters between its connectors' polls and other replicas.
//! `gates` starts it where there is a store; it ends with them. While this process is the only one, or while no
//! connector of it keeps answers, the store is not asked.

use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use tokio::time::sleep;

use crate::gate::Gate;
use crate::poll::Letter;
use crate::state_store::{Sent, StateStore};

/// How often letters are carried, and so how late another replica learns of an answer: polls of one job are
/// seconds apart.
const EVERY: Duration = Duration::from_millis(250);

/// Whose letters are carried, for as long as they are there.
pub(crate) trait Writers: Send + 'static {
    /// Every gate; nothing once there are none any more.
    fn gates(&self) -> Option<Vec<Arc<Gate>>>;
}

/// Carries letters for as long as there is anybody to write them.
pub(crate) async fn exchange(writers: impl Writers, store: Arc<dyn StateStore>) {
    loop {
        sleep(EVERY).await;
        let Some(gates) = writers.gates() else {
            return;
        };
        let gates: Vec<Arc<Gate>> = gates.into_iter().filter(|it| it.polls.has_pace()).collect();
        if store.replicas() < 2 || gates.is_empty() {
            continue;
        }
        let told: Vec<Sent> = gates.iter().filter_map(|gate| gate.polls.letter()).collect();
        for received in store.exchange(told).await {
            // Another release may write what this one cannot read.
            if let Ok(letter) = Letter::decode(received.letter) {
                gates.iter().for_each(|gate| gate.polls.hear(&letter, received.age));
            }
        }
    }
}
