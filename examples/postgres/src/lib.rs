//! The connector `postgres`: a task is one SQL statement, which PostgreSQL itself carries to its end.
//! Read it as a model for systems without a job API; `tests/` shows how such a connector is tested.
//! What PostgreSQL keeps of a job is `ledger`'s business, how it is reached `session`'s.
//!
//! A query becomes a table of its own, and the task's outputs are its name and its rows. Any other
//! statement is carried out as it is.
//!
//! Flyte calls `create` at least once, forgets answers, aborts and restarts at any time, and
//! PostgreSQL knows no jobs. So each job is a row in a table beside the data, under the key of the
//! attempt, and one rule makes it safe: the transaction that carries out the statement also writes
//! its end into the row, and only if the row is still its own. Whatever died, was cancelled, or was
//! taken for dead meanwhile, the statement's effects are there once, or not at all.
//!
//! Nothing is cleared away: the table `flyte_statements` tells people what ran when for which run of
//! Flyte, and which results are old enough to be dropped.
//!
//! It needs a connection to PostgreSQL itself, as a pooler hides who carries out what; and it speaks
//! no TLS: hand `session` another connector than `NoTls` for that.

mod ledger;
mod parameters;
mod session;

use std::collections::HashMap;

use connector_core::prelude::*;

use self::ledger::Entry;
use self::parameters::Bound;
use self::session::Sessions;

/// The settings of a task.
#[derive(Debug, TaskConfig)]
pub struct Settings {
    /// One SQL statement. `:name` stands for the value of the input `name`.
    pub statement: String,
}

/// What a finished statement leaves behind.
#[derive(Debug, TaskOutputs)]
pub struct Done {
    /// The table with the result; empty for a statement that is no query.
    pub table: String,
    /// How many rows that table has, or how many the statement has changed.
    pub rows: i64,
}

/// Where PostgreSQL is, and who asks.
#[derive(Debug, Clone, PartialEq, TaskConnection)]
pub struct Access {
    /// The name of the host or its address.
    pub host: String,
    /// The port.
    #[connection(default = 5432)]
    pub port: u16,
    /// The database.
    pub database: String,
    /// The role.
    pub user: String,
    /// The password of the role.
    #[secret]
    pub password: Secret,
}

/// Polls that come together become one question, which costs PostgreSQL no more than a single one. A create
/// that comes again finds the row of its attempt.
const POLICY: Policy = Policy::new().batch(100).keyed(true);

/// Runs every Flyte task of type `postgres`.
#[connector(
    task_type = "postgres",
    name = "PostgreSQL Connector",
    config = Settings,
    outputs = Done,
    connection = Access,
    policy = POLICY
)]
#[derive(Debug, Default)]
pub struct Postgres {
    sessions: Sessions,
}

impl AsyncConnector for Postgres {
    /// Claims the row of this attempt, and leaves the statement to PostgreSQL.
    ///
    /// The session that claims is the one that will carry the statement out, so a row is never
    /// without a session unless that has died. A create that comes second finds the row claimed.
    async fn create(&self, task: CreateTask<Self>) -> Result<JobId> {
        let key = task
            .idempotency_key()
            .ok_or_else(|| ConnectorError::invalid_task("the caller does not say who it is"))?;
        let job = job_name(&key)?;
        let run = task.execution.as_deref().and_then(|execution| execution.execution_identity());
        let bound = Bound::new(&task.config.statement, &task.inputs)?;
        let mut session = session::open(&task.context.connection, &job).await?;
        ledger::prepare(&session).await?;
        if let Some(previous) = task.previous_idempotency_key() {
            // Flyte cancels it, unless it has lost the answer to that create.
            ledger::cancel(&session, &job_name(&previous)?).await?;
        }
        // Judged below: a statement that was fine when it was created may no longer be.
        let plan = ledger::plan(&session, &job, &bound).await;
        let claim = session.transaction().await.map_err(session::failed("cannot claim the job"))?;
        let run = run.map_or("", |run| run.name);
        if ledger::claim(&claim, &job, run, &task.config.statement).await? {
            ledger::arm(&claim, &job, &plan?, &bound).await?;
            claim.commit().await.map_err(session::failed("cannot claim the job"))?;
            // From here on it is PostgreSQL's: it goes on if this process ends. How it went is in
            // the row, so there is nothing to do with the answer.
            tokio::spawn(async move { drop(session.batch_execute(ledger::RUN).await) });
        }
        Ok(JobId::new(job))
    }

    async fn get(&self, job: &JobId, cx: &TaskContext<Self>) -> Result<Resource<Done>> {
        let found = self.look(&cx.connection, &[&job.job_id]).await?;
        ledger::resource(&job.job_id, found.get(&job.job_id))
    }

    /// One question per server and role, whatever the number of jobs.
    async fn get_many(&self, jobs: &[(JobId, TaskContext<Self>)]) -> Vec<Result<Resource<Done>>> {
        let mut asked: Vec<(&Access, Result<HashMap<String, Entry>>)> = Vec::new();
        for access in jobs.iter().map(|(_, cx)| &cx.connection) {
            if !asked.iter().any(|(known, _)| *known == access) {
                let theirs = jobs.iter().filter(|(_, cx)| cx.connection == *access);
                let ids: Vec<&str> = theirs.map(|(job, _)| job.job_id.as_str()).collect();
                asked.push((access, self.look(access, &ids).await));
            }
        }
        let answer = |(job, cx): &(JobId, TaskContext<Self>)| {
            let of_server = asked.iter().find(|(access, _)| **access == cx.connection);
            match of_server.map(|(_, found)| found) {
                Some(Ok(found)) => ledger::resource(&job.job_id, found.get(&job.job_id)),
                Some(Err(error)) => Err(ConnectorError::new(error.kind(), error.message())),
                None => ledger::resource(&job.job_id, None),
            }
        };
        jobs.iter().map(answer).collect()
    }

    /// Takes the row from the statement and ends its session. The result of a finished one stays.
    async fn delete(&self, job: &JobId, cx: &TaskContext<Self>) -> Result<()> {
        let session = self.sessions.shared(&cx.connection).await?;
        ledger::cancel(&session, &job.job_id).await
    }
}

impl Postgres {
    async fn look(&self, access: &Access, jobs: &[&str]) -> Result<HashMap<String, Entry>> {
        let session = self.sessions.shared(access).await?;
        ledger::look(&session, jobs).await
    }
}

/// What the attempt is called in PostgreSQL, where names have at most 63 bytes: its row, its session
/// and its table.
fn job_name(key: &IdempotencyKey) -> Result<String> {
    let key = key.limited(Charset::LowerAlphanumeric, 40).or_permanent("no name for the job")?;
    Ok(format!("flyte_{key}"))
}
