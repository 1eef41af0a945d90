//! A store in memory that several gates of one test share as if each were a process: one may die, and one may
//! be cut off. It keeps the promises of `StateStore` on the test's paused clock, and everything it was handed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use super::post::Post;
use super::row::Row;
pub(super) use super::row::Status;
use crate::state_store::{
    Attempt, Cancellation, Claim, Due, Keep, Received, Sent, StateStore, Ticket, Written,
};

/// How long a lease of a dead process stands.
pub(super) const LEASE: Duration = Duration::from_secs(10);

/// What all processes share.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Mutex<BTreeMap<String, Row>>,
    died: Mutex<BTreeMap<usize, Instant>>,
    handed: Mutex<Vec<u8>>,
    calls: Mutex<usize>,
    post: Post,
}

/// The store, as one process has it.
#[derive(Debug)]
pub(super) struct Process {
    table: Arc<Table>,
    id: usize,
    dead: AtomicBool,
    asked: Mutex<Vec<Ticket>>,
    pub(super) away: AtomicBool,
}

impl Table {
    pub(super) fn process(self: &Arc<Self>, id: usize) -> Arc<Process> {
        self.post.opens(id);
        let (dead, away) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Process { table: Arc::clone(self), id, dead, away, asked: Mutex::default() })
    }

    /// The states of all rows but those that are gone.
    pub(super) fn states(&self) -> Vec<Status> {
        let rows = self.rows.lock().unwrap();
        rows.values().map(|row| row.status).filter(|status| *status != Status::Gone).collect()
    }

    /// How often rows were tried, all together.
    pub(super) fn tries(&self) -> u32 {
        self.rows.lock().unwrap().values().map(|row| row.tries).sum()
    }

    /// Every text and byte that the store was ever handed.
    pub(super) fn handed(&self) -> Vec<u8> {
        self.handed.lock().unwrap().clone()
    }

    /// How often the store was called.
    pub(super) fn calls(&self) -> usize {
        *self.calls.lock().unwrap()
    }

    fn is_leased(&self, row: &Row) -> bool {
        row.owner.is_some_and(|owner| {
            let died = self.died.lock().unwrap().get(&owner).copied();
            died.is_none_or(|died| Instant::now() < died + LEASE)
        })
    }

    fn note(&self, handed: &[&[u8]]) {
        *self.calls.lock().unwrap() += 1;
        self.handed.lock().unwrap().extend(handed.concat());
    }
}

impl Process {
    /// Nothing it says counts any more, and nothing comes back.
    pub(super) fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
        self.table.died.lock().unwrap().insert(self.id, Instant::now());
    }

    /// Its leases run out as if it were dead; it lives, and is heard again later.
    pub(super) fn unheard(&self) {
        self.table.died.lock().unwrap().insert(self.id, Instant::now());
    }

    pub(super) fn heard(&self) {
        self.table.died.lock().unwrap().remove(&self.id);
    }

    async fn rows(&self) -> MutexGuard<'_, BTreeMap<String, Row>> {
        if self.dead.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.table.rows.lock().unwrap()
    }

    /// Changes a row, if its ticket still counts.
    async fn with<T>(&self, ticket: &Ticket, change: impl FnOnce(&mut Row) -> T) -> Option<T> {
        let mut rows = self.rows().await;
        self.table.note(&[]);
        rows.get_mut(&ticket.key).filter(|row| row.fence == ticket.fence).map(change)
    }

    fn won(&self, row: &mut Row, taken_over: bool) -> Claim {
        row.fence += 1;
        row.owner = Some(self.id);
        row.status = Status::Claimed;
        (row.meta, row.ask) = (None, None);
        let ticket = Ticket { key: row.attempt.key.clone(), fence: row.fence };
        Claim::Won { ticket, taken_over }
    }

    fn claimed(&self, row: &mut Row) -> Claim {
        let (leased, now) = (self.table.is_leased(row), Instant::now());
        match (row.status, row.meta.clone()) {
            (Status::Claimed, _) if leased => Claim::Held,
            (Status::Claimed, _) | (Status::GivenUp, None) => self.won(row, true),
            (Status::Answered, Some(meta)) if row.expires.is_none_or(|end| now < end) => {
                Claim::Answered(meta)
            }
            (Status::ToCancel, Some(meta)) if now < row.due && !row.superseded => {
                row.fence += 1;
                row.owner = Some(self.id);
                let ticket = Ticket { key: row.attempt.key.clone(), fence: row.fence };
                Claim::Left { ticket, meta }
            }
            (Status::ToCancel, _) => Claim::Leaving,
            _ => self.won(row, false),
        }
    }
}

