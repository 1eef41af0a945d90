//! Behind a pooler that hands connections on after every transaction: a store's next transaction may be on a
//! connection that others have used, and the one it used is theirs.

use std::sync::Arc;
use std::time::Duration;

use connector_gate::state_store::{Claim, StateStore as _, Written};
use connector_state::{Listing, Settings, Store};
use futures_util::future::join_all;
use postgres_tests::{Engine, Pooler};

use crate::database::{Database, KEEP, attempt, job, meta, won};

/// Enough to have both connections busy with transactions of either store.
const AT_ONCE: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_share_connections_they_do_not_own() {
    let Some(engine) = Engine::shared() else { return };
    let Some(pooler) = Pooler::before(&engine) else { return };
    let database = Database::on(Arc::clone(&engine)).await;
    let store = async || {
        let settings = Settings::new(database.through(pooler.port()));
        Store::open(settings).await.unwrap()
    };
    let stores = [store().await, store().await];
    let rounds = (0..AT_ONCE).map(|n| {
        let [one, other] = if n % 2 == 0 { [0, 1] } else { [1, 0] };
        let (one, other) = (stores.get(one).unwrap(), stores.get(other).unwrap());
        async move {
            let first = format!("task-{n}-0");
            let ticket = won(one.claim(&attempt(&first)).await);
            assert_eq!(other.claim(&attempt(&first)).await, Claim::Held);
            assert_eq!(one.created(&ticket, &meta(), KEEP).await, Written::Kept);
            assert_eq!(other.claim(&attempt(&first)).await, Claim::Answered(meta()));
            let second = won(other.claim(&attempt(&format!("task-{n}-1"))).await);
            assert_eq!(one.claim(&attempt(&first)).await, Claim::Leaving);
            other.failed(&second).await;
            one.to_cancel(&job(None), KEEP.for_repeats).await;
        }
    });
    join_all(rounds).await;
    // Every first job is due, as its next attempt has begun.
    let [one, other] = &stores;
    let mut due = one.due(AT_ONCE, &[]).await;
    due.extend(other.due(AT_ONCE, &[]).await);
    assert_eq!(due.len(), AT_ONCE);
    for store in &stores {
        let now = store.readings();
        assert_eq!((now.is_up, now.away_operations, now.lost_writes), (true, 0, 0));
    }
    let settings = Settings::new(database.through(pooler.port()));
    let listing = Listing::open(settings, Duration::from_secs(20)).unwrap();
    let second = |n| format!("task-{n}-1");
    let entries = listing.entries().await.unwrap();
    assert!(
        (0..AT_ONCE).all(|n| entries.iter().all(|entry| entry.key != second(n))),
        "{entries:?}"
    );
    assert!(entries.len() >= AT_ONCE);
}
