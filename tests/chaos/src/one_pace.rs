//! What several servers over one PostgreSQL ask a vendor together, and what that costs the database: real processes
//! on loopback, jobs that are polled at each server in turn, and a vendor that counts. The test has few jobs and
//! goes on when every server knows what one was told; the program `one-pace` measures by the clock.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use connector_service::pb;
use connector_service::pb::async_connector_service_client::AsyncConnectorServiceClient;
use futures_util::future::join_all;
use postgres_tests::{Engine, PASSWORD};
use tokio::process::Command;
use tokio::time::{Instant, sleep_until};
use tokio_postgres::{Client, NoTls};

use crate::paced::CountingVendor;
use crate::server::{Launcher, RustServer, Server};

/// Servers of one measurement, their vendor and their database.
#[derive(Debug)]
pub struct Fleet {
    servers: Vec<Server>,
    vendor: CountingVendor,
    _engine: Engine,
    database: Client,
}

/// What one measurement counted.
#[derive(Debug, Clone, Copy)]
pub struct Count {
    /// Polls of the executor.
    pub polls: u64,
    /// Questions to the vendor.
    pub questions: u64,
    /// The database's own time, all sessions together.
    pub active: Duration,
    /// Rows written, changed or removed.
    pub rows: i64,
    /// Bytes of its log.
    pub log: i64,
    /// Bytes that the tables of letters and turns take at the end.
    pub size: i64,
}

/// Starts the servers with the connector `paced`.
struct Launch {
    server: RustServer,
}

impl Launcher for Launch {
    fn command(&self, vendor: SocketAddr) -> (Command, Option<SocketAddr>) {
        let (mut command, address) = self.server.command(vendor);
        command.env("CONNECTOR__PACED__VENDOR", vendor.to_string());
        (command, address)
    }
}

impl Fleet {
    /// So many servers with these values of the policy; none without PostgreSQL. Each knows of all.
    ///
    /// # Panics
    /// Something does not start.
    pub async fn start(binary: PathBuf, count: usize, policy: &[(&str, String)]) -> Option<Self> {
        let engine = Engine::own()?;
        let place = format!("127.0.0.1:{}/postgres", engine.port());
        let settings = [
            ("CONNECTOR_STATE", format!("postgres://postgres@{place}")),
            ("CONNECTOR_STATE_TIMEOUT_SECONDS", "5s".to_owned()),
            ("CONNECTOR_STATE_LEASE_SECONDS", "6s".to_owned()),
            ("PGPASSWORD", PASSWORD.to_owned()),
        ];
        let named = |(name, value): &(&str, String)| {
            (format!("CONNECTOR__PACED__POLICY__{name}"), value.clone())
        };
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).into_iter();
        let settings = settings.chain(policy.iter().map(named)).collect();
        let launch = Launch { server: RustServer { binary, settings } };
        let vendor = CountingVendor::open().await;
        let mut servers = Vec::new();
        for _ in 0..count {
            servers.push(Server::start(&launch, vendor.address()).await);
        }
        let access = format!("postgres://postgres:{PASSWORD}@{place}");
        let (database, connection) =
            tokio_postgres::connect(&access, NoTls).await.expect("a connection to PostgreSQL");
        tokio::spawn(connection);
        let fleet = Self { servers, vendor, _engine: engine, database };
        let all = i64::try_from(count).expect("a few");
        fleet
            .until(async || fleet.number("connector_state_replicas").await == vec![all; count])
            .await;
        Some(fleet)
    }

    /// That metric of every server; -1 where it is not told.
    async fn number(&self, metric: &str) -> Vec<i64> {
        let read = self.servers.iter().map(|server| server.metric(metric));
        join_all(read).await.into_iter().map(|number| number.unwrap_or(-1)).collect()
    }

    async fn until(&self, so: impl AsyncFn() -> bool) {
        let limit = Instant::now() + Duration::from_secs(60);
        while !so().await {
            assert!(Instant::now() < limit, "in vain");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until every server knows an answer for so many jobs.
    pub async fn knows(&self, jobs: i64) {
        let metric = "flyte_connector_remembered{task_type=\"paced\",what=\"answers\"}";
        self.until(async || self.number(metric).await.iter().all(|known| *known == jobs)).await;
    }

    /// Polls a job at the server whose turn it is.
    ///
    /// # Panics
    /// The poll fails.
    pub async fn poll(&self, job: usize, turn: usize) {
        let server = self.servers.get(turn % self.servers.len()).expect("a server");
        let request = pb::GetTaskRequest {
            resource_meta: format!("{{\"job_id\": \"p-{job}\"}}").into(),
            task_category: Some(pb::TaskCategory { name: "paced".to_owned(), version: 0 }),
            ..Default::default()
        };
        let mut client = AsyncConnectorServiceClient::new(server.channel.clone());
        client.get_task(request).await.expect("an answer");
    }

    /// How often the vendor was asked.
    #[must_use]
    pub fn questions(&self) -> u64 {
        self.vendor.questions()
    }

    /// Polls every job once in `every`, spread over that time, for a warm-up of so many rounds that does not count
    /// and then for as many that do.
    ///
    /// # Panics
    /// A poll fails.
    pub async fn measure(&self, jobs: usize, every: Duration, rounds: usize) -> Count {
        self.rounds(jobs, every, 0..rounds).await;
        let before = (self.questions(), self.figures().await);
        self.rounds(jobs, every, rounds..2 * rounds).await;
        // Statistics arrive when a session has been idle for a while.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let after = self.figures().await;
        let [active, rows, log, size] = [0, 1, 2, 3]
            .map(|at: usize| after.get(at).zip(before.1.get(at)).map_or(0, |(a, b)| a - b));
        Count {
            polls: (jobs * rounds) as u64,
            questions: self.questions() - before.0,
            active: Duration::from_micros(u64::try_from(active).unwrap_or_default()),
            rows,
            log,
            size: size + before.1.get(3).copied().unwrap_or_default(),
        }
    }

    async fn rounds(&self, jobs: usize, every: Duration, rounds: std::ops::Range<usize>) {
        let begun = Instant::now();
        for (number, round) in rounds.enumerate() {
            let start = begun + every * u32::try_from(number).expect("a few");
            let polls = (0..jobs).map(async |job| {
                sleep_until(start + every.mul_f64(job as f64 / jobs as f64)).await;
                self.poll(job, job + round).await;
            });
            join_all(polls).await;
        }
    }

    /// The database's own time in microseconds, rows written, bytes of its log, bytes of the tables.
    async fn figures(&self) -> Vec<i64> {
        let figures = "SELECT
            (SELECT CAST(active_time * 1000 AS BIGINT) FROM pg_stat_database WHERE datname = 'postgres'),
            (SELECT CAST(sum(n_tup_ins + n_tup_upd + n_tup_del) AS BIGINT) FROM pg_stat_user_tables),
            CAST(pg_current_wal_lsn() - '0/0'::pg_lsn AS BIGINT),
            pg_total_relation_size('connector_state_letter')
                + pg_total_relation_size('connector_state_turn')";
        let row = self.database.query_one(figures, &[]).await.expect("figures");
        (0..row.len()).map(|at| row.get::<_, Option<i64>>(at).unwrap_or_default()).collect()
    }

    /// Ends the servers.
    ///
    /// # Panics
    /// One does not end well.
    pub async fn end(self) {
        for server in self.servers {
            assert!(server.terminate().await.success(), "a server ended badly");
        }
    }
}