#[async_trait]
impl StateStore for Process {
    async fn claim(&self, attempt: &Attempt) -> Claim {
        if self.away.load(Ordering::SeqCst) {
            return Claim::Alone;
        }
        let mut rows = self.rows().await;
        let Attempt { key, task, number, task_type, run, request, .. } = attempt;
        let texts = [Some(key), task.as_ref(), Some(task_type), Some(run)];
        let texts = texts.into_iter().flatten().map(String::as_bytes);
        self.table.note(&texts.chain(request.as_deref()).collect::<Vec<_>>());
        let of_task = |row: &Row| task.is_some() && row.attempt.task == *task;
        let is_over = rows.values().any(|row| of_task(row) && row.attempt.number > *number);
        for before in rows.values_mut() {
            if of_task(before) && before.attempt.number < *number && !before.superseded {
                before.superseded = true;
                if before.status == Status::Answered {
                    before.status = Status::ToCancel;
                    (before.owner, before.due) = (None, Instant::now());
                }
            }
        }
        let row = rows.entry(key.clone()).or_insert_with(|| Row {
            attempt: attempt.clone(),
            status: Status::Gone,
            meta: None,
            fence: 0,
            owner: None,
            due: Instant::now(),
            expires: None,
            superseded: is_over,
            tries: 0,
            ask: None,
        });
        self.claimed(row)
    }

    async fn created(&self, ticket: &Ticket, meta: &Bytes, keep: Keep) -> Written {
        let id = self.id;
        self.table.note(&[meta.as_ref()]);
        let written = self.with(ticket, |row| {
            row.meta = Some(meta.clone());
            if row.superseded {
                (row.status, row.owner, row.due) = (Status::ToCancel, Some(id), Instant::now());
                return Written::Superseded;
            }
            (row.status, row.owner) = (Status::Answered, None);
            row.ask(keep.asked_within);
            row.expires = keep.asked_within.is_none().then(|| Instant::now() + keep.for_repeats);
            Written::Kept
        });
        written.await.unwrap_or(Written::Lost)
    }

    async fn untaken(
        &self,
        ticket: &Ticket,
        job: &Cancellation,
        keep: Keep,
        after: Duration,
    ) -> Written {
        let written = self.created(ticket, &job.meta, keep).await;
        if written == Written::Kept {
            let id = self.id;
            self.with(ticket, |row| {
                (row.status, row.owner, row.due) =
                    (Status::ToCancel, Some(id), Instant::now() + after);
            })
            .await;
        }
        written
    }

    fn asked(&self, ticket: &Ticket) {
        self.asked.lock().unwrap().push(ticket.clone());
    }

    async fn unasked(&self) -> Vec<Due> {
        if self.away.load(Ordering::SeqCst) {
            return Vec::new();
        }
        let mut rows = self.rows().await;
        let now = Instant::now();
        for ticket in self.asked.lock().unwrap().drain(..) {
            let row = rows.get_mut(&ticket.key).filter(|row| row.fence == ticket.fence);
            if let Some(row) = row.filter(|row| row.is_unasked()) {
                (row.status, row.ask) = (Status::Answered, None);
            }
        }
        for row in rows.values_mut().filter(|row| row.status == Status::Answered) {
            if let Some(ask) = row.ask.filter(|_| row.due <= now) {
                (row.status, row.owner, row.due) = (Status::ToCancel, None, now + ask / 2);
            }
        }
        rows.values().filter(|row| row.is_unasked()).map(Row::taken).collect()
    }

    async fn failed(&self, ticket: &Ticket) {
        self.with(ticket, |row| row.status = Status::Gone).await;
    }

    async fn unsure(&self, ticket: &Ticket) {
        self.with(ticket, |row| row.owner = None).await;
    }

