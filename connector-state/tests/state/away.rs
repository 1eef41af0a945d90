//! The database away, slow, restarted, full and read-only: no call fails or waits for it, one line says that it
//! went and one that it is back, and what was told meanwhile is written then.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use connector_gate::state_store::{Claim, StateStore as _, Written};
use connector_state::{Address, Settings, Store};
use postgres_tests::Engine;
use tokio::time::Instant;

use crate::database::{Database, KEEP, attempt, job, meta, until, won};
use crate::proxy::Proxy;

/// How long a trip may take in these tests, and how long all calls that meet a database which is away.
const TIME_OUT: Duration = Duration::from_millis(300);
const BOUND: Duration = Duration::from_secs(3);

/// Everything the gate may ask, within the bound; and what it is answered by a store that is alone.
async fn asked_while_away(store: &Store) {
    // The first one may meet the database on its way out.
    until("it is away", async || (!store.readings().is_up).then_some(())).await;
    let begun = Instant::now();
    assert_eq!(store.claim(&attempt("away")).await, Claim::Alone);
    assert_eq!(store.due(10, &[]).await, []);
    let waiting = store.to_cancel(&job(None), Duration::from_secs(600)).await;
    assert!(store.cancelling(&waiting).await);
    store.put_off(&waiting, Duration::from_secs(600), "away").await;
    store.let_go().await;
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
}

