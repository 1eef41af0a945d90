//! One run: a vendor, an executor with many tasks at once, and servers that come and go.
//! Tests choose how servers are replaced; `outcome` judges what is left.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use connector_testing::FakeExecutor;
use fastrand::Rng;
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::watch;

use crate::lives::{Kill, Lives, Rhythm, between};
use crate::outcome::Outcome;
use crate::pace::Pace;
use crate::plan::{Kind, Plan};
use crate::replicas::Replicas;
use crate::server::{Launcher, Server, kill};
use crate::vendor::Vendor;

/// What a run is like.
#[derive(Debug, Clone, Copy)]
pub struct Storm {
    /// What everything follows from.
    pub seed: u64,
    /// How many tasks.
    pub jobs: u32,
    /// How many of them at the same time.
    pub at_once: usize,
    /// No task begins after that long.
    pub length: Duration,
    /// How servers end.
    pub ends: ServerEnds,
    /// How long a server is at work before the next one takes its place.
    pub life: (Duration, Duration),
    /// How long until the next worker of a server is killed; none is where this is `None`.
    pub kills_workers: Option<(Duration, Duration)>,
    /// How fast it goes.
    pub pace: Pace,
    /// What kind of vendor it is.
    pub kind: Kind,
}

/// How servers end, all but the last, which is always terminated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerEnds {
    /// One server serves everything.
    Never,
    /// By SIGTERM.
    Terminated,
    /// By SIGKILL.
    Killed,
}

impl Storm {
    /// A run with the seed, number of jobs and length of the environment (`CHAOS_SEED`, `CHAOS_JOBS`,
    /// `CHAOS_SECONDS`), or else seed 1, that many jobs and that length.
    #[must_use]
    pub fn from_environment(jobs: u32, length: Duration, ends: ServerEnds) -> Self {
        fn number<T: std::str::FromStr>(name: &str) -> Option<T> {
            let text = std::env::var(name).ok()?;
            Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")))
        }
        Self {
            seed: number("CHAOS_SEED").unwrap_or(1),
            jobs: number("CHAOS_JOBS").unwrap_or(jobs),
            at_once: number("CHAOS_AT_ONCE").unwrap_or(100),
            length: number("CHAOS_SECONDS").map_or(length, Duration::from_secs),
            ends,
            life: (Duration::from_millis(800), Duration::from_secs(3)),
            kills_workers: None,
            pace: Pace::FAST,
            kind: Kind::Mixed,
        }
    }

    /// The same with workers that are killed, too. Servers are left at work for longer, as theirs take
    /// seconds to start; fewer tasks run at the same time, as Python is not to be judged by its speed.
    #[must_use]
    pub fn with_kills_of_workers(self) -> Self {
        Self {
            at_once: self.at_once.min(20),
            life: (Duration::from_secs(6), Duration::from_secs(12)),
            kills_workers: Some((Duration::from_millis(800), Duration::from_millis(2_500))),
            ..self
        }
    }

    /// Runs it.
    ///
    /// # Panics
    /// A server does not start or does not end in time.
    pub async fn run(self, launcher: &dyn Launcher) -> Outcome {
        self.run_over(launcher, None).await
    }

    /// Runs it over several servers at a time, with a state that they share.
    ///
    /// # Panics
    /// As [`Storm::run`]; the state does not come to rest.
    pub async fn run_replicas(self, launcher: &dyn Launcher, replicas: &Replicas) -> Outcome {
        self.run_over(launcher, Some(replicas)).await
    }

