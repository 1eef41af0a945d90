//! Several servers at a time over one state: killed one by one, and the database restarted once.
//! `storm` runs it in the place of its single server. What the executor calls is spread over those that are
//! there, as a balancer does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use connector_state::{Address, Listing, Settings};
use connector_testing::FakeExecutor;
use fastrand::Rng;
use postgres_tests::{Engine, PASSWORD};
use tokio::sync::watch;

use crate::lives::{Kill, Lives, Outage, Rhythm};
use crate::server::{Launcher, Server};

/// How long a replica that died keeps what it held from the others. Shorter than in life, as everything is.
const LEASE: Duration = Duration::from_secs(2);
/// How long a job may go without a question, in many polls.
const UNASKED: Duration = Duration::from_secs(8);
/// How long the state may take to come to rest once nobody calls any more.
const REST: Duration = Duration::from_secs(120);

/// Servers that share a state.
#[derive(Debug)]
pub struct Replicas {
    /// How many there are.
    count: usize,
    /// What `--state` says.
    url: String,
    address: Address,
    /// Restarted once, where it is one.
    engine: Option<Arc<Engine>>,
}

/// Waits until a server has noticed that the database is back, however busy the machine is.
async fn back(server: &Server) {
    let until = Instant::now() + REST;
    while server.metric("connector_state_up").await != Some(1) {
        assert!(Instant::now() < until, "server {} does not find its database", server.id);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Replicas {
    /// That many over a PostgreSQL.
    ///
    /// # Panics
    /// The PostgreSQL's address cannot be read.
    #[must_use]
    pub fn on_postgres(count: usize, engine: Arc<Engine>) -> Self {
        let url = format!("postgres://postgres@127.0.0.1:{}/postgres", engine.port());
        let password = |name: &str| (name == "PGPASSWORD").then(|| PASSWORD.to_owned());
        let address = Address::parse(&url, password).expect("an address");
        Self { count, url, address, engine: Some(engine) }
    }

    /// One over a file.
    #[must_use]
    pub fn on_sqlite(file: &std::path::Path) -> Self {
        let url = format!("sqlite:{}", file.display());
        Self { count: 1, url, address: Address::Sqlite(file.to_owned()), engine: None }
    }

    /// What a server's variables say of it.
    #[must_use]
    pub fn settings(&self) -> Vec<(String, String)> {
        [
            ("CONNECTOR_STATE", self.url.clone()),
            ("CONNECTOR_STATE_LEASE_SECONDS", format!("{}ms", LEASE.as_millis())),
            // A restart is waited for, and a busy machine is not to be judged.
            ("CONNECTOR_STATE_TIMEOUT_SECONDS", "5s".to_owned()),
            ("CONNECTOR_POLICY__UNASKED_LIMIT", format!("{}ms", UNASKED.as_millis())),
            ("PGPASSWORD", PASSWORD.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Keeps the servers at work until the tasks are over and the state is at rest.
    pub(crate) async fn serve(
        &self,
        mut rhythm: Rhythm,
        launcher: &dyn Launcher,
        vendor: SocketAddr,
        executor: &FakeExecutor,
        first: Server,
        mut over: watch::Receiver<bool>,
    ) -> Lives {
        let mut luck = Rng::with_seed(rhythm.seed ^ 0x4e9_11ca5);
        let mut lives = Lives::default();
        let mut servers = vec![first];
        while servers.len() < self.count {
            servers.push(Server::start(launcher, vendor).await);
        }
        let spread = |servers: &[Server]| {
            executor.spread(servers.iter().map(|server| server.channel.clone()));
        };
        spread(&servers);
        let mut restart =
            self.engine.clone().map(|engine| (engine, Instant::now() + rhythm.length / 3));
        loop {
            tokio::select! {
                _ = over.wait_for(|over| *over) => break,
                () = rhythm.beat(&mut luck) => {}
            }
            if let Some((engine, _)) = restart.take_if(|(_, at)| *at <= Instant::now()) {
                let from = Instant::now();
                // Each waits for another process.
                tokio::task::spawn_blocking(move || {
                    engine.crash();
                    engine.start_again();
                })
                .await
                .expect("a restart");
                for server in &servers {
                    back(server).await;
                }
                lives.outages.push(Outage { from, until: Instant::now() });
                continue;
            }
            // Where it is the only one, its successor is there before it goes, as in a rollout.
            let successor = match self.count {
                1 => Some(Server::start(launcher, vendor).await),
                _ => None,
            };
            let victim = servers.swap_remove(luck.usize(0..servers.len()));
            servers.extend(successor);
            let process = victim.id;
            // As a balancer on the client's side: what is under way there fails, and nothing more goes there.
            let gone = victim.kill();
            spread(&servers);
            gone.await;
            lives.killed.push(Kill { process, at: Instant::now() });
            while servers.len() < self.count {
                servers.push(Server::start(launcher, vendor).await);
            }
            spread(&servers);
        }
        self.rest().await;
        for server in servers {
            let id = server.id;
            lives.terminated.push((id, server.terminate().await));
        }
        lives
    }

    /// Waits until nothing is under way or to be cancelled any more, nor a job that nobody has asked about.
    async fn rest(&self) {
        let listing = Listing::open(Settings::new(self.address.clone()), REST).expect("a listing");
        let until = Instant::now() + REST;
        loop {
            let entries = listing.entries().await.expect("the state");
            let waiting: Vec<_> = entries.iter().filter(|entry| entry.due.is_some()).collect();
            if waiting.is_empty() {
                return;
            }
            assert!(Instant::now() < until, "the state does not come to rest: {waiting:#?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
