//! A statement on its way: to its turn, to the session that carries it out, and to its end.
//! `lib` hands it over at create. From the claim on it is PostgreSQL's, which needs nobody to wait for it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use connector_core::prelude::*;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tokio_postgres::Client;

use crate::attempt::Attempt;
use crate::ledger;
use crate::notices::Notices;
use crate::place::Place;
use crate::plan;
use crate::pool::Pool;
use crate::sqlstate::failed;

/// How often it is said that somebody waits for a job's turn; a job of which it was not said for 40 s is
/// lost.
const STILL_HERE: Duration = Duration::from_secs(10);
/// How often what PostgreSQL remarks is written down while the statement runs.
const WRITE_DOWN: Duration = Duration::from_secs(1);

/// A statement, and the way to where it runs.
#[derive(Debug)]
pub(crate) struct Errand {
    pub(crate) attempt: Attempt,
    pub(crate) place: Place,
    pub(crate) password: Secret,
}

impl Errand {
    /// Has the statement carried out, now or in its turn. Where it is already, nothing happens.
    ///
    /// # Errors
    /// The statement is refused, PostgreSQL cannot be reached, or refuses.
    pub(crate) async fn start(self, pool: &Arc<Pool>) -> Result<()> {
        match pool.try_right(&self.place) {
            Some(right) => self.begin(pool, right, false).await,
            None => self.line_up(pool).await,
        }
    }

    /// The session that claims is the one that will carry the statement out, so a row that runs is never
    /// without a session unless that has died. Who comes second finds the row claimed.
    async fn begin(
        self,
        pool: &Arc<Pool>,
        right: OwnedSemaphorePermit,
        has_waited: bool,
    ) -> Result<()> {
        let (mut session, notices) =
            pool.own(&self.place, &self.password, &self.attempt.job).await?;
        ledger::prepare(&session).await?;
        self.clear_way(&session).await?;
        // Judged below: a statement that was fine when it was created may no longer be.
        let plan = plan::plan(&session, &self.attempt.job, &self.attempt.bound).await;
        let claim = session.transaction().await.map_err(failed("cannot claim the job"))?;
        let Some(pid) = ledger::claim(&claim, &self.attempt, has_waited).await? else {
            return Ok(());
        };
        ledger::arm(&claim, &self.attempt, &plan?).await?;
        claim.commit().await.map_err(failed("cannot claim the job"))?;
        let pool = Arc::clone(pool);
        tokio::spawn(async move {
            self.carry_out(session, pid, notices, &pool).await;
            drop(right);
            pool.clean(&self.place, &self.password).await;
        });
        Ok(())
    }

    /// Ends what may be left of the attempt before, which Flyte cancels unless it has lost the answer to that
    /// create, and of a cancel of this one whose second half has never come.
    async fn clear_way(&self, session: &Client) -> Result<()> {
        if let Some(previous) = &self.attempt.previous {
            ledger::cancel(session, previous).await?;
        }
        ledger::finish_cancel(session, &self.attempt.job).await
    }

    /// From here on it goes on if this process ends. How it went is in the row, so there is nothing to do
    /// with the answer.
    async fn carry_out(&self, session: Client, pid: i32, notices: Notices, pool: &Pool) {
        let mut journal = Journal { notices, pid, written: 0 };
        {
            let mut run = pin!(session.batch_execute(ledger::RUN));
            while timeout(WRITE_DOWN, &mut run).await.is_err() {
                journal.write(self, pool).await;
            }
        }
        drop(session);
        journal.write(self, pool).await;
    }

    /// Takes a place in the line: as many statements run there as may.
    async fn line_up(self, pool: &Arc<Pool>) -> Result<()> {
        let session = pool.shared(&self.place, &self.password).await?;
        ledger::prepare(&session).await?;
        self.clear_way(&session).await?;
        let plan = plan::plan(&session, &self.attempt.job, &self.attempt.bound).await;
        if !ledger::line_up(&session, &self.attempt).await? {
            return Ok(());
        }
        if let Err(wrong) = plan {
            ledger::give_up(&session, &self.attempt.job, &wrong).await?;
            return Err(wrong);
        }
        let pool = Arc::clone(pool);
        tokio::spawn(async move { self.wait(&pool).await });
        Ok(())
    }

    /// Waits for its turn, and takes it. If this process ends the job is lost, and Flyte tries again.
    async fn wait(self, pool: &Arc<Pool>) {
        let (job, place, password) =
            (self.attempt.job.clone(), self.place.clone(), self.password.clone());
        let right = loop {
            match timeout(STILL_HERE, pool.right(&place)).await {
                Ok(Some(right)) => break right,
                Ok(None) => return,
                Err(_elapsed) => {}
            }
            let Ok(session) = pool.shared(&place, &password).await else { continue };
            if matches!(ledger::still_waits(&session, &job).await, Ok(false)) {
                return;
            }
        };
        let Err(error) = self.begin(pool, right, true).await else { return };
        tracing::warn!(job, %place, "a statement whose turn has come cannot begin: {error}");
        // What is not written down here is found lost.
        if let Ok(session) = pool.shared(&place, &password).await
            && let Err(error) = ledger::give_up(&session, &job, &error).await
        {
            tracing::debug!(job, "its end is not written down: {error}");
        }
    }
}

/// What is written down of a session's remarks.
struct Journal {
    notices: Notices,
    pid: i32,
    written: i64,
}

impl Journal {
    async fn write(&mut self, errand: &Errand, pool: &Pool) {
        let new = self.notices.take();
        if new.is_empty() {
            return;
        }
        let behind = self.written;
        self.written = behind.saturating_add(i64::try_from(new.len()).unwrap_or(i64::MAX));
        let written = match pool.shared(&errand.place, &errand.password).await {
            Ok(session) => {
                ledger::note(&session, &errand.attempt.job, self.pid, behind, &new).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::debug!(job = errand.attempt.job, "remarks are lost: {error}");
        }
    }
}