    async fn run_over(self, launcher: &dyn Launcher, replicas: Option<&Replicas>) -> Outcome {
        let Self { seed, jobs, at_once, length, pace, kind, .. } = self;
        let started = Instant::now();
        let vendor = Vendor::open(seed, pace).await;
        let first = Server::start(launcher, vendor.address()).await;
        let executor =
            FakeExecutor::builder(first.channel.clone()).rules(pace.rules()).seed(seed).build();
        let (finished, over) = watch::channel(false);
        let (ending, ended) = watch::channel(0);
        let rules = Arc::new(executor.clone());
        let tasks = async {
            let plans = stream::iter(0..jobs)
                .take_while(|_| std::future::ready(started.elapsed() < length))
                .map(|number| Plan::of(seed, number, &pace, kind))
                .map(|plan| {
                    let executor = Arc::clone(&rules);
                    async move {
                        let running = tokio::spawn(async move {
                            let Plan { run, task, trouble, .. } = &plan;
                            executor.run_as(run, task, trouble).await;
                            plan
                        });
                        running.await.expect("the executor does not panic")
                    }
                });
            let counted =
                plans.buffer_unordered(at_once).inspect(|_| ending.send_modify(|it| *it += 1));
            let plans: Vec<Plan> = counted.collect().await;
            finished.send(true).expect("the servers wait for it");
            plans
        };
        let servers = async {
            match replicas {
                Some(replicas) => {
                    let rhythm = Rhythm { seed, length, life: self.life, at_once, ended };
                    replicas.serve(rhythm, launcher, vendor.address(), &executor, first, over).await
                }
                None => self.servers(launcher, vendor.address(), &executor, first, over).await,
            }
        };
        let (plans, lives) = tokio::join!(tasks, servers);
        let told = format!("CHAOS_SEED={seed}, servers {:?}, a vendor {kind:?}", self.ends);
        Outcome::new(told, plans, &executor, vendor.entries(), lives, started).await
    }

    /// Keeps a server at work until the tasks are over, then terminates the last one: what it still
    /// keeps then, nobody else will ever clean up.
    pub(crate) async fn servers(
        &self,
        launcher: &dyn Launcher,
        vendor: SocketAddr,
        executor: &FakeExecutor,
        first: Server,
        mut over: watch::Receiver<bool>,
    ) -> Lives {
        let mut luck = Rng::with_seed(self.seed ^ 0x05e4_4e45);
        let mut lives = Lives::default();
        let mut server = first;
        loop {
            let at_work = between(self.life, &mut luck);
            let until = async {
                tokio::select! {
                    _ = over.wait_for(|over| *over) => None,
                    () = tokio::time::sleep(at_work), if self.ends != ServerEnds::Never => {
                        Some(Server::start(launcher, vendor).await)
                    }
                }
            };
            let next = tokio::select! {
                next = until => next,
                never = self.kill_workers(&server, &mut luck, &mut lives.workers_killed) => never,
            };
            let Some(next) = next else { break };
            let old = std::mem::replace(&mut server, next);
            let id = old.id;
            match self.ends {
                ServerEnds::Killed => {
                    old.kill().await;
                    executor.switch(server.channel.clone());
                    lives.killed.push(Kill { process: id, at: Instant::now() });
                }
                // As a rollout does it: now and then somebody still calls the old one.
                ServerEnds::Terminated | ServerEnds::Never => {
                    let early = luck.bool();
                    if early {
                        executor.switch(server.channel.clone());
                    }
                    let lag = Duration::from_millis(luck.u64(0..15));
                    let (status, ()) = tokio::join!(old.terminate(), async {
                        tokio::time::sleep(lag).await;
                        executor.switch(server.channel.clone());
                    });
                    lives.terminated.push((id, status));
                }
            }
        }
        let id = server.id;
        lives.terminated.push((id, server.terminate().await));
        lives
    }

    /// Kills a server's workers, one after the other, for as long as it is polled.
    async fn kill_workers<N>(&self, server: &Server, luck: &mut Rng, kills: &mut Vec<Kill>) -> N {
        let Some(pause) = self.kills_workers else { return std::future::pending().await };
        loop {
            tokio::time::sleep(between(pause, luck)).await;
            let workers = server.workers();
            // While one is being started there may be none.
            if let Some(process) = luck.choice(workers)
                && kill(process).await
            {
                kills.push(Kill { process, at: Instant::now() });
            }
        }
    }
}
