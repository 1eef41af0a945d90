//! The processes that served a run, and how each of them ended.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::sync::watch;

/// The servers that served a run, by process id.
#[derive(Debug, Default)]
pub struct Lives {
    /// Those that were asked to end, and how they did.
    pub terminated: Vec<(u32, ExitStatus)>,
    /// Those that were killed.
    pub killed: Vec<Kill>,
    /// Workers of servers that were killed while the server went on.
    pub workers_killed: Vec<Kill>,
    /// When the database that servers share was away.
    pub outages: Vec<Outage>,
}

impl Lives {
    /// Whether the database was away then.
    #[must_use]
    pub fn was_away(&self, then: Instant) -> bool {
        self.outages.iter().any(|outage| (outage.from..=outage.until).contains(&then))
    }
}

/// A time in which the database was away, and until when servers may not have noticed that it is back.
#[derive(Debug, Clone, Copy)]
pub struct Outage {
    /// Its beginning.
    pub from: Instant,
    /// Its end.
    pub until: Instant,
}

/// A process that was killed.
#[derive(Debug, Clone, Copy)]
pub struct Kill {
    /// Which one.
    pub process: u32,
    /// When.
    pub at: Instant,
}

/// When servers are replaced.
#[derive(Debug, Clone)]
pub(crate) struct Rhythm {
    pub(crate) seed: u64,
    pub(crate) length: Duration,
    pub(crate) life: (Duration, Duration),
    /// How many tasks run at the same time, and how many have ended.
    pub(crate) at_once: usize,
    pub(crate) ended: watch::Receiver<usize>,
}

impl Rhythm {
    /// Until the next server goes. Half of the tasks must have made room for others meanwhile: on a busy machine
    /// tasks take long, and the executor would see more kills in the life of one than it forgives failing polls.
    pub(crate) async fn beat(&mut self, luck: &mut Rng) {
        let enough = *self.ended.borrow() + self.at_once / 2;
        tokio::time::sleep(between(self.life, luck)).await;
        // Nobody counts any more once all have ended.
        self.ended.wait_for(|ended| *ended >= enough).await.ok();
    }
}

pub(crate) fn between((least, most): (Duration, Duration), luck: &mut Rng) -> Duration {
    least + most.saturating_sub(least).mul_f64(luck.f64())
}
