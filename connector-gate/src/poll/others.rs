//! Rule: replicas that share a store ask an outside system together no more often than one would.
//! What one learns of a job that goes on it tells the others, many answers in a letter, and of jobs that are asked
//! about in batches only one replica asks at a time. `exchange` carries the letters; `pace` keeps what they say.
//!
//! A poll waits for no letter. Without others, and while the store is away, none of this happens.

use std::collections::{HashSet, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::letter::{JobName, Letter, News, name};
use crate::memory::{Key, Memory, Store};
use crate::state_store::{Sent, StateStore};

/// The largest answer that others are told; a larger one they ask for themselves.
const LARGEST: usize = 4 * 1024;
/// How much a letter holds, about.
const LETTER: usize = 64 * 1024;
/// The most that waits to be told; beyond, the oldest is not told.
const MOST_UNTOLD: usize = 10_000;
/// How many withdrawals are remembered, and for how long: until whoever waits has looked.
const MOST_WITHDRAWN: usize = 10_000;
const WITHDRAWN_FOR: Duration = Duration::from_secs(10);

/// The other replicas, as the polls of one connector know them.
#[derive(Debug)]
pub(super) struct Others {
    /// What the connector is called in letters.
    home: String,
    store: Arc<dyn StateStore>,
    untold: Mutex<VecDeque<Untold>>,
    /// Jobs of which another replica has learnt nothing, or nothing that is for others, and when.
    withdrawn: Memory<Instant>,
    /// Woken by every letter.
    arrived: Notify,
}

/// What is to be told of a job.
#[derive(Debug)]
struct Untold {
    job: JobName,
    until: Instant,
    answer: Option<Bytes>,
}

impl Others {
    pub(super) fn new(home: String, store: Arc<dyn StateStore>) -> Self {
        Self {
            home,
            store,
            untold: Mutex::default(),
            withdrawn: Memory::new(MOST_WITHDRAWN, WITHDRAWN_FOR),
            arrived: Notify::new(),
        }
    }

    fn untold(&self) -> MutexGuard<'_, VecDeque<Untold>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn home(&self) -> &str {
        &self.home
    }

    /// How many replicas there are, with this one.
    pub(super) fn replicas(&self) -> usize {
        self.store.replicas().max(1)
    }

    pub(super) fn name(&self, resource_meta: &[u8]) -> JobName {
        name(&self.home, resource_meta)
    }

    /// Notes an answer for the others, or that there is none, as one that is too large for a letter.
    /// The answer is one of `answer_bytes`.
    pub(super) fn tell(&self, job: JobName, answer: Option<&[u8]>, until: Instant) {
        if self.replicas() == 1 {
            return;
        }
        let answer = answer.filter(|it| it.len() <= LARGEST).map(Bytes::copy_from_slice);
        let until = match answer {
            Some(_) => until,
            None => until.max(Instant::now() + WITHDRAWN_FOR),
        };
        let mut untold = self.untold();
        untold.push_back(Untold { job, until, answer });
        while untold.len() > MOST_UNTOLD {
            untold.pop_front();
        }
    }

    /// A letter of what is to be told, if there is anything.
    pub(super) fn letter(&self) -> Option<Sent> {
        let now = Instant::now();
        let (mut size, mut of_use) = (0, Duration::ZERO);
        let mut letter = Letter { home: self.home.clone(), news: Vec::new() };
        let mut untold = self.untold();
        while size < LETTER
            && let Some(Untold { job, until, answer }) = untold.pop_front()
        {
            let left = until.saturating_duration_since(now);
            let good_for_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
            let news = News { job: Bytes::copy_from_slice(&job), good_for_ms, answer };
            size += news.encoded_len();
            of_use = of_use.max(left);
            letter.news.push(news);
        }
        drop(untold);
        (!letter.news.is_empty()).then(|| Sent { letter: letter.encode_to_vec().into(), of_use })
    }

    /// Another replica has no answer for others about that job.
    pub(super) fn withdraw(&self, job: JobName) {
        self.withdrawn.put(Key::of(job), Instant::now());
    }

    /// Whether another replica has said so since then.
    pub(super) fn has_withdrawn(&self, job: JobName, since: Instant) -> bool {
        self.withdrawn.get(&Key::of(job)).is_some_and(|at| at >= since)
    }

    /// The next letter.
    pub(super) fn arrives(&self) -> Notified<'_> {
        self.arrived.notified()
    }

    pub(super) fn arrived(&self) {
        self.arrived.notify_waiters();
    }

    /// Which of the jobs are this replica's to ask about, at most so many, those that are wanted first: the others
    /// are being asked about elsewhere, or have been less than `span` ago. None if nobody can say.
    pub(super) async fn turns(
        &self,
        wanted: &[JobName],
        along: &[JobName],
        most: usize,
        span: Duration,
    ) -> Option<HashSet<JobName>> {
        let [wanted_by_name, along_by_name] =
            [wanted, along].map(|jobs| jobs.iter().map(hex).collect::<Vec<String>>());
        let taken = self.store.take_turns(&wanted_by_name, &along_by_name, most, span).await?;
        let taken: HashSet<String> = taken.into_iter().collect();
        let jobs = wanted.iter().chain(along).zip(wanted_by_name.iter().chain(&along_by_name));
        Some(jobs.filter(|(_, name)| taken.contains(*name)).map(|(job, _)| *job).collect())
    }
}

fn hex(job: &JobName) -> String {
    job.iter().fold(String::with_capacity(2 * job.len()), |mut hex, byte| {
        // A string takes everything.
        write!(hex, "{byte:02x}").ok();
        hex
    })
}
