//! The store that the gate speaks to: rows of a database while it is there, this process's word while it is not.
//! What is told is a `Told` (`told`); what could not be written waits in the `backlog`; `presence` knows
//! whether the database is there, `peers` who else uses it; `upkeep` renews, looks again, writes what waits (`late`), cleans up.

mod asked;
mod backlog;
mod claims;
mod known;
mod late;
mod open;
mod peers;
mod presence;
#[cfg(feature = "sqlite")]
#[cfg(test)]
mod tests;
mod told;
mod upkeep;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connector_gate::state_store::{
    Attempt, Cancellation, Claim, Due, Keep, Received, Sent, StateStore, Ticket, Written,
};
use tokio::sync::oneshot;

use crate::engine::{Engine, Fault, Row, Step, Value};
use crate::settings::Settings;
use crate::statements::Statements;
use asked::Asked;
use backlog::Backlog;
use known::Known;
use peers::Peers;
use presence::Presence;
pub use presence::Readings;
use told::{Heard, Told};

/// Attempts and jobs in a database.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// What this process holds of a row.
struct Held {
    fence: i64,
    /// The attempt, while its job is being created.
    attempt: Option<Arc<Attempt>>,
}

/// What the store's tasks share.
struct Inner {
    engine: Engine,
    settings: Settings,
    /// Who this process is, for people and for leases.
    owner: String,
    presence: Presence,
    backlog: Backlog,
    /// The claims and jobs of this process, by key: what is renewed.
    held: Mutex<HashMap<String, Held>>,
    /// Jobs that somebody has asked about, until that is written.
    asked: Asked,
    /// The other processes over the same database.
    peers: Peers,
    /// Held by whoever tells the database what it missed.
    flushing: tokio::sync::Mutex<()>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("address", &self.inner.settings.address)
            .field("owner", &self.inner.owner)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Who this process is in the database: the row's `owner`.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.inner.owner
    }

    /// How the store is, for metrics.
    #[must_use]
    pub fn readings(&self) -> Readings {
        let Inner { presence, backlog, peers, .. } = &*self.inner;
        presence.readings(backlog.len(), backlog.lost(), peers.count())
    }

    /// Tells the database something, or keeps it. Goes on if nobody waits for it any more.
    async fn tell(&self, told: Told) -> Heard {
        let inner = Arc::clone(&self.inner);
        let (reply, heard) = oneshot::channel();
        tokio::spawn(async move { reply.send(inner.tell(told).await).ok() });
        heard.await.unwrap_or(Heard::Later)
    }
}

impl Inner {
    fn statements(&self) -> &'static Statements {
        self.engine.statements()
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, ticket: &Ticket, attempt: Option<&Attempt>) {
        let attempt = attempt.map(|it| Arc::new(Attempt { request: None, ..it.clone() }));
        self.held().insert(ticket.key.clone(), Held { fence: ticket.fence, attempt });
    }

    /// What a claimed attempt was answered.
    fn answer(&self, ticket: &Ticket, meta: &Bytes, keep: Keep, untaken: Option<Duration>) -> Told {
        let attempt = self.held().get(&ticket.key).and_then(|held| held.attempt.clone());
        let (ticket, meta) = (ticket.clone(), meta.clone());
        Told::Created { ticket, meta, keep, untaken, attempt }
    }

    /// Stops renewing a row, unless it was taken anew meanwhile.
    fn drop_hold(&self, ticket: &Ticket) {
        let mut held = self.held();
        if held.get(&ticket.key).is_some_and(|held| held.fence == ticket.fence) {
            held.remove(&ticket.key);
        }
    }

    /// Runs statements while the database is there, and notes when it is not.
    async fn run(&self, steps: Vec<Step>) -> Result<Vec<Vec<Row>>, Fault> {
        self.noted(self.engine.run(steps).await)
    }

    /// Notes when the database is not there.
    fn noted<T>(&self, ran: Result<T, Fault>) -> Result<T, Fault> {
        match &ran {
            Ok(_) => {}
            Err(Fault::Refused(why)) => {
                tracing::error!("{} refused a statement: {why}", self.settings.address);
            }
            Err(fault) => self.presence.gone(&self.settings.address, fault),
        }
        ran
    }

    /// Tells the database something now, or later if it is away.
    async fn tell(&self, mut told: Told) -> Heard {
        loop {
            if self.presence.is_up() {
                match self.run(told.steps(self)).await {
                    Ok(answers) => {
                        let rows = answers.into_iter().next().unwrap_or_default();
                        return self.heard(&told, rows).await;
                    }
                    Err(Fault::Refused(_)) => {
                        self.backlog.count_lost();
                        return Heard::Later;
                    }
                    Err(Fault::Away(_) | Fault::Newer(_)) => {}
                }
            }
            self.presence.count_away();
            // Unless it has come back at this very moment: then nobody would write it.
            match self.backlog.keep(told, &self.presence) {
                None => return Heard::Later,
                Some(back) => told = back,
            }
        }
    }

    /// What the database's answer to something told means.
    async fn heard(&self, told: &Told, rows: Vec<Row>) -> Heard {
        if let Some(mut row) = rows.into_iter().next() {
            return told.changed(row.int());
        }
        if !told.asks_back() {
            return Heard::Yes;
        }
        match self.read(&told.ticket().key).await {
            Ok(Some(known)) => told.unchanged(&known),
            Ok(None) => {
                // Nobody else has it. A job must be written down, whatever became of its attempt's row.
                let anew = match told {
                    Told::ToCancel { .. } => Some(told.unnamed(self, self.statements())),
                    Told::Created { .. } => told.created_anew(self),
                    _ => None,
                };
                let Some(step) = anew else {
                    return Heard::Yes;
                };
                match self.run(vec![step]).await {
                    Ok(_) => Heard::Yes,
                    Err(_) => Heard::Later,
                }
            }
            Err(_) => Heard::Later,
        }
    }

    async fn read(&self, key: &str) -> Result<Option<Known>, Fault> {
        let read = Step { statement: &self.statements().read, values: vec![key.into()] };
        let rows = self.run(vec![read]).await?.pop().unwrap_or_default();
        Ok(rows.into_iter().next().map(Known::of))
    }

    /// Whether the database is there and takes what it is given.
    async fn probe(&self) -> Result<(), Fault> {
        // As large as a row may well be, and of bytes that do not compress.
        const FILLER: usize = 32 * 1024;
        let id = fastrand::i64(..);
        let filler: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(FILLER).collect();
        let statements = self.statements();
        let values = vec![id.into(), Value::Bytes(filler.into())];
        self.engine.run(vec![Step { statement: &statements.probe, values }]).await?;
        let away = Step { statement: &statements.unprobe, values: vec![id.into()] };
        self.engine.run(vec![away]).await.map(drop)
    }
}

