//! The other processes over the same database: how many there are, what they tell each other of jobs, and who asks
//! about which. Only where several may be (PostgreSQL); while it is away, this process is alone but for its part
//! of an account's rate.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use connector_gate::state_store::{Received, Sent};

use super::Inner;
use crate::engine::{Fault, Row, Step, Value};

/// How many letters are received at once; the rest comes the next time.
const MOST_LETTERS: i64 = 100;
/// How much later than it was sent a letter may be there to be read, in milliseconds: longer than any transaction
/// takes.
const LATEST: i64 = 10_000;

/// What is known of the others.
#[derive(Debug)]
pub(super) struct Peers {
    /// How many processes there are, with this one.
    count: AtomicUsize,
    read: Mutex<Read>,
}

/// Which letters were read.
#[derive(Debug, Default)]
struct Read {
    /// When the last one was sent, in milliseconds of the database's clock.
    last: i64,
    /// Those that were sent a moment before, by number; and when.
    ids: HashMap<i64, i64>,
}

impl Default for Peers {
    fn default() -> Self {
        Self { count: AtomicUsize::new(1), read: Mutex::default() }
    }
}

impl Peers {
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    fn read(&self) -> std::sync::MutexGuard<'_, Read> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be read next: from when on, and which not, as a list with commas.
    fn unread(&self) -> (i64, String) {
        let read = self.read();
        let ids: Vec<String> = read.ids.keys().map(i64::to_string).collect();
        (read.last.saturating_sub(LATEST), ids.join(","))
    }

    /// Everything that is there is read again: the database may be another one, with another clock.
    fn begin_anew(&self) {
        *self.read() = Read::default();
    }

    fn received(&self, rows: Vec<Row>) -> Vec<Received> {
        let mut read = self.read();
        let received = rows.into_iter().filter_map(|mut row| {
            let (id, letter, sent_at): (i64, Bytes, i64) = (row.int()?, row.bytes()?, row.int()?);
            let age = u64::try_from(row.int()?).unwrap_or_default();
            read.last = read.last.max(sent_at);
            let is_new = read.ids.insert(id, sent_at).is_none();
            is_new.then(|| Received { letter, age: Duration::from_millis(age) })
        });
        let received = received.collect();
        let from = read.last.saturating_sub(LATEST);
        read.ids.retain(|_, sent_at| *sent_at >= from);
        received
    }
}

impl Inner {
    /// Says that this process is there, and hears how many are. Does not wait behind others.
    pub(super) async fn beat(&self) -> Result<(), Fault> {
        if !self.engine.is_shared() {
            return Ok(());
        }
        let answers = self.noted(self.engine.run_aside(self.beating()).await)?;
        self.heard_of(answers);
        Ok(())
    }

    /// The same for the first time, over the connection that there is by then.
    pub(super) async fn first_beat(&self) -> Result<(), Fault> {
        if !self.engine.is_shared() {
            return Ok(());
        }
        let answers = self.engine.run(self.beating()).await?;
        self.heard_of(answers);
        Ok(())
    }

    fn beating(&self) -> Vec<Step> {
        let of = &self.statements().peers;
        let values = vec![self.owner.as_str().into(), self.settings.lease.into()];
        vec![
            Step { statement: &of.beat, values },
            Step { statement: &of.count, values: Vec::new() },
        ]
    }

    fn heard_of(&self, answers: Vec<Vec<Row>>) {
        let count = answers.into_iter().nth(1).and_then(|rows| rows.into_iter().next()?.int());
        let count = count.and_then(|count| usize::try_from(count).ok()).unwrap_or(1);
        self.peers.count.store(count.max(1), Ordering::Relaxed);
    }

    /// Removes what is over.
    pub(super) async fn clean_peers(&self) {
        if !self.engine.is_shared() {
            return;
        }
        let steps = self.statements().peers.clean_up.iter();
        let steps = steps.map(|statement| Step { statement, values: Vec::new() }).collect();
        // What is not cleaned now is cleaned the next time.
        self.run(steps).await.ok();
    }

    /// See [`StateStore::exchange`](connector_gate::state_store::StateStore::exchange).
    pub(super) async fn exchange_letters(&self, letters: Vec<Sent>) -> Vec<Received> {
        if !self.engine.is_shared() || !self.presence.is_up() {
            return Vec::new();
        }
        let of = &self.statements().peers;
        let owner = || Value::from(self.owner.as_str());
        let mut steps: Vec<Step> = letters
            .iter()
            .map(|Sent { letter, of_use }| {
                let id = fastrand::i64(..);
                let values = vec![id.into(), owner(), letter.into(), (*of_use).into()];
                Step { statement: &of.send, values }
            })
            .collect();
        let (from, not) = self.peers.unread();
        let values = vec![owner(), from.into(), not.as_str().into(), MOST_LETTERS.into()];
        steps.push(Step { statement: &of.receive, values });
        match self.run(steps).await {
            Ok(answers) => self.peers.received(answers.into_iter().next_back().unwrap_or_default()),
            Err(_) => {
                self.peers.begin_anew();
                Vec::new()
            }
        }
    }

    /// See [`StateStore::take_turns`](connector_gate::state_store::StateStore::take_turns).
    pub(super) async fn turns_of(
        &self,
        wanted: &[String],
        along: &[String],
        most: usize,
        span: Duration,
    ) -> Option<Vec<String>> {
        if self.peers.count() < 2 || !self.presence.is_up() {
            return None;
        }
        let values = vec![
            [wanted, along].concat().join(",").as_str().into(),
            self.owner.as_str().into(),
            i64::try_from(most).unwrap_or(i64::MAX).into(),
            span.into(),
            i64::try_from(wanted.len()).unwrap_or(i64::MAX).into(),
        ];
        let step = Step { statement: &self.statements().peers.take_turns, values };
        let rows = self.run(vec![step]).await.ok()?.pop()?;
        Some(rows.into_iter().filter_map(|mut row| row.text()).collect())
    }
}
