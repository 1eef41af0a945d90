//! A database of one test's own, stores on it, and what is told them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use connector_gate::state_store::{Attempt, Cancellation, Claim, Keep, Ticket};
use connector_state::{Address, Listing, Settings, Store};
use postgres_tests::{Engine, PASSWORD};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, Config, NoTls};

/// Longer than anything takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How long answers are kept in tests that do not ask when they go.
pub(crate) const KEEP: Keep = keep(Duration::from_secs(600));

/// Kept for so long, whether or not anybody asks.
pub(crate) const fn keep(for_repeats: Duration) -> Keep {
    Keep { for_repeats, asked_within: None }
}

#[derive(Debug)]
pub(crate) enum Database {
    Sqlite(TempDir),
    Postgres { engine: Arc<Engine>, name: String },
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a temporary folder"))
    }

    /// `None` where there is no PostgreSQL.
    pub(crate) async fn postgres() -> Option<Self> {
        Some(Self::on(Engine::shared()?).await)
    }

    /// A new database in that PostgreSQL.
    pub(crate) async fn on(engine: Arc<Engine>) -> Self {
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        let name = format!("state{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let admin = connect(&engine, "postgres").await;
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
        Self::Postgres { engine, name }
    }

    pub(crate) fn engine(&self) -> &Engine {
        match self {
            Self::Postgres { engine, .. } => engine,
            Self::Sqlite(_) => panic!("SQLite has no server"),
        }
    }

    pub(crate) async fn admin(&self) -> Client {
        match self {
            Self::Postgres { engine, name } => connect(engine, name).await,
            Self::Sqlite(_) => panic!("SQLite has no server"),
        }
    }

    pub(crate) fn address(&self) -> Address {
        match self {
            Self::Sqlite(folder) => Address::Sqlite(folder.path().join("state.db")),
            Self::Postgres { engine, .. } => self.through(engine.port()),
        }
    }

    /// The same PostgreSQL behind another port.
    pub(crate) fn through(&self, port: u16) -> Address {
        let Self::Postgres { name, .. } = self else {
            panic!("SQLite has no port");
        };
        let password = |name: &str| (name == "PGPASSWORD").then(|| PASSWORD.to_owned());
        Address::parse(&format!("postgres://postgres@127.0.0.1:{port}/{name}"), password).unwrap()
    }

    /// A store with patience, as the machine may be busy, and a lease that does not run out by that.
    pub(crate) async fn store(&self) -> Store {
        self.store_with(|settings| settings).await
    }

    pub(crate) async fn store_with(&self, with: impl FnOnce(Settings) -> Settings) -> Store {
        let settings = Settings::new(self.address()).time_out(Duration::from_secs(20));
        let store = Store::open(with(settings)).await.unwrap();
        assert!(store.readings().is_up);
        store
    }

    pub(crate) fn listing(&self) -> Listing {
        Listing::open(Settings::new(self.address()), LIMIT).unwrap()
    }

    /// The status of a row; `None` where there is none.
    pub(crate) async fn status(&self, key: &str) -> Option<String> {
        let entries = self.listing().entries().await.unwrap();
        entries.into_iter().find(|entry| entry.key == key).map(|entry| entry.status)
    }
}

async fn connect(engine: &Engine, database: &str) -> Client {
    let (client, connection) = Config::new()
        .host("127.0.0.1")
        .port(engine.port())
        .user("postgres")
        .password(PASSWORD)
        .dbname(database)
        .connect(NoTls)
        .await
        .expect("a connection to PostgreSQL");
    tokio::spawn(connection);
    client
}

/// An attempt; of `a2` the task is `a` and the number 2.
pub(crate) fn attempt(key: &str) -> Attempt {
    let task = key.trim_end_matches(char::is_numeric);
    let number = key.strip_prefix(task).and_then(|number| number.parse().ok());
    Attempt {
        key: key.to_owned(),
        task: Some(task.to_owned()),
        number: number.unwrap_or_default(),
        task_type: "batch_job".to_owned(),
        version: 3,
        run: "p/d/run".to_owned(),
        request: Some(Bytes::from_static(b"request")),
    }
}

pub(crate) fn job(ticket: Option<Ticket>) -> Cancellation {
    Cancellation {
        ticket,
        task_type: "batch_job".to_owned(),
        version: 3,
        run: "p/d/run".to_owned(),
        meta: meta(),
    }
}

pub(crate) fn meta() -> Bytes {
    Bytes::from_static(b"{\"job_id\": \"\\u0000\"}\0\xff")
}

pub(crate) fn won(claim: Claim) -> Ticket {
    match claim {
        Claim::Won { ticket, .. } => ticket,
        other => panic!("not won: {other:?}"),
    }
}

/// Waits until something is so.
pub(crate) async fn until<T>(what: &str, mut so: impl AsyncFnMut() -> Option<T>) -> T {
    let limit = Instant::now() + LIMIT;
    loop {
        if let Some(it) = so().await {
            return it;
        }
        assert!(Instant::now() < limit, "in vain: {what}");
        sleep(LOOK_AGAIN).await;
    }
}