    async fn to_cancel(&self, job: &Cancellation, after: Duration) -> Ticket {
        let mut rows = self.rows().await;
        self.table.note(&[job.meta.as_ref(), job.run.as_bytes()]);
        let ticket = job.ticket.clone().unwrap_or_else(|| {
            let key = format!("job {:?}", job.meta);
            Ticket { key, fence: 1 }
        });
        let row = rows.entry(ticket.key.clone()).or_insert_with(|| Row {
            attempt: Attempt {
                key: ticket.key.clone(),
                task: None,
                number: 0,
                task_type: job.task_type.clone(),
                version: job.version,
                run: job.run.clone(),
                request: None,
            },
            status: Status::ToCancel,
            meta: None,
            fence: ticket.fence,
            owner: None,
            due: Instant::now(),
            expires: None,
            superseded: false,
            tries: 0,
            ask: None,
        });
        if row.fence == ticket.fence {
            (row.status, row.owner) = (Status::ToCancel, Some(self.id));
            row.meta = Some(job.meta.clone());
            row.due = Instant::now() + after;
        }
        ticket
    }

    async fn cancelling(&self, ticket: &Ticket) -> bool {
        let still = self.with(ticket, |row| {
            row.due = Instant::now();
            row.status == Status::ToCancel
        });
        still.await.unwrap_or(false)
    }

    async fn wanted(&self, ticket: &Ticket) -> bool {
        let wanted = self.with(ticket, |row| {
            let in_time = row.status == Status::ToCancel && !row.superseded;
            if in_time {
                (row.status, row.owner) = (Status::Answered, None);
                row.ask(row.ask);
            }
            in_time
        });
        wanted.await.unwrap_or(false)
    }

    async fn cancelled(&self, ticket: &Ticket) {
        self.with(ticket, |row| row.status = Status::Gone).await;
    }

    async fn put_off(&self, ticket: &Ticket, wait: Duration, problem: &str) {
        self.table.note(&[problem.as_bytes()]);
        self.with(ticket, |row| {
            row.tries += 1;
            (row.owner, row.due) = (None, Instant::now() + wait);
        })
        .await;
    }

    async fn set_aside(&self, ticket: &Ticket, wait: Duration, _problem: Option<&str>) {
        self.with(ticket, |row| (row.owner, row.due) = (None, Instant::now() + wait)).await;
    }

    async fn given_up(&self, ticket: &Ticket, problem: &str) {
        self.table.note(&[problem.as_bytes()]);
        self.with(ticket, |row| row.status = Status::GivenUp).await;
    }

    async fn due(&self, most: usize, but: &[(String, i32)]) -> Vec<Due> {
        if self.away.load(Ordering::SeqCst) {
            return Vec::new();
        }
        let mut rows = self.rows().await;
        let now = Instant::now();
        let due = rows.values_mut().filter(|row| {
            matches!(row.status, Status::Claimed | Status::ToCancel)
                && row.due <= now
                && !but.contains(&(row.attempt.task_type.clone(), row.attempt.version))
                && !self.table.is_leased(row)
        });
        let taken = due.take(most).map(|row| {
            row.fence += 1;
            row.owner = Some(self.id);
            row.taken()
        });
        taken.collect()
    }

    fn replicas(&self) -> usize {
        self.table.post.replicas(|id| {
            let died = self.table.died.lock().unwrap().get(&id).copied();
            died.is_none_or(|died| Instant::now() < died + LEASE)
        })
    }

    async fn exchange(&self, letters: Vec<Sent>) -> Vec<Received> {
        letters.iter().for_each(|sent| self.table.note(&[sent.letter.as_ref()]));
        if self.away.load(Ordering::SeqCst) || self.dead.load(Ordering::SeqCst) {
            return Vec::new();
        }
        self.table.post.exchange(self.id, letters)
    }

    async fn take_turns(
        &self,
        wanted: &[String],
        along: &[String],
        most: usize,
        span: Duration,
    ) -> Option<Vec<String>> {
        self.table.note(&[]);
        let there = !self.away.load(Ordering::SeqCst) && !self.dead.load(Ordering::SeqCst);
        there.then(|| self.table.post.take_turns(self.id, [wanted, along], most, span))
    }

    async fn let_go(&self) {
        let mut rows = self.rows().await;
        for row in rows.values_mut().filter(|row| row.owner == Some(self.id)) {
            row.owner = None;
        }
    }
}
