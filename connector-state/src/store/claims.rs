//! What is taken of the database: attempts that a create claims, and rows whose time has come.
//! Nobody may think a row taken of which nobody was told, so what was cut short is given back.

use std::time::Duration;

use bytes::Bytes;
use connector_gate::state_store::{Attempt, Claim, Due, Ticket};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::known::Known;
use super::told::Told;
use super::{Inner, Store};
use crate::engine::{Fault, Row, Step, Value};

impl Store {
    /// See [`StateStore::claim`](connector_gate::state_store::StateStore::claim).
    pub(super) async fn claim_attempt(&self, attempt: &Attempt) -> Claim {
        let inner = std::sync::Arc::clone(&self.inner);
        let attempt = attempt.clone();
        let (reply, told) = oneshot::channel();
        // It goes on when nobody waits for it any more, so that somebody can give it back.
        tokio::spawn(async move {
            let claim = inner.claim(&attempt).await;
            if let Err(Claim::Won { ticket, .. } | Claim::Left { ticket, .. }) = reply.send(claim) {
                inner.drop_hold(&ticket);
            }
        });
        told.await.unwrap_or(Claim::Alone)
    }

    /// See [`StateStore::due`](connector_gate::state_store::StateStore::due).
    pub(super) async fn take_due(&self, most: usize, but: &[(String, i32)]) -> Vec<Due> {
        let inner = &self.inner;
        if !inner.presence.is_up() {
            return Vec::new();
        }
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        // As the statement spells one.
        let but = but.iter().map(|(task_type, version)| format!(" {version} {task_type}\n"));
        let but = but.collect::<String>();
        let owner = inner.owner.as_str().into();
        let values = vec![owner, inner.settings.lease.into(), most.into(), but.as_str().into()];
        let taken = inner.run(vec![Step { statement: &inner.statements().due, values }]).await;
        // Whoever leaves here leaves rows to their leases.
        let rows = taken.ok().and_then(|mut answers| answers.pop()).unwrap_or_default();
        let due: Vec<Due> = rows.into_iter().filter_map(due).collect();
        due.iter().for_each(|due| inner.hold(&due.ticket, None));
        due
    }

    /// Lets a row go that was due to this process and is not tried. What the database cannot be told runs out with
    /// the lease.
    pub(super) async fn pass_on(&self, ticket: &Ticket, wait: Duration, problem: Option<&str>) {
        let inner = &self.inner;
        if !inner.presence.is_up() {
            return;
        }
        let problem = problem.map_or(Value::Null, Value::from);
        let values = vec![ticket.key.as_str().into(), ticket.fence.into(), wait.into(), problem];
        let set_aside = Step { statement: &inner.statements().set_aside, values };
        inner.run(vec![set_aside]).await.ok();
    }
}

impl Inner {
    async fn claim(&self, attempt: &Attempt) -> Claim {
        // One that goes in the middle of it may be one that restarts: it is waited for, within the same time.
        let until = Instant::now() + self.settings.time_out;
        let mut time_left = self.settings.time_out;
        while self.presence.wait(time_left).await {
            let nonce = fastrand::i64(..);
            match self.try_claim(attempt, nonce).await {
                Ok(claim) => return claim,
                Err(Fault::Refused(_)) => break,
                Err(Fault::Away(_) | Fault::Newer(_)) => {
                    let ticket = Ticket { key: attempt.key.clone(), fence: nonce };
                    // The database may be back by now: then it is told now.
                    self.tell(Told::Unclaim { ticket }).await;
                }
            }
            time_left = until.saturating_duration_since(Instant::now());
            if time_left.is_zero() {
                break;
            }
        }
        self.alone(attempt).await;
        Claim::Alone
    }

    /// What holds of an attempt that the database is not there for: those before are over all the same.
    async fn alone(&self, attempt: &Attempt) {
        self.presence.count_away();
        if let Some(task) = attempt.task.as_ref().filter(|_| attempt.number > 0) {
            let ticket = Ticket { key: task.clone(), fence: attempt.number.into() };
            self.tell(Told::Supersede { ticket }).await;
        }
    }

    pub(super) async fn try_claim(&self, attempt: &Attempt, nonce: i64) -> Result<Claim, Fault> {
        let of = self.statements();
        let key = || Value::from(attempt.key.as_str());
        let lease = || Value::from(self.settings.lease);
        let owner = || Value::from(self.owner.as_str());
        let values = vec![
            key(),
            attempt.task_type.as_str().into(),
            i64::from(attempt.version).into(),
            attempt.run.as_str().into(),
            attempt.request.as_ref().into(),
            owner(),
            nonce.into(),
            lease(),
            attempt.task.as_deref().map_or(Value::Null, Value::from),
            i64::from(attempt.number).into(),
        ];
        let mut steps = vec![Step { statement: &of.claim, values }];
        if let Some(task) = attempt.task.as_deref().filter(|_| attempt.number > 0) {
            let values = vec![task.into(), i64::from(attempt.number).into()];
            steps.push(Step { statement: &of.supersede, values });
        }
        if let Some(mut row) = first(self.run(steps).await?) {
            let ticket = Ticket { key: attempt.key.clone(), fence: row.int().unwrap_or_default() };
            self.hold(&ticket, Some(attempt));
            return Ok(Claim::Won { ticket, taken_over: row.int() > Some(1) });
        }
        let take_up =
            Step { statement: &of.take_up, values: vec![key(), owner(), nonce.into(), lease()] };
        let read = Step { statement: &of.read, values: vec![key()] };
        let mut answers = self.run(vec![take_up, read]).await?.into_iter();
        let (taken, known) = (first(answers.next()), first(answers.next()));
        if let Some(mut row) = taken {
            let ticket = Ticket { key: attempt.key.clone(), fence: row.int().unwrap_or_default() };
            let meta = row.bytes().unwrap_or_default();
            self.hold(&ticket, Some(attempt));
            return Ok(Claim::Left { ticket, meta });
        }
        Ok(known.map_or(Claim::Held, |row| Known::of(row).claim()))
    }
}

impl Known {
    /// What a claim finds that cannot have the row.
    fn claim(self) -> Claim {
        match (&*self.status, self.meta) {
            ("answered", Some(meta)) => Claim::Answered(meta),
            ("to-cancel", _) => Claim::Leaving,
            _ => Claim::Held,
        }
    }
}

/// The first row of the first statement's.
fn first(answers: impl IntoIterator<Item = Vec<Row>>) -> Option<Row> {
    answers.into_iter().next()?.into_iter().next()
}

/// A row in the order of the columns that all of them have.
pub(super) fn due(mut row: Row) -> Option<Due> {
    let key = row.text()?;
    let _status = row.text();
    let task_type = row.text().unwrap_or_default();
    let version = row.int().and_then(|version| i32::try_from(version).ok()).unwrap_or_default();
    let run = row.text().unwrap_or_default();
    let (request, meta): (Option<Bytes>, Option<Bytes>) = (row.bytes(), row.bytes());
    let _owner = row.text();
    let fence = row.int()?;
    let (_lease, _due) = (row.int(), row.int());
    let tries = row.int().and_then(|tries| u32::try_from(tries).ok()).unwrap_or_default();
    let (_problem, _superseded) = (row.text(), row.int());
    let (_expires, _created) = (row.int(), row.int());
    let task = row.text();
    let number = row.int().and_then(|number| u32::try_from(number).ok()).unwrap_or_default();
    let attempt = Attempt { key: key.clone(), task, number, task_type, version, run, request };
    Some(Due { ticket: Ticket { key, fence }, attempt, meta, tries })
}
