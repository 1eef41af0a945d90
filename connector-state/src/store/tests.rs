//! The promises of the trait, on SQLite; `tests/state` holds both databases to them.

use std::time::Duration;

use bytes::Bytes;
use connector_gate::state_store::{Attempt, Claim, Keep, StateStore as _, Ticket};

use super::Store;
use crate::address::Address;
use crate::schema;
use crate::settings::Settings;
use crate::statements::Dialect;
use crate::store::told::Told;

fn attempt(key: &str) -> Attempt {
    Attempt {
        key: key.to_owned(),
        task: Some(format!("task {key}")),
        number: 0,
        task_type: "batch_job".to_owned(),
        version: 0,
        run: "run".to_owned(),
        request: Some(Bytes::from_static(b"request")),
    }
}

async fn store(folder: &tempfile::TempDir) -> Store {
    let address = Address::Sqlite(folder.path().join("state.db"));
    Store::open(Settings::new(address).time_out(Duration::from_secs(20))).await.unwrap()
}

fn won(claim: Claim) -> Ticket {
    match claim {
        Claim::Won { ticket, .. } => ticket,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_claim_that_may_have_been_written_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let nonce = 5;
    let claim = store.inner.try_claim(&attempt("a"), nonce).await.unwrap();
    assert!(matches!(claim, Claim::Won { taken_over: false, .. }), "{claim:?}");
    let unclaim = |nonce| Told::Unclaim { ticket: Ticket { key: "a".to_owned(), fence: nonce } };
    store.tell(unclaim(nonce + 1)).await;
    assert_eq!(store.claim(&attempt("a")).await, Claim::Held, "another claim's");
    store.tell(unclaim(nonce)).await;
    let claim = store.claim(&attempt("a")).await;
    assert!(matches!(claim, Claim::Won { taken_over: false, .. }), "{claim:?}");
}

#[tokio::test]
async fn a_claim_whose_caller_left_is_not_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let attempt = attempt("a");
    let mut claim = Box::pin(store.claim_attempt(&attempt));
    // Begun, and dropped before it ended.
    std::future::poll_fn(|cx| {
        assert!(claim.as_mut().poll(cx).is_pending());
        std::task::Poll::Ready(())
    })
    .await;
    drop(claim);
    while store.inner.read("a").await.unwrap().is_none() || !store.inner.held().is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_was_told_twice_changes_nothing_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let ticket = won(store.claim(&attempt("a")).await);
    let meta = Bytes::from_static(b"job");
    let keep = Keep { for_repeats: Duration::from_secs(60), asked_within: None };
    for _ in 0..2 {
        let told = store.inner.answer(&ticket, &meta, keep, None);
        assert_eq!(store.tell(told).await, super::Heard::Yes);
    }
    let other = won(store.claim(&attempt("b")).await);
    store.failed(&other).await;
    store.failed(&other).await;
    assert_eq!(store.claim(&attempt("a")).await, Claim::Answered(meta));
}

#[tokio::test]
async fn a_database_of_the_version_before_is_brought_up_and_keeps_what_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    let old = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    let steps = schema::steps(Dialect::Sqlite, 0).unwrap();
    let first = steps.iter().position(|step| step.ends_with("VALUES (1)")).unwrap();
    old.execute_batch(schema::VERSIONS).unwrap();
    old.execute_batch(&steps.get(..=first).unwrap().join(";")).unwrap();
    let answered = "INSERT INTO connector_state (key, status, task_type, version, run, meta, fence, \
         expires_at, created_at) VALUES ('a', 'answered', 't', 0, 'r', x'6a6f62', 1, 9000000000000, 1)";
    old.execute_batch(answered).unwrap();
    drop(old);
    let store = store(&folder).await;
    assert_eq!(store.claim(&attempt("a")).await, Claim::Answered(Bytes::from_static(b"job")));
    won(store.claim(&Attempt { number: 1, ..attempt("b") }).await);
    assert_eq!(store.unasked().await, [], "its question was never waited for");
}
