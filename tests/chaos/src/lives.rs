//! The processes that served a run, and how each of them ended.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use fastrand::Rng;

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
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rhythm {
    pub(crate) seed: u64,
    pub(crate) length: Duration,
    pub(crate) life: (Duration, Duration),
}

pub(crate) fn between((least, most): (Duration, Duration), luck: &mut Rng) -> Duration {
    least + most.saturating_sub(least).mul_f64(luck.f64())
}
