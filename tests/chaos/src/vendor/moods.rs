//! What goes wrong at the vendor, call by call, decided by the seed, the subject and how often it was
//! called: so a seed gives a job the same luck whatever else happens at the same time.
//! No job is made here.

use std::time::Duration;

use fastrand::Rng;

use super::ledger::Ledger;
use crate::message::{Call, JobSpec};
use crate::pace::Pace;

/// How one call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// As it should.
    Good,
    /// An error that will pass; nothing has happened.
    Unavailable,
    /// The connector panics; nothing has happened.
    Panic,
    /// Late: first the wait, then the deed.
    SlowBefore(Duration),
    /// Late: first the deed, then the wait.
    SlowAfter(Duration),
    /// The deed is done, and the answer gets lost.
    Lost,
}

#[derive(Debug)]
pub(super) struct Moods {
    seed: u64,
    pace: Pace,
}

impl Moods {
    pub(super) const fn new(seed: u64, pace: Pace) -> Self {
        Self { seed, pace }
    }

    pub(super) fn of(&self, call: &Call, ledger: &mut Ledger) -> Mood {
        match call {
            Call::Create { key, job, .. } => self.of_create(key, job, ledger),
            Call::Find { key } => {
                let earlier = ledger.called("find", key).earlier;
                match self.luck("find", key, earlier).u32(0..100) {
                    0..20 if earlier % 3 != 2 => Mood::Unavailable,
                    _ => Mood::Good,
                }
            }
            Call::Status { id } => self.of_status(id, ledger),
            Call::Cancel { id } => {
                let earlier = ledger.called("cancel", id).earlier;
                let mut luck = self.luck("cancel", id, earlier);
                match luck.u32(0..100) {
                    // Every third call works, or a job could never be cancelled.
                    _ if earlier % 3 == 2 => Mood::Good,
                    0..20 => Mood::Unavailable,
                    20..25 => Mood::SlowAfter(self.slow(&mut luck)),
                    _ => Mood::Good,
                }
            }
        }
    }

    fn of_create(&self, key: &str, job: &JobSpec, ledger: &mut Ledger) -> Mood {
        let earlier = ledger.called("create", key).earlier;
        if job.slow && earlier == 0 {
            return Mood::SlowAfter(self.pace.deadline / 2);
        }
        let mut luck = self.luck("create", key, earlier);
        match luck.u32(0..100) {
            // The connector's tries are enough, or a job would be forgotten by its own connector.
            _ if earlier % 3 == 2 => Mood::Good,
            // Only as long as nothing can have been made: nobody could clean up after that.
            0..4 if earlier == 0 => Mood::Panic,
            4..20 => Mood::Unavailable,
            20..30 => Mood::SlowAfter(self.slow(&mut luck)),
            30..34 => Mood::SlowBefore(self.slow(&mut luck)),
            // Without a key the connector's next try would make a second job.
            34..44 if job.keyed => Mood::Lost,
            _ => Mood::Good,
        }
    }

    fn of_status(&self, id: &str, ledger: &mut Ledger) -> Mood {
        let calls = ledger.called("status", id);
        // One job in four meets an outage that outlasts six polls.
        let mut fate = self.luck("outage", id, 0);
        if fate.u32(0..4) == 0 {
            let start = self.pace.poll * fate.u32(0..4);
            let end = start + self.pace.poll * fate.u32(7..10);
            if (start..end).contains(&calls.first.elapsed()) {
                return Mood::Unavailable;
            }
        }
        let mut luck = self.luck("status", id, calls.earlier);
        match luck.u32(0..100) {
            0..10 => Mood::Unavailable,
            10..12 => Mood::SlowAfter(self.pace.poll_deadline.mul_f64(1.1 + luck.f64())),
            15..18 => Mood::Panic,
            18..20 => Mood::Lost,
            _ => Mood::Good,
        }
    }

    /// Longer than the executor waits.
    fn slow(&self, luck: &mut Rng) -> Duration {
        self.pace.deadline.mul_f64(1.1 + luck.f64())
    }

    fn luck(&self, operation: &str, subject: &str, number: u32) -> Rng {
        let text = operation.bytes().chain([0]).chain(subject.bytes());
        let mixed = text.fold(self.seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut luck = Rng::with_seed(mixed.wrapping_add(u64::from(number) << 32));
        // Neighbouring seeds begin alike.
        luck.u64(..);
        luck
    }
}