impl Store {
    /// What became of an answer.
    async fn written(&self, told: Told) -> Written {
        let ticket = told.ticket().clone();
        match self.tell(told).await {
            Heard::Superseded => Written::Superseded,
            Heard::No => {
                self.inner.drop_hold(&ticket);
                Written::Lost
            }
            Heard::Yes | Heard::Later => Written::Kept,
        }
    }
}

#[async_trait]
impl StateStore for Store {
    async fn claim(&self, attempt: &Attempt) -> Claim {
        self.claim_attempt(attempt).await
    }

    async fn created(&self, ticket: &Ticket, meta: &Bytes, keep: Keep) -> Written {
        let told = self.inner.answer(ticket, meta, keep, None);
        let written = self.written(told).await;
        if written == Written::Kept {
            self.inner.drop_hold(ticket);
        }
        written
    }

    async fn untaken(
        &self,
        ticket: &Ticket,
        job: &Cancellation,
        keep: Keep,
        after: Duration,
    ) -> Written {
        // It stays held: this process cancels it in time, and others if it cannot.
        self.written(self.inner.answer(ticket, &job.meta, keep, Some(after))).await
    }

    fn asked(&self, ticket: &Ticket) {
        self.inner.asked.note(ticket);
    }

    async fn unasked(&self) -> Vec<Due> {
        self.take_unasked().await
    }

    async fn failed(&self, ticket: &Ticket) {
        self.tell(Told::Failed { ticket: ticket.clone() }).await;
        self.inner.drop_hold(ticket);
    }

    async fn unsure(&self, ticket: &Ticket) {
        self.tell(Told::Unsure { ticket: ticket.clone() }).await;
        self.inner.drop_hold(ticket);
    }

    async fn to_cancel(&self, job: &Cancellation, after: Duration) -> Ticket {
        let told = Told::to_cancel(job, after);
        let ticket = told.ticket().clone();
        self.inner.hold(&ticket, None);
        self.tell(told).await;
        ticket
    }

    async fn cancelling(&self, ticket: &Ticket) -> bool {
        match self.tell(Told::Cancelling { ticket: ticket.clone() }).await {
            Heard::Yes | Heard::Superseded | Heard::Later => true,
            Heard::No => {
                self.inner.drop_hold(ticket);
                false
            }
        }
    }

    async fn wanted(&self, ticket: &Ticket) -> bool {
        let heard = self.tell(Told::Wanted { ticket: ticket.clone() }).await;
        let wanted = !matches!(heard, Heard::No | Heard::Superseded);
        if wanted {
            self.inner.drop_hold(ticket);
        }
        wanted
    }

    async fn cancelled(&self, ticket: &Ticket) {
        self.tell(Told::Cancelled { ticket: ticket.clone() }).await;
        self.inner.drop_hold(ticket);
    }

    async fn put_off(&self, ticket: &Ticket, wait: Duration, problem: &str) {
        let problem = problem.to_owned();
        self.tell(Told::PutOff { ticket: ticket.clone(), wait, problem }).await;
        self.inner.drop_hold(ticket);
    }

    async fn given_up(&self, ticket: &Ticket, problem: &str) {
        self.tell(Told::GivenUp { ticket: ticket.clone(), problem: problem.to_owned() }).await;
        self.inner.drop_hold(ticket);
    }

    async fn set_aside(&self, ticket: &Ticket, wait: Duration, problem: Option<&str>) {
        self.pass_on(ticket, wait, problem).await;
        self.inner.drop_hold(ticket);
    }

    async fn due(&self, most: usize, but: &[(String, i32)]) -> Vec<Due> {
        self.take_due(most, but).await
    }

    fn replicas(&self) -> usize {
        self.inner.peers.count()
    }

    async fn exchange(&self, letters: Vec<Sent>) -> Vec<Received> {
        self.inner.exchange_letters(letters).await
    }

    async fn take_turns(
        &self,
        wanted: &[String],
        along: &[String],
        most: usize,
        span: Duration,
    ) -> Option<Vec<String>> {
        self.inner.turns_of(wanted, along, most, span).await
    }

    async fn let_go(&self) {
        let inner = &self.inner;
        inner.held().clear();
        if !inner.presence.is_up() {
            return;
        }
        inner.tell_asked().await.ok();
        let (of, owner) = (inner.statements(), || inner.owner.as_str().into());
        let mut steps = vec![Step { statement: &of.let_go, values: vec![owner()] }];
        if inner.engine.is_shared() {
            steps.push(Step { statement: &of.peers.leave, values: vec![owner()] });
        }
        // Without it, others wait for the leases.
        inner.run(steps).await.ok();
    }
}