/// Waits until the database has what was told.
async fn told(store: &Store) {
    until("it is back and has everything", async || {
        let now = store.readings();
        (now.is_up && now.pending_writes == 0).then_some(())
    })
    .await;
    assert_eq!(store.readings().lost_writes, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_gets_what_it_missed() {
    let Some(engine) = Engine::own() else { return };
    let database = Database::on(Arc::new(engine)).await;
    let store = database.store_with(|settings| settings.time_out(TIME_OUT)).await;
    let before = won(store.claim(&attempt("task1")).await);
    store.created(&before, &meta(), KEEP).await;
    let created = won(store.claim(&attempt("created")).await);
    let failed = won(store.claim(&attempt("failed")).await);
    database.engine().crash();
    assert_eq!(store.created(&created, &meta(), KEEP).await, Written::Kept);
    asked_while_away(&store).await;
    store.failed(&failed).await;
    assert_eq!(store.claim(&attempt("task3")).await, Claim::Alone);
    assert_eq!(store.readings().pending_writes, 6);
    assert!(store.readings().away_operations >= 5);
    database.engine().start_again();
    told(&store).await;
    let other = database.store().await;
    assert_eq!(other.claim(&attempt("created")).await, Claim::Answered(meta()));
    assert_eq!(database.status("failed").await, None);
    let entries = database.listing().entries().await.unwrap();
    let put_off = entries.iter().find(|entry| entry.key.starts_with("job-")).expect("the job");
    assert_eq!((put_off.tries, put_off.problem.as_deref()), (1, Some("away")));
    won(store.claim(&attempt("away")).await);
    assert_eq!(
        other.claim(&attempt("task1")).await,
        Claim::Leaving,
        "the next one began meanwhile"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_database_holds_nobody_up() {
    let Some(database) = Database::postgres().await else { return };
    let proxy = Proxy::to(database.engine().port()).await;
    let settings = Settings::new(database.through(proxy.port)).time_out(TIME_OUT);
    let store = Store::open(settings).await.unwrap();
    let ticket = won(until_there(&store, "before").await);
    proxy.delay(Duration::from_secs(2));
    let begun = Instant::now();
    assert_eq!(store.claim(&attempt("slow")).await, Claim::Alone);
    assert_eq!(store.created(&ticket, &meta(), KEEP).await, Written::Kept);
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    asked_while_away(&store).await;
    proxy.delay(Duration::ZERO);
    told(&store).await;
    assert_eq!(database.status("before").await.as_deref(), Some("answered"));
    // The claim that nobody was told of may have been carried out, and is nobody's all the same.
    won(until_there(&store, "slow").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_was_handed_out_while_the_database_was_out_of_reach_is_not_somebodys_to_cancel()
{
    let Some(database) = Database::postgres().await else { return };
    let proxy = Proxy::to(database.engine().port()).await;
    let settings = Settings::new(database.through(proxy.port)).time_out(TIME_OUT).lease(TIME_OUT);
    let store = Store::open(settings).await.unwrap();
    let (taken, waits) = (until_there(&store, "taken").await, until_there(&store, "waits").await);
    let (taken, waits) = (won(taken), won(waits));
    proxy.delay(Duration::from_secs(2));
    assert_eq!(store.created(&taken, &meta(), KEEP).await, Written::Kept);
    let later = Duration::from_secs(600);
    let written = store.untaken(&waits, &job(Some(waits.clone())), KEEP, later).await;
    assert_eq!(written, Written::Kept);
    // Another replica thinks that its owner is dead, and will find out what became of the jobs.
    let other = database.store().await;
    let mut due = Vec::new();
    until("the leases are over", async || {
        due.extend(other.due(10, &[]).await);
        (due.len() == 2).then_some(())
    })
    .await;
    for row in due {
        assert_eq!(row.meta, None);
        other.put_off(&row.ticket, later, "its server died").await;
    }
    proxy.delay(Duration::ZERO);
    told(&store).await;
    assert_eq!(other.claim(&attempt("taken")).await, Claim::Answered(meta()));
    assert_eq!(database.status("waits").await.as_deref(), Some("to-cancel"));
    assert!(matches!(other.claim(&attempt("waits")).await, Claim::Left { .. }), "with its job");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_release_is_no_outage_to_who_is_there_and_the_reason_to_who_comes() {
    let Some(database) = Database::postgres().await else { return };
    let store = database.store_with(|settings| settings.connections(1)).await;
    let admin = database.admin().await;
    admin.batch_execute("INSERT INTO connector_state_schema VALUES (1000)").await.unwrap();
    // A database that restarted: every connection is a new one.
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    admin.batch_execute(others).await.unwrap();
    let ticket = won(until_there(&store, "a").await);
    assert_eq!(store.created(&ticket, &meta(), KEEP).await, Written::Kept);
    told(&store).await;
    let settings = || Settings::new(database.address()).time_out(Duration::from_secs(20));
    let begun = Instant::now();
    let patience = Duration::from_secs(60);
    let problem = Store::open_required(settings(), patience).await.unwrap_err();
    assert!(problem.contains("cannot be used: its tables are of version 1000"), "{problem}");
    assert!(begun.elapsed() < patience, "that does not pass, so it is not waited for");
    let late = Store::open(settings()).await.unwrap();
    assert_eq!(late.claim(&attempt("b")).await, Claim::Alone);
}

/// A claim of a store whose database is there, but may be slow on a busy machine.
async fn until_there(store: &Store, key: &str) -> Claim {
    until("the database is there", async || match store.claim(&attempt(key)).await {
        Claim::Alone => None,
        claim => Some(claim),
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_only_reads_is_away() {
    let Some(engine) = Engine::own() else { return };
    let database = Database::on(Arc::new(engine)).await;
    let store = database.store_with(|settings| settings.time_out(TIME_OUT)).await;
    let ticket = won(until_there(&store, "a").await);
    let admin = database.admin().await;
    let read_only = |on: &str| format!("ALTER SYSTEM SET default_transaction_read_only = {on}");
    admin.batch_execute(&read_only("on")).await.unwrap();
    admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    until("it reads only", async || match store.claim(&attempt("b")).await {
        Claim::Alone => Some(()),
        Claim::Won { ticket, .. } => {
            store.failed(&ticket).await;
            None
        }
        _ => None,
    })
    .await;
    assert_eq!(store.created(&ticket, &meta(), KEEP).await, Written::Kept);
    asked_while_away(&store).await;
    assert_eq!(database.status("a").await.as_deref(), Some("in-flight"));
    admin.batch_execute("SET default_transaction_read_only = off").await.unwrap();
    admin.batch_execute(&read_only("off")).await.unwrap();
    admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    told(&store).await;
    assert_eq!(database.status("a").await.as_deref(), Some("answered"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_another_process_holds_is_away() {
    let database = Database::sqlite();
    let store = database.store_with(|settings| settings.time_out(TIME_OUT)).await;
    let ticket = won(until_there(&store, "a").await);
    let Address::Sqlite(path) = database.address() else { unreachable!() };
    let holder = rusqlite::Connection::open(path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(store.claim(&attempt("b")).await, Claim::Alone);
    assert_eq!(store.created(&ticket, &meta(), KEEP).await, Written::Kept);
    asked_while_away(&store).await;
    holder.execute_batch("ROLLBACK").unwrap();
    told(&store).await;
    assert_eq!(database.status("a").await.as_deref(), Some("answered"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_not_there_yet_is_found_later() {
    let folder = tempfile::tempdir().unwrap();
    let volume = folder.path().join("volume");
    let settings = Settings::new(Address::Sqlite(volume.join("state.db")));
    let store = Store::open(settings.clone()).await.unwrap();
    assert!(!store.readings().is_up);
    asked_while_away(&store).await;
    let begun = Instant::now();
    let problem = Store::open_required(settings, Duration::from_millis(500)).await.unwrap_err();
    assert!(begun.elapsed() < BOUND && problem.contains("volume/state.db"), "{problem}");
    std::fs::create_dir(&volume).unwrap();
    told(&store).await;
    won(until_there(&store, "a").await);
    let mode = std::fs::metadata(volume.join("state.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_has_written_what_it_was_answered() {
    let database = Database::sqlite();
    let store = database.store().await;
    let ticket = won(store.claim(&attempt("a")).await);
    store.created(&ticket, &meta(), KEEP).await;
    // As SIGKILL leaves them: the files as they are now, nothing closed.
    let Database::Sqlite(folder) = &database else { unreachable!() };
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap().flatten() {
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let copied = Database::Sqlite(copy).store().await;
    assert_eq!(copied.claim(&attempt("a")).await, Claim::Answered(meta()));
}
