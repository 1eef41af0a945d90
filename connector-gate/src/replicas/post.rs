//! The letters and turns of the store in memory: what its processes tell each other of jobs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::state_store::{Received, Sent};

/// A letter on its way, and who has it already.
#[derive(Debug)]
struct Letter {
    sent: Sent,
    at: Instant,
    known_to: BTreeSet<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Post {
    processes: Mutex<BTreeSet<usize>>,
    letters: Mutex<Vec<Letter>>,
    turns: Mutex<BTreeMap<String, (usize, Instant)>>,
}

impl Post {
    pub(super) fn opens(&self, process: usize) {
        self.processes.lock().unwrap().insert(process);
    }

    pub(super) fn replicas(&self, lives: impl Fn(usize) -> bool) -> usize {
        self.processes.lock().unwrap().iter().filter(|process| lives(**process)).count()
    }

    pub(super) fn exchange(&self, process: usize, sent: Vec<Sent>) -> Vec<Received> {
        let mut letters = self.letters.lock().unwrap();
        let at = Instant::now();
        letters.retain(|letter| letter.at + letter.sent.of_use > at);
        letters.extend(sent.into_iter().map(|sent| Letter {
            sent,
            at,
            known_to: [process].into(),
        }));
        let received = letters.iter_mut().filter_map(|letter| {
            let is_new = letter.known_to.insert(process);
            is_new
                .then(|| Received { letter: letter.sent.letter.clone(), age: letter.at.elapsed() })
        });
        received.collect()
    }

    pub(super) fn take_turns(
        &self,
        process: usize,
        [wanted, along]: [&[String]; 2],
        most: usize,
        span: Duration,
    ) -> Vec<String> {
        let mut turns = self.turns.lock().unwrap();
        let now = Instant::now();
        let is_free = |job: &&String| {
            turns.get(*job).is_none_or(|(by, until)| *by == process || *until <= now)
        };
        if !wanted.iter().any(|job| is_free(&job)) {
            return Vec::new();
        }
        let jobs = wanted.iter().chain(along);
        let free: Vec<String> = jobs.filter(is_free).take(most).cloned().collect();
        turns.extend(free.iter().map(|job| (job.clone(), (process, now + span))));
        free
    }
}
