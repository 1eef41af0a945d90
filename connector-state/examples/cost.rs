//! What a create costs the database of the state: rows, bytes, and time, at 1, 10 and 100 creates a second.
//!
//! `cargo run --release -p connector-state --features sqlite,postgres --example cost [SECONDS]` starts a
//! PostgreSQL of its own. Figures are of this machine and in one run; docs/src/replicas.md has some.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for people who measure, on a machine of their own"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use connector_gate::state_store::{Attempt, Claim, Keep, StateStore as _};
use connector_state::{Address, Settings, Store};
use postgres_tests::{Engine, PASSWORD};
use tokio_postgres::{Client, NoTls};

/// A request and metadata as they usually are.
const REQUEST: usize = 2_000;
const META: usize = 150;
const KEEP: Keep =
    Keep { for_repeats: Duration::from_secs(600), asked_within: Some(Duration::from_secs(3_600)) };

#[tokio::main]
async fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10);
    println!("database    creates/s  created  p50 µs  p99 µs  database µs  log bytes  row bytes");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let settings = Settings::new(Address::Sqlite(file.clone())).time_out(Duration::from_secs(20));
    let store = Store::open(settings).await.unwrap();
    let looking = tokio::spawn(look(store.clone()));
    for rate in [1, 10, 100] {
        let took = creates(&store, rate, seconds).await;
        // Its time is that of whoever asks: it is a library.
        println!("{}{:>36}", line("SQLite", rate, &took), size(&file) / rows(rate, seconds));
    }
    looking.abort();
    let Some(engine) = Engine::own() else { return };
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", engine.port());
    let password = |name: &str| (name == "PGPASSWORD").then(|| PASSWORD.to_owned());
    let address = Address::parse(&url, password).unwrap();
    let store =
        Store::open(Settings::new(address).time_out(Duration::from_secs(20))).await.unwrap();
    tokio::spawn(look(store.clone()));
    let config =
        format!("host=127.0.0.1 port={} user=postgres password='{PASSWORD}'", engine.port());
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await.unwrap();
    tokio::spawn(connection);
    for rate in [1, 10, 100] {
        let before = (active_us(&client).await, log_bytes(&client).await);
        let took = creates(&store, rate, seconds).await;
        // Statistics arrive when a session has been idle for a while.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (active, log) =
            (active_us(&client).await - before.0, log_bytes(&client).await - before.1);
        let made = i64::try_from(took.len()).unwrap();
        let bytes = int(&client, "SELECT pg_total_relation_size('connector_state')").await;
        println!(
            "{}{:>13}{:>11}{:>11}",
            line("PostgreSQL", rate, &took),
            active / made,
            log / made,
            bytes / i64::try_from(rows(rate, seconds)).unwrap(),
        );
    }
}

/// How many rows there are once a rate and those before it were measured.
fn rows(rate: u64, seconds: u64) -> u64 {
    [1, 10, 100].into_iter().filter(|it| *it <= rate).map(|it| it * seconds).sum()
}

fn size(file: &Path) -> u64 {
    ["", "-wal"]
        .iter()
        .filter_map(|end| std::fs::metadata(format!("{}{end}", file.display())).ok())
        .map(|it| it.len())
        .sum()
}

fn line(database: &str, rate: u64, took: &[Duration]) -> String {
    let at = |part: usize| took.get(took.len() * part / 100).map_or(0, Duration::as_micros);
    format!("{database:<12}{rate:>9}{:>9}{:>8}{:>8}", took.len(), at(50), at(99))
}

/// Looks once a second for what is to be done, as a server does; what was asked about is written then.
async fn look(store: Store) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        store.unasked().await;
        store.due(1, &[]).await;
    }
}

/// Claims and answers that many attempts a second; how long the database took for each, sorted.
async fn creates(store: &Store, rate: u64, seconds: u64) -> Vec<Duration> {
    let mut beat = tokio::time::interval(Duration::from_secs(1) / u32::try_from(rate).unwrap());
    let mut running = Vec::new();
    for n in 0..rate * seconds {
        beat.tick().await;
        let store = store.clone();
        running.push(tokio::spawn(async move { create(&store, &format!("{rate}-{n}")).await }));
    }
    let mut took = Vec::new();
    for create in running {
        took.push(create.await.unwrap());
    }
    took.sort();
    took
}

async fn create(store: &Store, key: &str) -> Duration {
    let request: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(REQUEST).collect();
    let attempt = Attempt {
        key: format!("{key:0>64}"),
        task: Some(format!("{key:t>64}")),
        number: 0,
        task_type: "batch_job".to_owned(),
        version: 0,
        run: "project/domain/run/node".to_owned(),
        request: Some(Bytes::from(request)),
    };
    let begun = Instant::now();
    let Claim::Won { ticket, .. } = store.claim(&attempt).await else {
        println!("{key} was not won: the machine is too busy");
        return begun.elapsed();
    };
    store.created(&ticket, &Bytes::from(vec![b'm'; META]), KEEP).await;
    // Its first poll; written later, with others.
    store.asked(&ticket);
    begun.elapsed()
}

async fn int(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap().get(0)
}

/// How long sessions of this database carried out statements.
async fn active_us(client: &Client) -> i64 {
    let query =
        "SELECT (active_time * 1000)::bigint FROM pg_stat_database WHERE datname = 'postgres'";
    int(client, query).await
}

async fn log_bytes(client: &Client) -> i64 {
    int(client, "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint").await
}
