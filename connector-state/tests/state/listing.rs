//! What people see and do, beside a store that works on the same rows.

use std::time::Duration;

use connector_gate::state_store::{Claim, StateStore as _, Written};
use connector_state::Cancelled;

use crate::database::{Database, KEEP, attempt, job, meta, won};
use crate::on_both;

on_both! {
    every_status_is_listed
    a_job_is_cancelled_by_hand
    what_is_forgotten_begins_anew
}

async fn every_status_is_listed(database: Database) {
    let store = database.store().await;
    let listing = database.listing();
    assert_eq!(listing.entries().await.unwrap(), []);
    won(store.claim(&attempt("in-flight")).await);
    let ticket = won(store.claim(&attempt("answered")).await);
    store.created(&ticket, &meta(), KEEP).await;
    let ticket = won(store.claim(&attempt("to-cancel")).await);
    store.to_cancel(&job(Some(ticket)), Duration::from_secs(60)).await;
    let ticket = won(store.claim(&attempt("given-up")).await);
    store.given_up(&ticket, "why").await;
    let entries = listing.entries().await.unwrap();
    assert_eq!(entries.len(), 4);
    for entry in entries {
        assert_eq!(entry.key, entry.status);
        assert_eq!((&*entry.task_type, entry.version, &*entry.run), ("batch_job", 3, "p/d/run"));
        assert_eq!(entry.owner.as_deref(), Some(store.owner()));
        let waits = matches!(&*entry.status, "in-flight" | "to-cancel");
        assert_eq!(entry.due.is_some(), waits, "{entry:?}");
        assert_eq!(entry.meta_bytes.is_some(), matches!(&*entry.status, "answered" | "to-cancel"));
    }
}

async fn a_job_is_cancelled_by_hand(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    let listing = database.listing();
    assert_eq!(listing.cancel("a").await.unwrap(), Cancelled::Unknown);
    let ticket = won(one.claim(&attempt("a")).await);
    assert_eq!(listing.cancel("a").await.unwrap(), Cancelled::OnceCreated);
    assert_eq!(one.created(&ticket, &meta(), KEEP).await, Written::Superseded);
    one.cancelled(&ticket).await;
    // Somebody waits with it, and is not asked.
    let waiting = one.to_cancel(&job(None), Duration::from_secs(600)).await;
    assert_eq!(listing.cancel(&waiting.key).await.unwrap(), Cancelled::Now);
    let due = other.due(10, &[]).await;
    assert_eq!(due.first().map(|due| &due.ticket.key), Some(&waiting.key));
    assert!(!one.cancelling(&waiting).await);
}

async fn what_is_forgotten_begins_anew(database: Database) {
    let store = database.store().await;
    let listing = database.listing();
    assert!(!listing.forget("a").await.unwrap());
    let ticket = won(store.claim(&attempt("a")).await);
    store.created(&ticket, &meta(), KEEP).await;
    assert!(listing.forget("a").await.unwrap());
    let claim = store.claim(&attempt("a")).await;
    assert!(matches!(claim, Claim::Won { taken_over: false, .. }), "{claim:?}");
}
